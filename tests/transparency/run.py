"""One run of a script in a fresh directory, bare or under fdtrace, and everything that came of it.

Both runs have the same directory, environment and standard streams (files, so that the program's links to them are the
same), so that no path differs. A run past its limit is ended with all it started, found by a variable in their environment.
"""

import dataclasses
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import files

MARK = "TRANSPARENCY_RUN"

# Before a bare run: the program is then a child of what leads its session, as it is under fdtrace, and its status is told the same way.
BARE = (sys.executable, "-c", "import subprocess, sys; status = subprocess.call(sys.argv[1:]); sys.exit(status if status >= 0 else 128 - status)")


@dataclasses.dataclass
class Run:
    status: int  # as a shell has it: 128+N when killed by signal N
    out: bytes
    err: bytes
    tree: dict  # name → files.Entry
    seen: dict  # name → text: what the probe told
    seconds: float
    ended: bool = True  # by itself, in time


def environment(base):
    """The same for each run: what a user has, without what fdtrace's own tests set."""
    kept = {name: os.environ[name] for name in ("RUSTUP_HOME", "CARGO_HOME", "RUSTUP_TOOLCHAIN", "GIT_SOURCE") if name in os.environ}
    home = pathlib.Path.home()
    path = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", f"{home}/.cargo/bin"]
    here = pathlib.Path(__file__).resolve().parent
    return {"RUSTUP_HOME": f"{home}/.rustup"} | kept | {
        "PATH": ":".join(path), "HOME": f"{base}/work", "LC_ALL": "C.UTF-8", "TZ": "UTC", "TERM": "dumb", "USER": "root",
        "SOURCE_DATE_EPOCH": "1000000000", "PREPARED": f"{base}/prepared", "SEEN": f"{base}/seen",
        "PROBE": f"{here}/probe.py", "HELPERS": f"{here}/helpers.sh", MARK: str(base),
    }


def started_by(base):
    """Pids of all processes that carry this run's mark."""
    mark = f"{MARK}={base}".encode()
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            pass  # ended, or another user's
    return found


def end_all(base):
    """Ends what a run has left behind; the pids that it found."""
    left = started_by(base)
    for _ in range(20):
        pids = started_by(base)
        if not pids:
            break
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.05)
    return left


def run(base, script, limit_seconds, before=BARE, tracer=""):
    """Runs the bash SCRIPT in BASE/work with the words BEFORE (of fdtrace, or none of its) before it, and $TRACER in it."""
    work, seen = base / "work", base / "seen"
    for directory in (work, seen):
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        directory.chmod(0o777)
    (base / "script").write_text(script)
    begun = time.monotonic()
    ended = True
    with open(base / "out", "wb") as out, open(base / "err", "wb") as err, open("/dev/null", "rb") as nothing:
        child = subprocess.Popen([*before, "bash", base / "script"], cwd=work, env=environment(base) | {"TRACER": tracer}, stdin=nothing, stdout=out,
                                 stderr=err, start_new_session=True)
        try:
            status = child.wait(limit_seconds)
        except subprocess.TimeoutExpired:
            ended = False
            end_all(base)
            status = child.wait(10)
    seconds = time.monotonic() - begun
    end_all(base)
    return Run(status=status if status >= 0 else 128 - status, out=(base / "out").read_bytes(), err=(base / "err").read_bytes(),
               tree=files.tree(work), seen={path.name: path.read_text() for path in sorted(seen.iterdir())}, seconds=seconds,
               ended=ended)


def prepare(base, script):
    """Runs the script that makes what both runs use, in BASE/prepared; its output if it failed, or None."""
    (base / "prepared").mkdir()
    (base / "prepared").chmod(0o777)
    if not script:
        return None
    done = subprocess.run(["bash", "-eu", "-c", script], cwd=base / "prepared", env=environment(base), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=300)
    return None if done.returncode == 0 else (done.stdout + done.stderr)[-2000:]
