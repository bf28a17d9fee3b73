#!/usr/bin/env python3
"""What `fdtrace` promises as a command: the program's exit status, streams, descriptors and signals are its own.

Usage: run_test.py FDTRACE [NAME…]. Prints TAP; each function whose name begins with `test_` is one point, run in an empty
directory of its own.
"""

import contextlib
import json
import os
import pathlib
import pty
import resource
import select
import signal
import subprocess
import sys
import time

from tap import CLEAN, FDTRACE, Skipped, compiled, contains, equal, fdtrace, installed, main, read_soon, report, run, script, traces


def test_the_exit_status_is_the_programs():
    for status in (0, 3, 125, 255):
        equal(fdtrace("-q", "--", "sh", "-c", f"exit {status}").returncode, status)


def test_a_program_killed_by_a_signal_gives_128_and_its_number():
    for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGINT):
        equal(fdtrace("-q", "--", "sh", "-c", f"kill -{int(number)} $$").returncode, 128 + number)


def test_a_trace_is_its_owners_alone_and_a_report_as_readable_as_any_file():
    os.umask(0o022)
    for mode_before in (0o600, 0o666):
        pathlib.Path("t.fdt").touch()
        pathlib.Path("t.fdt").chmod(mode_before)
        equal(fdtrace("-q", "-o", "t.fdt", "-r", "r.txt", "--", "true").returncode, 0)
        equal(oct(os.stat("t.fdt").st_mode & 0o777), oct(0o600))
    equal(oct(os.stat("r.txt").st_mode & 0o777), oct(0o644))


def test_a_program_that_is_not_found_gives_127_and_leaves_no_trace():
    for name in ("no-such-program", "./no-such-program", ""):
        done = fdtrace("--", name)
        equal(done.returncode, 127, done.stderr)
        equal(done.stderr.count("\n"), 1, done.stderr)
        contains(done.stderr, f"fdtrace: cannot run {name}"[:20])
    missing = script("orphan", "#!/no/such/interpreter\n")
    done = fdtrace("--", missing)
    equal(done.returncode, 127)
    contains(done.stderr, "interpreter")
    equal(traces(), [])


def test_a_program_that_cannot_be_executed_gives_126_and_leaves_no_trace():
    script("plain", "exit 0\n", mode=0o644)
    pathlib.Path("binary").write_bytes(b"\x01\x02\x00\x03")
    pathlib.Path("binary").chmod(0o755)
    for name in ("./plain", "./binary", "./"):
        done = fdtrace("--", name)
        equal(done.returncode, 126, done.stderr)
    equal(traces(), [])


def test_text_without_an_interpreter_is_run_by_the_shell():
    script("text", 'echo "$0 $1"; exit 4\n')
    done = fdtrace("-q", "--", "./text", "a b")
    equal((done.stdout, done.returncode), ("./text a b\n", 4), done.stderr)


def test_the_page_is_written_and_shown_in_the_browser():
    os.mkdir("bin")
    script("bin/xdg-open", '#!/bin/sh\necho "$1" >shown\n')
    with_browser = CLEAN | {"PATH": f"{os.getcwd()}/bin:{CLEAN['PATH']}"}
    done = fdtrace("-q", "-o", "t.fdt", "-r", "leaks.html", "--open", "--", "true", env=with_browser)
    equal((done.returncode, done.stderr), (0, ""))
    equal(read_soon("shown"), "leaks.html\n")
    os.remove("shown")
    equal(fdtrace("report", "t.fdt", "-o", "again.html", "--open", env=with_browser).returncode, 0)
    equal(read_soon("shown"), "again.html\n")
    equal(pathlib.Path("again.html").read_text()[:15], "<!doctype html>")


def test_without_a_browser_the_page_is_there_and_the_status_is_the_programs():
    os.mkdir("bin")
    done = fdtrace("-q", "-r", "leaks.html", "--open", "--", "/bin/sh", "-c", "exit 3", env=CLEAN | {"PATH": f"{os.getcwd()}/bin"})
    equal(done.returncode, 3)
    contains(done.stderr, "fdtrace: cannot open leaks.html in a browser: xdg-open: No such file or directory")
    assert os.path.getsize("leaks.html") > 0


