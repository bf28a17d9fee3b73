#!/usr/bin/env python3
"""What `fdtrace start` and `fdtrace stop` promise: all that a shell runs between them is one recording, and nothing stays behind.

Usage: start_test.py FDTRACE [NAME…], as run_test.py.
"""

import contextlib
import json
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import sys
import time

from tap import CLEAN, FDTRACE, compiled, contains, equal, installed, main, read_soon, run, script, traces

HERE = CLEAN | {"PATH": f"{os.path.dirname(FDTRACE)}:{CLEAN['PATH']}"}
for name in ("FDTRACE_SESSION", "FDTRACE_TRACE"):
    HERE.pop(name, None)

LEAKS = """
#include <fcntl.h>
#include <stdlib.h>
void leak_some(int count) { while (count-- > 0) open("/etc/passwd", O_RDONLY); }
int main(int argc, char** argv) { leak_some(argc > 1 ? atoi(argv[1]) : 1); return 0; }
"""
PYTHON_LEAKS = "import os; [os.pipe() for _ in range(2)]"
START = 'eval "$(fdtrace start -o t.fdt)" || exit 99\n'


def shell(text, name="sh", **options):
    return run(name, "-c", text, **({"env": HERE} | options))


def fdtrace(*words, **options):
    return run(FDTRACE, *words, **({"env": HERE} | options))


def leaks_program():
    return compiled("leaks", "-g", source=LEAKS)


def seen(name="t.fdt"):
    """The JSON report of a trace."""
    done = fdtrace("report", name, "--format", "json")
    equal(done.returncode, 0, done.stderr)
    return json.loads(done.stdout)


def still_open(report, function):
    return sum(leak["still_open"] for leak in report["leaks"] if function in [frame["function"] for frame in leak["stack"]])


def commands(report):
    return sorted(" ".join(process["command_line"]) for process in report["processes"])


def collectors():
    """Pids of fdtrace's processes that were started in this directory."""
    pids = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/{pid}/cwd") == os.getcwd() and "fdtrace" in os.readlink(f"/proc/{pid}/exe"):
                if pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():  # not a zombie's
                    pids.append(int(pid))
    return pids


def expect_no_collector(hint=""):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if not collectors():
            return
        time.sleep(0.05)
    pids = collectors()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    equal(pids, [], hint)


def only_collector():
    pids = collectors()
    equal(len(pids), 1)
    return pids[0]


def environment_of(lines):
    return HERE | dict(line.split("=", 1) for line in lines.splitlines())


@contextlib.contextmanager
def started(*options):
    """The environment of a recording that is ended if it still runs."""
    done = fdtrace("start", "-o", "t.fdt", "--env", *options)
    equal((done.returncode, done.stderr), (0, ""))
    try:
        yield environment_of(done.stdout)
    finally:
        for pid in collectors():
            os.kill(pid, signal.SIGTERM)
        expect_no_collector()


def test_all_commands_of_a_shell_are_one_recording():
    leaks_program()
    for name in ("sh", "bash"):
        done = shell(START + f"""
            ./leaks 2
            python3 -c '{PYTHON_LEAKS}'
            (./leaks 3; :) | cat
            true >/dev/null; : "$(./leaks 1)"
            fdtrace stop -q -r a.json""", name)
        equal((done.returncode, done.stdout, done.stderr), (0, "", ""))
        report = json.loads(pathlib.Path("a.json").read_text())
        equal(still_open(report, "leak_some"), 6, report["leaks"])
        equal(report["recording"]["still_open"], 10, report["leaks"])
        wanted = ["./leaks 1", "./leaks 2", "./leaks 3", "cat", f"python3 -c {PYTHON_LEAKS}"]
        equal(commands(report), sorted(wanted))
        equal(report["recording"]["notes"], [])
        equal((report["recording"]["complete"], report["recording"]["session"]), (True, True))
        expect_no_collector()


def test_the_summary_comes_on_stderr_with_the_trace():
    leaks_program()
    done = shell(START + "./leaks 2; fdtrace stop")
    equal((done.returncode, done.stdout), (0, ""), done.stderr)
    contains(done.stderr, "fdtrace: session recorded for ")
    contains(done.stderr, "leak_some")
    contains(done.stderr, f"trace: {os.getcwd()}/t.fdt\n")
    contains(fdtrace("report", "t.fdt").stdout, "session recorded for ")


