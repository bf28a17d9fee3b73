"""Servers under load on the loopback: each is started, asked by its own client for a few seconds, and ended."""

import glob
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time

SECONDS = 3
LIMIT_S = 60  # for each step

NGINX = """
daemon off; worker_processes 1; pid {directory}/pid; error_log {directory}/error;
events {{ worker_connections 256; }}
http {{
  access_log off; sendfile on;
  client_body_temp_path {directory}/a; proxy_temp_path {directory}/b; fastcgi_temp_path {directory}/c;
  uwsgi_temp_path {directory}/d; scgi_temp_path {directory}/e;
  server {{ listen 127.0.0.1:{port}; root {directory}; }}
}}
"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def listens(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


class Server:
    """`rate` finds the requests a second in what the client prints."""

    needs = ()
    rate = None

    def prepare(self, directory, port):
        pass

    def ready(self, port):
        return listens(port)

    def measure(self, prefix, directory):
        """Nanoseconds of one request; None where anything failed."""
        port = free_port()
        self.prepare(directory, port)
        server = subprocess.Popen([*prefix, *self.server(directory, port)], cwd=directory, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            end = time.monotonic() + LIMIT_S
            while not self.ready(port):
                if server.poll() is not None or time.monotonic() > end:
                    return None
                time.sleep(0.05)
            ran = subprocess.run(self.client(port), cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                 timeout=LIMIT_S)
            found = re.search(self.rate, ran.stdout)
            return 1e9 / float(found.group(1)) if found else None
        finally:
            server.send_signal(signal.SIGINT)
            try:
                server.wait(LIMIT_S)
            except subprocess.TimeoutExpired:
                server.kill()


class Nginx(Server):
    """One worker that opens the file anew for each request, as it comes configured."""

    needs = ("nginx", "wrk")
    rate = r"Requests/sec:\s*([\d.]+)"

    def prepare(self, directory, port):
        (directory / "index.html").write_text("<p>hello\n" * 100, encoding="ascii")
        (directory / "nginx.conf").write_text(NGINX.format(directory=directory, port=port), encoding="ascii")
        directory.chmod(0o755)  # its worker is another user

    def server(self, directory, port):
        return ["nginx", "-p", directory, "-e", directory / "error", "-c", directory / "nginx.conf"]

    def client(self, port):
        return ["wrk", "-t1", "-c16", f"-d{SECONDS}s", f"http://127.0.0.1:{port}/index.html"]


class Redis(Server):
    needs = ("redis-server", "redis-benchmark")
    rate = r'"GET","([\d.]+)"'

    def server(self, directory, port):
        return ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", directory]

    def client(self, port):
        return ["redis-benchmark", "-p", str(port), "-n", "200000", "-c", "16", "-t", "get", "--csv"]


def postgres_directory():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"))
    return pathlib.Path(found[-1]).parent if found else None


class Postgres(Server):
    """Read only."""

    needs = ("pgbench",)
    options = ("-S",)
    rate = r"tps = ([\d.]+)"

    def ready(self, port):
        return subprocess.run(["pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)], check=False).returncode == 0

    def as_user(self, command):
        """It refuses to run as root."""
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command] if os.geteuid() == 0 else command

    def prepare(self, directory, port):
        data = directory / "data"
        if data.exists():
            return
        if os.geteuid() == 0:
            directory.chmod(0o755)
            user = pwd.getpwnam("postgres")
            data.mkdir()
            os.chown(data, user.pw_uid, user.pw_gid)
        binaries = postgres_directory()
        subprocess.run(self.as_user([binaries / "initdb", "-U", "postgres", "-A", "trust", "-D", data]), check=True, cwd=data,
                       capture_output=True, timeout=LIMIT_S)
        server = subprocess.Popen(self.server(directory, port), cwd=data, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + LIMIT_S
        while not self.ready(port) and time.monotonic() < end:
            time.sleep(0.05)
        subprocess.run(["pgbench", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-i", "-q", "postgres"], check=True, cwd=data,
                       capture_output=True, timeout=LIMIT_S)
        server.send_signal(signal.SIGINT)
        server.wait(LIMIT_S)

    def server(self, directory, port):
        return self.as_user([postgres_directory() / "postgres", "-D", directory / "data", "-p", str(port), "-k", "",
                             "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"])

    def client(self, port):
        return ["pgbench", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-n", *self.options, "-c", "2", "-T", str(SECONDS), "postgres"]


class PostgresConnectedAnew(Postgres):
    """Each transaction by a connection of its own: a process, some fifty files."""

    options = ("-S", "-C")


def installed(server):
    return all(shutil.which(name) for name in server.needs) and (not isinstance(server, Postgres) or postgres_directory() is not None)