def test_usage_errors_give_125():
    for words in ([], ["--"], ["--bogus", "--", "true"], ["-o"], ["report"]):
        done = fdtrace(*words)
        equal(done.returncode, 125, done.stderr)
        equal(done.stderr.count("\n"), 1, done.stderr)


def test_the_program_is_not_run_when_an_output_cannot_be_written():
    for options in (["-o", "no/dir/t.fdt"], ["-r", "no/dir/a.json"], ["-r", "x.xml"], ["-r", "a.json", "-r", "a.json"],
                    ["-o", "a.json", "-r", "a.json"]):
        done = fdtrace(*options, "--", "touch", "ran")
        equal(done.returncode, 125, done.stderr)
        equal(done.stderr.count("\n"), 1, done.stderr)
        equal(os.listdir(), [], options)
    contains(fdtrace("-r", "x.xml", "--", "true").stderr, "fdtrace: cannot write x.xml: ")


def test_streams_and_arguments_pass_through_untouched():
    data = bytes(range(256)) * 1000
    done = fdtrace("-q", "--", "cat", input=data, stdin=None, text=False)
    equal(done.stdout == data, True)
    arguments = ["", "a b", "-q", "--", "--output", "*", "ü"]
    done = fdtrace("-q", "--", "printf", "%s|", *arguments)
    equal(done.stdout, "".join(argument + "|" for argument in arguments))
    done = fdtrace("-q", "--", "sh", "-c", "echo error >&2")
    equal((done.stdout, done.stderr), ("", "error\n"))


def test_the_name_of_the_program_is_as_typed():
    equal(fdtrace("-q", "--", "sh", "-c", "tr '\\0' ' ' </proc/$$/cmdline").stdout[:3], "sh ")


# What a process may inherit, as it sees it itself.
INHERITED = """
import os, resource, signal
fds = sorted(int(fd) for fd in os.listdir('/proc/self/fd'))
alive = []
for fd in fds:
    try:
        alive.append((fd, os.readlink(f'/proc/self/fd/{fd}')))
    except OSError:
        pass  # the listing's own
print(alive)
print([line for line in open('/proc/self/status') if line.startswith(('SigBlk', 'SigIgn', 'Umask', 'Seccomp'))])
print(resource.getrlimit(resource.RLIMIT_NOFILE), os.getcwd(), os.getpgrp(), os.getpriority(os.PRIO_PROCESS, 0))
"""


def test_the_program_inherits_what_it_would_without_fdtrace():
    def ignoring(*numbers):
        return lambda: [signal.signal(number, signal.SIG_IGN) for number in numbers]

    def blocking():
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGUSR1, signal.SIGCHLD])

    def limiting():
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 512))

    # A file, so that the descriptors' links are the same in both runs; SIG_IGN is reset by Python for SIGPIPE and SIGXFSZ.
    for setup in (lambda: None, ignoring(signal.SIGHUP, signal.SIGCHLD, signal.SIGINT), blocking, limiting):
        seen = []
        for command in ([], [FDTRACE, "-q", "--"]):
            with open("out", "w") as out, open("extra", "w") as extra:
                run(*command, sys.executable, "-c", INHERITED, capture_output=False, stdout=out, stderr=out,
                    pass_fds=[extra.fileno()], preexec_fn=setup)
            seen.append(pathlib.Path("out").read_text())
        contains(seen[0], "SigBlk")
        equal(seen[1], seen[0])


def test_closed_standard_streams_stay_closed():
    for closed in (0, 1, 2):
        seen = []
        for command in ("", f'"{FDTRACE}" -q -- '):
            run("sh", "-c", f"exec {command}sh -c 'ls -l /proc/$$/fd >out' {closed}>&-")
            seen.append([line.split()[8:] for line in pathlib.Path("out").read_text().splitlines()[1:]])
        equal([len(fds) for fds in seen], [len(seen[0])] * 2, seen)


def test_a_summary_nobody_reads_does_not_change_the_exit_status():
    done = run("sh", "-c", f'"{FDTRACE}" -- sh -c "exit 3" 2>&-')
    equal(done.returncode, 3)
    done = run("bash", "-c", f'"{FDTRACE}" -- sh -c "exit 3" 2> >(exec true); exit $?')
    equal(done.returncode, 3)


