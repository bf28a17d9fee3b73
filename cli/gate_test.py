#!/usr/bin/env python3
"""What makes a run fail, and what does not: exit statuses, suppressions, baselines; fdtrace diff and merge.

Usage: gate_test.py FDTRACE [NAME…]; see tap.py.
"""

import json
import pathlib
import signal
import sys

from tap import compiled, contains, equal, fdtrace, main, run, script, traces

# leak WHAT COUNT STATUS: leaves COUNT descriptors open in the function WHAT.
LEAK = r"""
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
%(above)s
__attribute__((noinline)) static void %(other)s(int n) { while (n--) open("/etc/hosts", O_RDONLY); __asm__ volatile(""); }
__attribute__((noinline)) static void load(int n) {
  while (n--) open("/etc/passwd", O_RDONLY);
  %(within)s
  __asm__ volatile("");
}
int main(int argc, char** argv) {
  if (strcmp(argv[1], "load") == 0) load(atoi(argv[2]));
  if (strcmp(argv[1], "other") == 0) %(other)s(atoi(argv[2]));
  if (strcmp(argv[1], "both") == 0) { load(atoi(argv[2])); %(other)s(1); }
  if (strcmp(argv[1], "killed") == 0) { load(1); kill_me(); }
  return argc > 3 ? atoi(argv[3]) : 0;
}
"""
KILL = "#include <signal.h>\nstatic void kill_me(void) { raise(SIGTERM); }\n"


def leaky(name="leak", above="", within="", other="other", directory="."):
    """Compiles the program; ABOVE moves its lines, WITHIN is more code of load, OTHER the name of its other function."""
    pathlib.Path(directory).mkdir(exist_ok=True)
    source = pathlib.Path(directory) / "leak.c"
    source.write_text(LEAK % {"above": KILL + above, "within": within, "other": other})
    program = pathlib.Path(directory) / name
    run("cc", "-g", "-O1", "-o", program, source, check=True)
    return program.absolute()


def gate(*options, command, status):
    """Runs COMMAND under the gate 23; what fdtrace printed, which ends with STATUS."""
    done = fdtrace("--error-exitcode", "23", *options, "--", *command)
    equal(done.returncode, status, done.stderr)
    return done.stderr


def test_a_clean_program_succeeds():
    contains(gate(command=[leaky(), "load", "0"], status=0), "no finding fails the run")


def test_a_program_that_leaks_fails_with_the_status_asked_for():
    seen = gate(command=[leaky(), "load", "3"], status=23)
    contains(seen, "1 finding fails the run: exit status 23")
    contains(seen, "suppress with leak:^load$")


def test_without_a_gate_a_leak_changes_no_status():
    done = fdtrace("--", leaky(), "load", "3")
    equal(done.returncode, 0)
    equal("fails the run" in done.stderr, False)


def test_a_program_that_fails_by_itself_keeps_its_status():
    contains(gate(command=[leaky(), "load", "3", "4"], status=4), "would fail the run, which failed by itself: exit status 4")


def test_a_program_that_is_killed_keeps_its_status():
    gate(command=[leaky(), "killed"], status=128 + signal.SIGTERM)


def test_a_quiet_run_still_says_why_it_failed():
    equal(gate("-q", command=[leaky(), "load", "3"], status=23), "fdtrace: 1 finding fails the run: exit status 23\n")
    equal(gate("-q", command=[leaky(), "load", "0"], status=0), "")
    equal(gate("-q", command=[leaky(), "load", "3", "4"], status=4), "")


def test_only_the_kinds_asked_for_fail():
    program = leaky()
    gate("--fail-on", "single", command=[program, "load", "2"], status=0)
    gate("--fail-on", "single", command=[program, "load", "1"], status=23)
    gate("--fail-on", "pinned,double-close", command=[program, "load", "9"], status=0)
    gate("--fail-on", "any", command=[program, "load", "1"], status=23)


