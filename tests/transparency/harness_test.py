#!/usr/bin/env python3
"""The harness sees what it is there to see: run with tracers that each change one thing, it tells that thing and no other.

Usage: harness_test.py FDTRACE [NAME…]. Prints TAP.
"""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "cli")]

import table  # noqa: E402
from program import Program, Right, Rule, Unread  # noqa: E402
from tap import FDTRACE, equal, main, script  # noqa: E402

PROGRAM = Program("probe", "echo out; echo err >&2; echo text >file; $PROBE child; exit 3\n")


def tracer(change):
    """A program that is called like fdtrace, changes something and runs the rest."""
    return script("tracer", f"""#!/bin/sh
echo '{{"processes": [], "leaks": []}}' >"$5"
shift 6
{change}
""")


def verdict(change, program=PROGRAM):
    row = table.run_program(program, tracer(change))
    return row.verdict, list(row.told)


def is_told(change, line):
    seen = verdict(change)
    equal((seen[0], any(part.startswith(line) for part in seen[1])), ("differs", True), seen)


def test_a_tracer_that_changes_nothing_is_equal():
    equal(verdict('"$@"'), ("equal", []))


def test_another_exit_status_is_told():
    equal(verdict('"$@"; exit 4'), ("differs", ["status: 3 bare, 4 traced"]))


def test_another_output_is_told():
    is_told('"$@" | sed s/out/other/; exit 3', "out: +other")
    is_told('"$@"; s=$?; echo more >&2; exit $s', "err: +more")


def test_one_more_descriptor_is_told():
    is_told('"$@" 9</dev/null', "seen/child.descriptors: +9 0100000 /dev/null")


def test_another_variable_is_told():
    is_told('ADDED=1 "$@"', "seen/child.environment: +ADDED=1")
    is_told('ASAN_OPTIONS=halt_on_error=0 "$@"', "seen/child.environment: +ASAN_OPTIONS=halt_on_error=0")


def test_another_limit_mask_or_signal_is_told():
    is_told('ulimit -n 99; "$@"', "seen/child.state: +RLIMIT_NOFILE (99, 99)")
    is_told('umask 077; "$@"', "seen/child.state: +Umask: 0077")
    is_told('trap "" USR1; "$@"', "seen/child.state: ")


def test_a_mapped_library_is_told():
    is_told('LD_PRELOAD=libnss_files.so.2:libresolv.so.2 "$@"', "seen/child.maps: +r--p ")


def test_a_file_more_and_other_contents_and_modes_are_told():
    is_told('"$@"; touch more; exit 3', "files/more: only traced")
    is_told('"$@"; echo >>file; exit 3', "files/file: +")
    is_told('"$@"; chmod 600 file; exit 3', "files/file: mode ")
    is_told('"$@"; ln file more; exit 3', "files/file: links ")


def test_a_program_that_hangs_is_ended_and_told():
    row = table.run_program(Program("slow", "[ -z $HANGS ] || sleep 600", limit_seconds=3), tracer('HANGS=1 "$@"'))
    equal(row.verdict, "differs")
    assert "did not end in 9 s, traced" in row.told, row.told


def test_what_differs_between_bare_runs_needs_a_rule():
    volatile = Program("dates", "date +%N; date +%N >file")
    equal(verdict('"$@"', volatile)[0], "volatile")
    ruled = Program("dates", volatile.script, rules=(Rule("out", r"^\d+$", "N", "time"),), unread=(Unread("file", "time"),))
    equal(verdict('"$@"', ruled), ("equal", []))


def test_a_difference_that_is_right_passes_and_no_other():
    right = Program("preload", 'echo "$A" "$B"', right=(Right(r"^out: [+-]1? ?$", "the variable is asked for"),))
    equal(verdict('A=1 "$@"', right)[0], "right")
    equal(verdict('A=2 "$@"', right)[0], "differs")


def test_what_is_not_installed_is_told():
    row = table.run_program(Program("none", "true", needs=("no-such-command",)), FDTRACE)
    equal((row.verdict, row.told), ("missing", ("not installed: no-such-command",)))


def test_fdtrace_itself_is_equal_and_has_a_report():
    row = table.run_program(PROGRAM, FDTRACE)
    equal((row.verdict, row.told), ("equal", ()))
    assert row.recorded.startswith("2 processes"), row.recorded


if __name__ == "__main__":
    main(globals(), sys.argv[2:])