COUNTING = """
import signal, sys, time
count = 0
def on(number, frame):
    global count
    count += 1
    signal.setitimer(signal.ITIMER_REAL, 0.5)
signal.signal(signal.SIGTERM, on)
signal.signal(signal.SIGUSR1, on)
signal.signal(signal.SIGINT, on)
signal.signal(signal.SIGALRM, lambda *_: sys.exit(count))
print('ready', flush=True)
while True:
    time.sleep(10)
"""


@contextlib.contextmanager
def counting():
    """A traced program, in a process group of its own with fdtrace, that exits with the number of signals it got."""
    process = subprocess.Popen([FDTRACE, "-q", "--", sys.executable, "-c", COUNTING], env=CLEAN, start_new_session=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        equal(process.stdout.readline(), "ready\n")
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_a_signal_to_fdtrace_alone_is_passed_on():
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT):
        with counting() as process:
            process.send_signal(number)
            equal(process.wait(30), 1)


def test_a_signal_to_the_group_reaches_the_program_once():
    with counting() as process:
        os.killpg(process.pid, signal.SIGTERM)
        equal(process.wait(30), 1)
    with counting() as process:  # as timeout(1) does
        process.send_signal(signal.SIGTERM)
        os.killpg(process.pid, signal.SIGTERM)
        status = process.wait(30)
        if status not in (1, 2):  # the two reach the program by themselves, merged or not; never three
            raise AssertionError(f"saw {status} signals")


def test_interrupts_are_the_programs_as_long_as_it_runs():
    with counting() as process:
        for _ in range(3):
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.2)
        equal(process.wait(30), 3)