def test_pinned_files_fail_a_run_too():
    program = compiled(
        "pin",
        source='#include <stdlib.h>\n#include <unistd.h>\n#include <signal.h>\n'
        'int main() { char p[] = "/tmp/pin_XXXXXX"; int fd = mkstemp(p); unlink(p); char b[4096] = {1}; return write(fd, b, 4096) != 4096; }',
    )
    gate("--fail-on", "pinned", command=[program], status=23)


def test_few_and_young_descriptors_may_pass():
    program = leaky()
    gate("--min-count", "4", command=[program, "load", "3"], status=0)
    gate("--min-count", "4", command=[program, "load", "4"], status=23)
    gate("--min-age", "1000", command=[program, "load", "4"], status=0)
    gate("--min-age", "0.000001", command=[program, "load", "4"], status=23)


def test_what_is_suppressed_passes_and_is_told():
    program = leaky()
    script("known.supp", "# known since ever\nleak:^load$\nleak:never_there\n")
    seen = gate("--suppressions", "known.supp", command=[program, "load", "3"], status=0)
    contains(seen, "3 by leak:^load$ (known.supp:2)")
    contains(seen, "suppressed nothing, and may go: leak:never_there (known.supp:3)")
    gate("--suppressions", "known.supp", command=[program, "both", "3"], status=23)


def test_the_line_offered_suppresses_its_row():
    program = leaky()
    gate("-r", "json:seen.json", command=[program, "both", "3"], status=23)
    findings = json.loads(pathlib.Path("seen.json").read_text())["findings"]
    equal(len(findings), 2)
    script("offered.supp", "".join(finding["suppression"] + "\n" for finding in findings))
    gate("--suppressions", "offered.supp", command=[program, "both", "3"], status=0)


def test_what_libc_keeps_open_on_purpose_passes():
    program = compiled("users", source="#include <pwd.h>\nint main() { return getpwent() == 0; }")
    contains(gate(command=[program], status=0), "1 by leak:^getpwent$ (built in: libc keeps the database")


def test_a_baseline_allows_what_it_has_and_no_more():
    program = leaky()
    fdtrace("-q", "-o", "base.fdt", "-r", "base.json", "--", program, "load", "3")
    for baseline in ("base.json", "base.fdt"):
        contains(gate("--baseline", baseline, command=[program, "load", "3"], status=0), f"{baseline}: 3 allowed")
        gate("--baseline", baseline, command=[program, "load", "2"], status=0)
        contains(gate("--baseline", baseline, command=[program, "load", "4"], status=23), "0 findings are new, 1 grown")
        contains(gate("--baseline", baseline, command=[program, "both", "3"], status=23), "1 finding is new, 0 grown")


def test_a_baseline_can_be_written_anew_by_the_run_that_it_judges():
    program = leaky()
    fdtrace("-q", "-r", "base.json", "--", program, "load", "1")
    gate("--baseline", "base.json", "-r", "base.json", command=[program, "load", "2"], status=23)
    gate("--baseline", "base.json", command=[program, "load", "2"], status=0)


def test_a_baseline_holds_when_lines_move_functions_elsewhere_are_renamed_and_the_build_directory_is_another():
    fdtrace("-q", "-r", "base.json", "--", leaky(), "load", "3")
    for changed in (
        leaky(above="\n\n\n\n// moved\n", directory="moved"),
        leaky(other="something_else", directory="renamed"),
        leaky(directory="build-of-another-machine"),
    ):
        contains(gate("--baseline", "base.json", command=[changed, "load", "3"], status=0), "3 allowed")