def test_several_shells_are_one_recording_by_env():
    leaks_program()
    with started() as environment:
        for name, count in (("sh", 1), ("bash", 2), ("sh", 4)):
            equal(shell(f"./leaks {count}; exit 0", name, env=environment).returncode, 0)
        done = shell("fdtrace stop -q -r a.json; exit $?", env=environment)
        equal((done.returncode, done.stderr), (0, ""))
    report = json.loads(pathlib.Path("a.json").read_text())
    equal(still_open(report, "leak_some"), 7, report["leaks"])
    equal([process["end"] for process in report["processes"]].count("ALIVE"), 1)  # the shell that waits for fdtrace stop


def test_fdtrace_itself_is_not_recorded_however_it_is_run():
    leaks_program()
    done = shell(START + """
        fdtrace --version
        sh -c 'fdtrace --version; exit 0'
        bash -c 'exec fdtrace --version'
        sh -c 'exec 7</etc/passwd; exec fdtrace --version'
        python3 -c 'import subprocess; subprocess.run(["fdtrace", "--version"])'
        python3 -c 'import os; os.waitpid(os.posix_spawnp("fdtrace", ["fdtrace", "--version"], os.environ), 0)'
        fdtrace report nothing
        sh -c 'exec fdtrace stop -q -r a.json'""")
    equal(done.returncode, 0, done.stderr)
    report = json.loads(pathlib.Path("a.json").read_text())
    equal([p for p in report["processes"] if os.path.basename(p["executable"]) == "fdtrace" or p["command_line"][0] == "fdtrace"], [])
    equal(report["recording"]["notes"], [])
    equal(report["recording"]["complete"], True, report["processes"])
    equal(report["recording"]["still_open"], 1, report["leaks"])


def test_a_recording_within_is_its_own():
    leaks_program()
    done = shell(START + "fdtrace -o inner.fdt -- ./leaks 3; ./leaks 1; fdtrace stop -q")
    equal(done.returncode, 0, done.stderr)
    contains(done.stderr, "itself being traced")
    equal(still_open(seen("inner.fdt"), "leak_some"), 3)
    equal(commands(seen()), ["./leaks 1"])
    equal(seen()["recording"]["notes"], [])


def test_a_stop_within_a_recording_within_ends_neither():
    leaks_program()
    done = shell(START + "fdtrace -q -o inner.fdt -- sh -c 'fdtrace stop; ./leaks 3'; ./leaks 1; fdtrace stop -q")
    equal((done.returncode, done.stderr), (0, "fdtrace: cannot stop: one program is recorded here, until it ends\n"))
    equal([still_open(seen(name), "leak_some") for name in ("inner.fdt", "t.fdt")], [3, 1])


def test_two_stops_at_once_report_once():
    with started() as environment:
        collector = only_collector()
        os.kill(collector, signal.SIGSTOP)
        stops = [subprocess.Popen([FDTRACE, "stop", "-q"], env=environment | {"LD_PRELOAD": ""}, stderr=subprocess.PIPE, text=True) for _ in range(2)]
        time.sleep(0.5)
        os.kill(collector, signal.SIGCONT)
        said = [stop.communicate(timeout=60)[1] for stop in stops]
        equal(sorted(stop.returncode for stop in stops), [0, 125], said)
        contains("".join(said), "cannot stop: ")
    equal(seen()["recording"]["notes"], ["nothing was recorded: no program was run with the variables that fdtrace start prints"])


def test_nothing_is_started_and_nothing_printed_on_errors():
    os.mkdir("directory")
    for words, why in ((["-o", "no/such/t.fdt"], "No such file or directory"), (["-o", "directory"], "directory"),
                       (["-o", "/dev/null"], "ordinary file"), (["--follow", "none"], "cannot follow none"), (["--follow", ""], "without a name"),
                       (["--while-pid", "4194304"], "no process"), (["--while-pid", "0"], "while-pid"), (["--bogus"], "bogus"),
                       (["-o", "a\nb", "--env"], "newline")):
        done = fdtrace("start", *words)
        equal((done.returncode, done.stdout, done.stderr.count("\n")), (125, "", 1), (words, done.stderr))
        contains(done.stderr, why)
    with open("/dev/full", "w") as full:
        done = fdtrace("start", capture_output=False, stdout=full, stderr=subprocess.PIPE)
    equal(done.returncode, 125)
    contains(done.stderr, "cannot write to stdout")
    expect_no_collector()
    equal(os.listdir(), ["directory"])


