"""Starts processes in every way that Python has, and prints what they say."""

import multiprocessing
import os
import subprocess
import sys


def square(number):
    with open("/etc/passwd") as file:
        return number * number, len(file.readline()) > 0


def run_by_subprocess():
    read, write = os.pipe()
    os.set_inheritable(write, True)
    for close_fds in (True, False):
        done = subprocess.run(["/bin/echo", "close_fds", str(close_fds)], close_fds=close_fds, capture_output=True, text=True)
        print(done.stdout, done.returncode)
    command = [sys.executable, "-c", f"import os; os.write({write}, b'passed on')"]
    print(subprocess.run(command, pass_fds=[write]).returncode, os.read(read, 100))
    os.close(read)
    os.close(write)
    try:
        subprocess.run(["/nowhere/at/all"])
    except FileNotFoundError as error:
        print(error.strerror)


def run_by_multiprocessing():
    for method in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            print(method, pool.map(square, range(10)))
            pool.close()
            pool.join()


def run_by_os():
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", "exit 7"], os.environ)
    print("posix_spawn", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    print("system", os.waitstatus_to_exitcode(os.system("exit 5")))
    with os.popen("echo popen") as pipe:
        print(pipe.read())
    pid = os.fork()
    if pid == 0:
        os.execv("/bin/sh", ["sh", "-c", "exit 6"])
    print("fork and exec", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


if __name__ == "__main__":
    run_by_subprocess()
    run_by_os()
    run_by_multiprocessing()