def test_a_new_leak_in_a_function_that_leaked_before_is_noticed_at_its_line():
    fdtrace("-q", "-r", "base.json", "--", leaky(), "load", "3")
    changed = leaky(within='open("/etc/group", O_RDONLY);', directory="changed")
    gate("--baseline", "base.json", "-r", "json:now.json", command=[changed, "load", "3"], status=23)
    now = json.loads(pathlib.Path("now.json").read_text())
    left = [finding for finding in now["findings"] if finding["left"]]
    equal([finding["baseline"] for finding in left], ["GROWN"])
    line = now["leaks"][left[0]["row"]]["stack"][0]["line"]
    contains(pathlib.Path("changed/leak.c").read_text().splitlines()[line - 1], "/etc/group")


def test_rules_that_cannot_be_read_stop_the_run_before_it_begins():
    script("wrong.supp", "race:x\n")
    script("wrong.json", "{}")
    for options, hint in (
        (("--suppressions", "wrong.supp"), "wrong.supp:1"),
        (("--suppressions", "none.supp"), "none.supp"),
        (("--baseline", "wrong.json"), "wrong.json"),
        (("--baseline", "none.json"), "none.json"),
        (("--error-exitcode", "1", "--fail-on", "lost"), '"lost"'),
        (("--error-exitcode", "256"), "255"),
        (("--fail-on", "leak"), "--error-exitcode"),
        (("--min-age", "-1"), "--min-age"),
    ):
        done = fdtrace(*options, "--", "touch", "began")
        equal(done.returncode, 125, options)
        equal(done.stderr.count("\n"), 1, done.stderr)
        contains(done.stderr, hint)
    equal(pathlib.Path("began").exists(), False)
    equal(traces(), [])


def test_a_recording_can_be_judged_later():
    program = leaky()
    fdtrace("-q", "-o", "t.fdt", "--", program, "load", "3")
    equal(fdtrace("report", "t.fdt", "--error-exitcode", "9").returncode, 9)
    script("known.supp", "leak:load\n")
    equal(fdtrace("report", "t.fdt", "--error-exitcode", "9", "--suppressions", "known.supp").returncode, 0)


def test_a_diff_tells_what_is_new_grown_shrunk_and_gone():
    program = leaky()
    fdtrace("-q", "-o", "base.fdt", "--", program, "load", "3")
    fdtrace("-q", "-r", "now.json", "--", program, "both", "5")
    done = fdtrace("diff", "base.fdt", "now.json", "--error-exitcode", "7")
    equal(done.returncode, 7, done.stderr)
    contains(done.stdout, "1 new, 1 grown, 0 shrunk, 0 gone, 0 unchanged")
    contains(done.stdout, " GROWN   3 → 5")
    back = fdtrace("diff", "now.json", "base.fdt", "--error-exitcode", "7", "--format", "json")
    equal(back.returncode, 0)
    equal([change["state"] for change in json.loads(back.stdout)["changes"]], ["SHRUNK", "GONE"])
    equal(fdtrace("diff", "base.fdt", "now.json", "-o", "diff.md").returncode, 0)
    contains(pathlib.Path("diff.md").read_text(), "| grown | 3 | 5 | leak |")
    equal(fdtrace("diff", "base.fdt", "none.fdt").returncode, 125)


def test_recordings_of_shards_are_merged_into_one():
    program = leaky()
    for shard in range(3):
        fdtrace("-q", "-o", f"{shard}.fdt", "--", program, "load", str(shard + 1))
    done = fdtrace("merge", "0.fdt", "1.fdt", "2.fdt", "--format", "json", "--error-exitcode", "5")
    equal(done.returncode, 5, done.stderr)
    merged = json.loads(done.stdout)
    equal([leak["still_open"] for leak in merged["leaks"]], [6])
    equal(merged["recording"]["still_open"], 6)
    equal(len(merged["processes"]), 3)
    contains(merged["recording"]["notes"][-1], "3 recordings were merged")
    pathlib.Path("merged.json").write_text(done.stdout)
    equal(fdtrace("diff", "merged.json", "merged.json", "--error-exitcode", "5").returncode, 0)


if __name__ == "__main__":
    main(globals(), sys.argv[2:])