def test_a_second_start_is_refused_while_the_first_recording_goes_on():
    leaks_program()
    with started() as environment:
        done = fdtrace("start", env=environment)
        equal((done.returncode, done.stdout), (125, ""))
        contains(done.stderr, "recorded already")
        run("./leaks", "2", env=environment)
        equal(fdtrace("stop", "-q", env=environment).returncode, 0)
        equal((still_open(seen(), "leak_some"), seen()["recording"]["notes"]), (2, []))
        done = fdtrace("start", "-o", "again.fdt", "--env", env=environment)
        equal((done.returncode, done.stderr), (0, ""))
        again = environment_of(done.stdout)
        equal(again["LD_PRELOAD"], environment["LD_PRELOAD"])
        equal(again["ASAN_OPTIONS"], environment["ASAN_OPTIONS"])
        equal(fdtrace("stop", "-q", env=again).returncode, 0)


def test_a_stop_without_a_start_says_what_to_do():
    for environment in (HERE, HERE | {"FDTRACE_SESSION": "fdtrace-gone:" + "0" * 32, "FDTRACE_TRACE": "/no/such/trace"},
                        HERE | {"FDTRACE_SESSION": "", "FDTRACE_TRACE": ""}):
        done = fdtrace("stop", "-r", "a.json", env=environment)
        equal((done.returncode, done.stdout, os.listdir()), (125, "", []))
        contains(done.stderr, "fdtrace: cannot stop: ")
        contains(done.stderr, 'run eval "$(fdtrace start)" first\n')
        equal(done.stderr.count("\n"), 1)


def test_a_second_stop_says_where_the_trace_is():
    with started() as environment:
        equal(fdtrace("stop", "-q", env=environment).returncode, 0)
        done = fdtrace("stop", env=environment)
        equal(done.returncode, 125)
        contains(done.stderr, f"cannot stop: the recording has ended; run fdtrace report {os.getcwd()}/t.fdt to see it")


def test_nothing_is_stopped_when_a_report_cannot_be_written():
    with started() as environment:
        for words in (["-r", "no/dir/a.json"], ["-r", "a.json", "-r", "a.json"], ["-r", "x.unknown"], ["-r", "json:t.fdt"], ["--open"]):
            done = fdtrace("stop", *words, env=environment)
            equal((done.returncode, done.stderr.count("\n"), os.listdir()), (125, 1, []), done.stderr)
        only_collector()
        equal(fdtrace("stop", "-q", env=environment).returncode, 0)


def test_nothing_is_stopped_while_the_trace_cannot_be_written():
    leaks_program()
    os.mkdir("gone")
    done = shell('''eval "$(fdtrace start -o gone/t.fdt)"; ./leaks 2; rmdir gone; fdtrace stop; echo $?
        mkdir gone; fdtrace stop -q; echo $?''')
    equal((done.stdout, done.stderr.count("\n")), ("125\n0\n", 1), done.stderr)
    contains(done.stderr, f"cannot stop: cannot write {os.getcwd()}/gone/t.fdt: No such file or directory; recording goes on")
    equal(still_open(seen("gone/t.fdt"), "leak_some"), 2)
    expect_no_collector()


def test_a_trace_that_cannot_be_written_after_all_is_lost_with_a_word():
    with started() as environment:
        collector = only_collector()
        os.kill(collector, signal.SIGSTOP)
        stop = subprocess.Popen([FDTRACE, "stop"], env=environment | {"LD_PRELOAD": ""}, stderr=subprocess.PIPE, text=True)
        time.sleep(0.5)  # it has looked at the place, and waits
        equal(stop.poll(), None)
        os.mkdir("t.fdt")
        os.kill(collector, signal.SIGCONT)
        said = stop.communicate(timeout=60)[1]
        equal(stop.returncode, 125)
        contains(said, "what was recorded is lost")


