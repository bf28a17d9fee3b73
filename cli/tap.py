"""What the tests of the command share: how to run it, what to expect, and TAP.

A test script is called as SCRIPT FDTRACE [NAME…]; each of its functions whose name begins with `test_` is one point, run in
an empty directory of its own.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

FDTRACE = os.path.abspath(sys.argv[1])
CLEAN = {name: value for name, value in os.environ.items() if name not in ("LD_PRELOAD", "NO_COLOR", "ASAN_OPTIONS")}


class Skipped(Exception):
    """Raised with the reason."""


def run(*command, **options):
    options = {"env": CLEAN, "timeout": 60, "stdin": subprocess.DEVNULL, "capture_output": True, "text": True} | options
    return subprocess.run([str(word) for word in command], **options)


def fdtrace(*arguments, **options):
    return run(FDTRACE, *arguments, **options)


def traces():
    return sorted(path.name for path in pathlib.Path.cwd().glob("*.fdt*"))


def equal(seen, wanted, hint=""):
    if seen != wanted:
        raise AssertionError(f"saw {seen!r}\nwanted {wanted!r}\n{hint}")


def contains(text, part):
    if part not in text:
        raise AssertionError(f"saw {text!r}\nwanted {part!r} in it")


def script(name, text, mode=0o755):
    path = pathlib.Path(name).absolute()
    path.write_text(text)
    path.chmod(mode)
    return path


def read_soon(name):
    """What another process writes into the file NAME before long."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if os.path.exists(name) and os.path.getsize(name) > 0:
            return pathlib.Path(name).read_text()
        time.sleep(0.01)
    raise AssertionError(f"nobody wrote {name}")


def compiled(name, *flags, source="int main() { return 0; }"):
    subprocess.run(["cc", "-x", "c", "-", "-o", name, *flags], input=source, text=True, check=True)
    return pathlib.Path(name).absolute()


def installed(name):
    """The new directory NAME with a copy of fdtrace and its library in it, as `meson install` lays them out."""
    home, build = pathlib.Path(name), pathlib.Path(FDTRACE).parent
    (home / "bin").mkdir(parents=True)
    (home / "lib/fdtrace").mkdir(parents=True)
    shutil.copy(FDTRACE, home / "bin/fdtrace")
    library = next(path for path in (build / "interposer/libfdtrace.so", build.parent / "lib/fdtrace/libfdtrace.so") if path.exists())
    shutil.copy(library, home / "lib/fdtrace/libfdtrace.so")
    return home


def report(*options, command):
    """The JSON report of a run of COMMAND."""
    done = fdtrace("-q", "-r", "report.json", *options, "--", *command)
    equal(done.stderr, "")
    return json.loads(pathlib.Path("report.json").read_text())


def main(functions, chosen=()):
    """Runs the tests among FUNCTIONS, a module's globals(): those whose names have one of CHOSEN in them, or all."""
    tests = [(name, test) for name, test in functions.items() if name.startswith("test_")]
    if chosen:
        tests = [(name, test) for name, test in tests if any(part in name for part in chosen)]
    print(f"1..{len(tests)}")
    home, failed = os.getcwd(), 0
    for number, (name, test) in enumerate(tests, 1):
        with tempfile.TemporaryDirectory(prefix="fdtrace_test.") as directory:
            os.chdir(directory)
            verdict, note = "ok", ""
            try:
                test()
            except Skipped as reason:
                note = f" # SKIP {reason}"
            except Exception:
                verdict, failed = "not ok", failed + 1
                print("".join(f"# {line}\n" for line in traceback.format_exc().splitlines()), end="")
            os.chdir(home)
        print(f"{verdict} {number} - {name.removeprefix('test_').replace('_', ' ')}{note}", flush=True)
    sys.exit(1 if failed else 0)