def test_an_interrupt_from_the_terminal_ends_the_program_and_still_tells():
    process = subprocess.Popen([FDTRACE, "--", "sh", "-c", "echo ready; sleep 60 & wait"], env=CLEAN, stderr=subprocess.PIPE,
                               start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    equal(process.stdout.readline(), "ready\n")
    os.killpg(process.pid, signal.SIGINT)
    os.killpg(process.pid, signal.SIGTERM)  # what sh's background child ignores SIGINT for
    _, said = process.communicate(timeout=60)
    equal(process.returncode in (130, 143), True, said)
    contains(said, "trace: fdtrace.sh.")


@contextlib.contextmanager
def leaving_behind(*options, **popen_options):
    """A traced program that has ended and left a process running: (fdtrace, that process's pid, what fdtrace said of it)."""
    popen_options = {"env": CLEAN, "stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE, "start_new_session": True} | popen_options
    process = subprocess.Popen([FDTRACE, "-o", "t.fdt", *options, "--", "sh", "-c", "setsid sleep 60 >/dev/null 2>&1 & echo $!"],
                               stdout=subprocess.PIPE, text=True, **popen_options)
    left = int(process.stdout.readline())
    try:
        yield process, left, process.stderr.readline()
    finally:
        for pid in (left, process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.communicate()


def test_processes_left_behind_are_waited_for_until_interrupted():
    for number in (signal.SIGINT, signal.SIGTERM):
        with leaving_behind() as (process, left, first):
            contains(first, "sh has ended; still recording what it left running, for 10 s at most; Ctrl-C")
            process.send_signal(number)
            _, said = process.communicate(timeout=60)
            equal(process.returncode, 0, said)
            contains(said, "trace: t.fdt")
            os.kill(left, 0)  # it lives on


def test_one_stop_delivered_twice_is_one():
    with leaving_behind() as (process, _, _):
        process.send_signal(signal.SIGTERM)  # as timeout(1) does
        os.killpg(process.pid, signal.SIGTERM)
        _, said = process.communicate(timeout=60)
        equal(process.returncode, 0, said)
        contains(said, "trace: t.fdt")


def test_what_is_left_behind_is_waited_for_as_long_as_asked():
    began = time.monotonic()
    with leaving_behind("--wait", "2.5") as (process, left, first):
        contains(first, "for 2.5 s at most")
        _, said = process.communicate(timeout=60)
        contains(said, "still running when recording ended")
        os.kill(left, 0)
    lasted = time.monotonic() - began
    equal(2.4 < lasted < 8, True, lasted)
    with leaving_behind("--wait", "forever") as (process, left, first):
        contains(first, "until that ends")
        os.kill(left, signal.SIGTERM)
        process.communicate(timeout=60)
        equal(process.returncode, 0)


def test_nothing_left_behind_is_waited_for_when_asked_not_to():
    began = time.monotonic()
    done = fdtrace("-q", "--wait", "0", "-r", "a.json", "--", "sh", "-c", "setsid sleep 5 >/dev/null 2>&1 & true")
    equal((done.returncode, done.stderr), (0, ""))
    lasted = time.monotonic() - began
    equal(lasted < 4, True, lasted)


def test_an_interrupt_while_the_report_is_written_is_answered_and_a_second_ends_fdtrace():
    os.mkfifo("pipe")  # writing the report waits for its reader
    for interrupts in (1, 2):
        process = subprocess.Popen([FDTRACE, "-o", "t.fdt", "-r", "text:pipe", "--", "true"], env=CLEAN, text=True,
                                   stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            wait_for_trace()
            process.send_signal(signal.SIGINT)
            contains(process.stderr.readline(), "one more Ctrl-C ends fdtrace")
            if interrupts == 2:
                time.sleep(0.2)
                process.send_signal(signal.SIGINT)
            else:
                contains(pathlib.Path("pipe").read_text(), "fdtrace: true ended with status 0")
            process.communicate(timeout=30)
            equal(process.returncode, 0 if interrupts == 1 else -signal.SIGINT)
        finally:
            process.kill()
        contains(fdtrace("report", "t.fdt").stdout, "fdtrace: true ended with status 0")
        os.unlink("t.fdt")


def wait_for_trace():
    for _ in range(300):
        if os.path.exists("t.fdt"):
            return time.sleep(0.3)  # signals end fdtrace from then on
        time.sleep(0.1)
    raise AssertionError("no trace was written")


def test_an_interrupt_ends_recording_and_a_second_the_report():
    os.mkfifo("pipe")
    with leaving_behind("-r", "text:pipe") as (process, _, _):
        process.send_signal(signal.SIGINT)
        wait_for_trace()
        equal(process.poll(), None)
        process.send_signal(signal.SIGINT)
        equal(process.wait(30), -signal.SIGINT)
    contains(fdtrace("report", "t.fdt").stdout, "still running when recording ended")


INTERACTIVE = """
import signal, subprocess, time
interrupts = 0
def on(number, frame):
    global interrupts
    interrupts += 1
    print('interrupted', flush=True)
signal.signal(signal.SIGINT, on)
print('ready', flush=True)
while interrupts < 2:
    time.sleep(0.1)
left = subprocess.Popen(['sleep', '60'], start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL)
open('left', 'w').write(str(left.pid))
"""


def test_at_a_terminal_ctrl_c_is_the_programs_until_it_has_ended():
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(FDTRACE, [FDTRACE, "-o", "t.fdt", "--", sys.executable, "-c", INTERACTIVE], CLEAN)
    seen = ""
    try:
        for text, answer in (("", "ready"), ("\x03", "interrupted"), ("\x03", "still recording"), ("\x03", "trace: t.fdt")):
            os.write(terminal, text.encode())
            deadline = time.monotonic() + 30
            while answer not in seen:
                if not select.select([terminal], [], [], max(0, deadline - time.monotonic()))[0]:
                    raise AssertionError(f"saw {seen!r}\nwanted {answer!r} in it")
                seen += os.read(terminal, 4096).decode(errors="replace")
            seen = seen.split(answer, 1)[1]
        equal(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)
    finally:
        os.close(terminal)  # hangs up: whatever still runs there ends
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int(pathlib.Path("left").read_text()), signal.SIGKILL)


def test_only_the_processes_asked_for_are_recorded():
    command = ["sh", "-c", "cat /dev/null; exec 7</etc/passwd"]

    def recorded(*options):
        seen = report(*options, command=command)
        return len(seen["processes"]), seen["recording"]["still_open"]

    equal(recorded(), (2, 1))
    equal(recorded("--follow", "none"), (1, 1))
    equal(recorded("--follow", "cat"), (1, 0))
    equal(recorded("--follow", "*/bin/cat"), (1, 0))
    done = fdtrace("--follow", "no-such-*", "--", *command)
    equal(done.returncode, 0)
    contains(done.stderr, "no process matched --follow no-such-*")


LEAKING = """
import socket, sys
kept = [socket.socket() for _ in range(3)]
for _ in range(5):
    open('/dev/null').close()
sys.stdout.flush()
import os
os._exit(7)
"""


def test_the_report_counts_what_the_program_left_open():
    seen = report(command=[sys.executable, "-c", LEAKING])
    equal(seen["recording"]["exit_status"], 7)
    equal(seen["recording"]["complete"], True, seen["recording"])
    equal(sum(site["still_open"] for site in seen["leaks"] if site["resource"] == "socket"), 3, seen["leaks"])


def test_the_summary_ends_with_the_trace_and_a_hint():
    done = fdtrace("--", sys.executable, "-c", LEAKING)
    equal(done.returncode, 7)
    equal(traces() != [], True)
    contains(done.stderr, f"trace: {traces()[0]}\n")
    contains(done.stderr, "fdtrace report ")
    contains(done.stderr, "socket")
    equal("\x1b" in done.stderr, False, done.stderr)


def test_quiet_writes_the_trace_and_says_nothing():
    done = fdtrace("-q", "-o", "t.fdt", "--", "true")
    equal((done.returncode, done.stdout, done.stderr, traces()), (0, "", "", ["t.fdt"]))


def test_a_trace_is_reported_again():
    fdtrace("-q", "-o", "t.fdt", "-r", "a.json", "-r", "a.txt", "--", sys.executable, "-c", LEAKING)
    equal(fdtrace("report", "t.fdt", "--format", "json").stdout, pathlib.Path("a.json").read_text())
    equal(fdtrace("report", "t.fdt").stdout, pathlib.Path("a.txt").read_text())
    equal(fdtrace("report", "t.fdt", "-o", "b.json").returncode, 0)
    equal(pathlib.Path("b.json").read_text(), pathlib.Path("a.json").read_text())


def test_source_lines_are_in_the_report_where_they_are_asked_for():
    pathlib.Path("leak.py").write_text("import os\n\n\ndef leak():\n    os.open('/dev/null', os.O_RDONLY)\n\n\nleak()\n")
    command = (sys.executable, "leak.py")
    equal(report("-o", "t.fdt", command=command)["sources"], [])
    sources = report("-o", "t.fdt", "--sources", command=command)["sources"]
    lines = [line for source in sources if source["file"].endswith("leak.py") for line in source["lines"]]
    contains("\n".join(lines), "    os.open('/dev/null', os.O_RDONLY)")
    equal(json.loads(fdtrace("report", "t.fdt", "--sources", "--format", "json").stdout)["sources"], sources)
    equal(json.loads(fdtrace("report", "t.fdt", "--format", "json").stdout)["sources"], [])


def test_a_trace_cut_short_is_reported_with_a_note():
    fdtrace("-q", "-o", "t.fdt", "--", sys.executable, "-c", LEAKING)
    whole = pathlib.Path("t.fdt").read_bytes()
    pathlib.Path("t.fdt").write_bytes(whole[:-5])
    done = fdtrace("report", "t.fdt")
    equal(done.returncode, 0, done.stderr)
    contains(done.stdout + done.stderr, "cut short")


def test_what_is_no_trace_is_refused_in_one_line():
    pathlib.Path("text").write_text("hello, world\n")
    pathlib.Path("newer").write_bytes(b"fdtrace\n\xff\0\0\0")
    for name, why in (("missing", "No such file"), ("text", "not an fdtrace trace"), ("newer", "newer fdtrace"), (".", "directory")):
        done = fdtrace("report", name)
        equal((done.returncode, done.stdout, done.stderr.count("\n")), (125, "", 1), done.stderr)
        contains(done.stderr, why)


def test_a_static_program_is_run_untouched_and_the_report_says_why_it_is_empty():
    program = compiled("static", "-static", source='#include <stdlib.h>\nint main() { return getenv("LD_PRELOAD") ? 1 : 6; }')
    done = fdtrace("-r", "a.json", "--", program)
    equal(done.returncode, 6, done.stderr)
    contains(done.stderr, "statically linked")
    seen = json.loads(pathlib.Path("a.json").read_text())
    contains(json.dumps(seen), "statically linked")
    equal(seen["leaks"], [])


def test_a_set_user_id_program_is_run_untouched():
    if os.getuid() != 0:
        raise Skipped("making a file of another user needs root")
    program = compiled("raised")
    os.chown(program, 65534, 65534)
    program.chmod(0o4755)
    done = fdtrace("--", program)
    equal(done.returncode, 0, done.stderr)
    contains(done.stderr, "set-user-ID")


def test_fdtrace_works_where_its_path_has_spaces_and_colons():
    home = installed("my tools: $LIB")
    os.mkdir("tmp")
    done = run(home / "bin/fdtrace", "-q", "-r", "a.json", "--", sys.executable, "-c", LEAKING,
               env=CLEAN | {"TMPDIR": os.path.abspath("tmp")})
    equal((done.returncode, done.stderr), (7, ""))
    seen = json.loads(pathlib.Path("a.json").read_text())
    equal(sum(site["still_open"] for site in seen["leaks"] if site["resource"] == "socket"), 3, seen["leaks"])
    equal(os.listdir("tmp"), [])


def test_a_sanitized_program_runs_and_is_recorded():
    source = '#include <fcntl.h>\n#include <unistd.h>\nint main() { open("/dev/null", 0); return 5; }'
    try:
        program = compiled("sanitized", "-fsanitize=address", source=source)
    except subprocess.CalledProcessError:
        raise Skipped("the compiler has no AddressSanitizer")
    done = fdtrace("-q", "-r", "a.json", "--", program)
    equal((done.returncode, done.stderr), (5, ""))
    seen = json.loads(pathlib.Path("a.json").read_text())
    equal(seen["recording"]["still_open"], 1, seen)
    done = fdtrace("-q", "--", "sh", "-c", f"{program}; exit $?")
    equal((done.returncode, done.stderr), (5, ""))


def test_a_full_disk_costs_the_trace_and_not_the_summary():
    if os.getuid() != 0:
        raise Skipped("mounting a small file system needs root")
    os.mkdir("full")
    inside = 'mount -t tmpfs -o size=64k fdtrace full || exit 99; head -c 65536 /dev/zero >full/filler; exec "$@"'
    command = ["unshare", "-m", "sh", "-c", inside, "sh", FDTRACE, "-o", "full/t.fdt", "--", sys.executable, "-c", LEAKING]
    done = run(*command)
    if done.returncode in (1, 99) and "fdtrace: " not in done.stderr:
        raise Skipped(f"cannot mount: {done.stderr.strip()}")
    equal(done.returncode, 7, done.stderr)
    contains(done.stderr, "cannot write full/t.fdt: No space left on device")
    contains(done.stderr, "socket")
    equal(run(*command[:-2], "-c", "pass").returncode, 125)


def test_the_trace_may_go_to_a_device():
    done = fdtrace("-o", "/dev/null", "--", sys.executable, "-c", LEAKING)
    equal(done.returncode, 7)
    contains(done.stderr, "socket")
    equal(os.listdir(), [])


def test_a_nested_fdtrace_says_so_and_both_end_well():
    done = fdtrace("-o", "outer.fdt", "--", FDTRACE, "-o", "inner.fdt", "--", sys.executable, "-c", LEAKING)
    equal(done.returncode, 7, done.stderr)
    contains(done.stderr, "itself being traced")
    equal(traces(), ["inner.fdt", "outer.fdt"])
    seen = json.loads(fdtrace("report", "inner.fdt", "--format", "json").stdout)
    equal(sum(site["still_open"] for site in seen["leaks"] if site["resource"] == "socket"), 3, seen["leaks"])


if __name__ == "__main__":
    main(globals(), sys.argv[2:])