def test_the_collector_holds_nothing_of_its_callers():
    reading, writing = os.pipe()
    with open("input", "w+") as file:
        done = fdtrace("start", "-o", "t.fdt", "--env", pass_fds=[writing, file.fileno()], stdin=file)
    os.close(writing)
    try:
        equal(select.select([reading], [], [], 20)[0], [reading])
        equal(os.read(reading, 1), b"")
        pid = only_collector()
        links = {fd: os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
        equal([links[fd] for fd in "012"], ["/dev/null"] * 3)
        equal([link for link in links.values() if "input" in link], [])
        equal(os.getsid(pid), pid)
    finally:
        os.close(reading)
        equal(fdtrace("stop", "-q", env=environment_of(done.stdout)).returncode, 0)


def test_the_collector_sleeps_while_nothing_happens():
    def switches(pid):
        return {task: re.findall(r"ctxt_switches:\t(\d+)", pathlib.Path(f"/proc/{pid}/task/{task}/status").read_text())
                for task in os.listdir(f"/proc/{pid}/task")}

    with started() as environment:
        equal(shell("true; exit 0", env=environment).returncode, 0)
        pid = only_collector()
        time.sleep(2.5)  # what follows the last process has been done
        before = switches(pid)
        time.sleep(1.5)
        equal(switches(pid), before)


def test_signals_end_the_collector_and_it_writes_the_trace():
    leaks_program()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        with started() as environment:
            run("./leaks", "3", env=environment)
            os.kill(only_collector(), number)
            expect_no_collector()
            equal(still_open(seen(), "leak_some"), 3, number)
            contains(fdtrace("stop", env=environment).stderr, "the recording has ended; run fdtrace report")
        os.remove("t.fdt")


JOB = """
eval "$(fdtrace start -o t.fdt {options})" || exit 99
./leaks 2
echo $$ >shell
{work}
"""


@contextlib.contextmanager
def job(work, options=""):
    """A shell of its own with a parent of its own, all in one process group: (the parent, the pid of the shell)."""
    leaks_program()
    script("job", JOB.format(work=work, options=options))
    parent = subprocess.Popen(["sh", "-c", "sh job; sleep 300; exit 0"], env=HERE, start_new_session=True, stdin=subprocess.DEVNULL)
    try:
        yield parent, int(read_soon("shell"))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(parent.pid, signal.SIGKILL)
        parent.wait()
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int(pathlib.Path("left").read_text()), signal.SIGKILL)
        expect_no_collector()


def test_a_killed_job_leaves_its_trace_and_nothing_else():
    for options in ("", "--follow '*'"):
        with job("sleep 300", options) as (parent, _):
            only_collector()
            os.killpg(parent.pid, signal.SIGKILL)
            parent.wait()
            expect_no_collector()
            equal(still_open(seen(), "leak_some"), 2)
        for name in ("t.fdt", "shell"):
            os.remove(name)


def test_steps_of_a_job_end_and_the_recording_goes_on_until_their_parent_ends():
    for options in ("", "; :"):  # the second is run by a subshell that ends when it has printed
        with job("exit 0", options) as (parent, pid):
            deadline = time.monotonic() + 20
            while os.path.exists(f"/proc/{pid}") and time.monotonic() < deadline:
                time.sleep(0.02)
            time.sleep(0.5)
            only_collector()
            parent.kill()
            parent.wait()
            expect_no_collector()
            equal(still_open(seen(), "leak_some"), 2)
        for name in ("t.fdt", "shell"):
            os.remove(name)


def test_a_traced_process_keeps_the_recording_of_a_dead_job():
    with job("setsid sh -c 'echo $$ >left; while ! test -e go; do sleep 0.05; done; exec ./leaks 5' & exit 0") as (parent, _):
        read_soon("left")
        os.killpg(parent.pid, signal.SIGKILL)
        parent.wait()
        time.sleep(0.5)
        only_collector()
        pathlib.Path("go").touch()
        expect_no_collector()
        equal(still_open(seen(), "leak_some"), 7)


def test_the_process_that_is_named_alone_keeps_the_recording():
    with job("sleep 300 & echo $! >left; kill -9 $$", "--while-pid $$") as (parent, _):
        os.kill(int(read_soon("left")), signal.SIGKILL)
        expect_no_collector()
        equal(parent.poll(), None)
        equal(still_open(seen(), "leak_some"), 2)


def test_a_closed_terminal_ends_the_recording_of_its_shell():
    leaks_program()
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe("bash", ["bash", "--norc", "--noprofile"], HERE)
    try:
        os.write(terminal, b'eval "$(fdtrace start -o t.fdt)"; ./leaks 2; echo $$ >ready\n')
        read_soon("ready")
        only_collector()
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)
    expect_no_collector()  # though we, the shell's parent, live on
    equal(still_open(seen(), "leak_some"), 2)


def test_a_process_that_outlives_stop_is_reported_alive_and_lives_on():
    done = shell(START + """
        setsid sh -c 'exec 7</etc/passwd; echo $$ >left; exec sleep 60' >/dev/null 2>&1 &
        while ! test -s left; do sleep 0.02; done
        fdtrace stop -q -r a.json""")
    left = int(read_soon("left"))
    try:
        equal((done.returncode, done.stderr), (0, ""))
        report = json.loads(pathlib.Path("a.json").read_text())
        equal([p["pid"] for p in report["processes"] if p["end"] == "ALIVE"], [left])
        equal(report["recording"]["still_open"], 1)
        contains("\n".join(report["recording"]["notes"]), "still running when recording ended")
        os.kill(left, 0)
        expect_no_collector()
    finally:
        os.kill(left, signal.SIGKILL)


def test_only_programs_that_match_are_recorded():
    leaks_program()
    with started("--follow", "lea*") as environment:
        equal(shell("./leaks 2; cat /dev/null", env=environment).returncode, 0)
        equal(fdtrace("stop", "-q", env=environment).returncode, 0)
    equal(commands(seen()), ["./leaks 2"])


def test_a_recording_of_nothing_says_so():
    done = shell(START + "fdtrace stop")
    equal(done.returncode, 0)
    contains(done.stderr, "nothing was recorded")


def test_what_was_preloaded_before_still_is_and_names_may_have_any_letters():
    compiled("before.so", "-shared", "-fPIC", source="void fdtrace_test_marker(void) {}")
    leaks_program()
    os.mkdir("it's a $HOME; 100%p")
    before = f"{os.getcwd()}/before.so"
    done = shell('''cd "it's a \\$HOME; 100%p" || exit 98
        eval "$(fdtrace start -o "a  b'*.fdt")"
        grep -c before.so /proc/self/maps >/dev/null && ../leaks 1
        printf '%s|' "$LD_PRELOAD" "$FDTRACE_TRACE"
        fdtrace stop -q''', env=HERE | {"LD_PRELOAD": before})
    equal((done.returncode, done.stderr), (0, ""))
    preload, trace, _ = done.stdout.split("|")
    equal(preload.split(":")[1:], [before])
    equal(trace, f"{os.getcwd()}/it's a $HOME; 100%p/a  b'*.fdt")
    equal(still_open(seen(trace), "leak_some"), 1)


def test_names_of_outputs_say_which_recording_they_are_of():
    done = shell("""
        eval "$(fdtrace start -o %n.%p.%t.%%.%x.fdt)"
        echo "$FDTRACE_TRACE"
        fdtrace stop -q -r %n.%p.json -r %n.%t.txt""")
    equal((done.returncode, done.stderr), (0, ""))
    name = os.path.basename(done.stdout.strip())
    pid, moment = re.fullmatch(r"session\.(\d+)\.(\d{8}T\d{6}Z)\.%\.%x\.fdt", name).groups()
    equal(sorted(os.listdir()), sorted([name, f"session.{pid}.json", f"session.{moment}.txt"]))
    for left in os.listdir():
        os.remove(left)
    done = shell('eval "$(fdtrace start)"; fdtrace stop -q')
    equal(re.fullmatch(r"fdtrace\.\d+\.fdt", traces()[0]) is not None, True, traces())
    os.remove(traces()[0])
    done = fdtrace("-q", "-o", "%n.%p.fdt", "-r", "%n.%t.json", "--", "sh", "-c", "echo $$")
    equal((done.returncode, done.stderr), (0, ""))
    pid = done.stdout.strip()
    equal(traces(), [f"sh.{pid}.fdt"])
    reports = [name for name in os.listdir() if re.fullmatch(r"sh\.\d{8}T\d{6}Z\.json", name)]
    equal(len(reports), 1, os.listdir())


def test_the_link_to_a_library_whose_path_has_spaces_goes_with_the_recording():
    leaks_program()
    home = installed("my tools: $LIB").absolute()
    os.mkdir("tmp")
    for stop in ("stop", "signal"):
        done = run(home / "bin/fdtrace", "start", "-o", "t.fdt", "--env", env=HERE | {"TMPDIR": os.path.abspath("tmp")})
        equal((done.returncode, done.stderr), (0, ""))
        equal(len(os.listdir("tmp")), 1)
        environment = environment_of(done.stdout)
        run("./leaks", "2", env=environment)
        if stop == "stop":
            done = run(home / "bin/fdtrace", "stop", "-q", env=environment)
            equal(done.returncode, 0, done.stderr)
            contains(done.stderr, "unset LD_PRELOAD")
        else:
            os.kill(only_collector(), signal.SIGTERM)
        expect_no_collector()
        equal(os.listdir("tmp"), [])
        equal(still_open(seen(), "leak_some"), 2)


if __name__ == "__main__":
    main(globals(), sys.argv[2:])
