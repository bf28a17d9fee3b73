"""Runs the programs and tells, as a Markdown table or as TAP."""

import dataclasses
import json
import os
import pathlib
import re
import shlex
import shutil
import tempfile

import compare
import run


@dataclasses.dataclass
class Row:
    program: object
    verdict: str  # equal, right, differs, volatile, failed or missing
    compared: str = ""
    told: tuple = ()  # lines: the differences, or what is missing
    times: str = ""
    recorded: str = ""

    @property
    def good(self):
        return self.verdict in ("equal", "right", "missing")


def missing(program, path):
    """Those commands and files that the program needs and that are not there."""
    return [need for need in program.needs if not (os.path.exists(need) if need.startswith("/") else shutil.which(need, path=path))]


def what_was_recorded(report_path):
    """Of the traced run, in a few words; (words, whether something is wrong)."""
    if not report_path.exists():
        return "no report", True
    recording = json.loads(report_path.read_text())
    corrections = recording.get("recording", {}).get("corrections", {})
    leaks = recording.get("leaks", [])
    words = [f"{len(recording.get('processes', []))} processes", f"{sum(int(leak.get('still_open', 0)) for leak in leaks)} left open"]
    words += [f"{name.replace('_', ' ')} {count}" for name, count in sorted(corrections.items()) if count]
    return ", ".join(words), False


def run_program(program, fdtrace):
    gone = missing(program, run.environment("/")["PATH"])
    if gone:
        return Row(program, "missing", told=(f"not installed: {', '.join(gone)}",))
    base = pathlib.Path(tempfile.mkdtemp(prefix="fdtrace_transparency."))
    base.chmod(0o755)
    try:
        return compared_row(program, base, fdtrace)
    finally:
        run.end_all(base)
        shutil.rmtree(base, ignore_errors=True)


def compared_row(program, base, fdtrace):
    trouble = run.prepare(base, program.prepare)
    if trouble is not None:
        return Row(program, "failed", told=(f"could not be prepared: {trouble}",))
    bare = run.run(base, program.script, program.limit_seconds)
    if not bare.ended:
        return Row(program, "failed", told=(f"did not end in {program.limit_seconds} s, bare",))
    report = base / "report.json"
    words = (fdtrace, "-q", "-o", str(base / "trace.fdt"), "-r", str(report), "--")
    how = {"tracer": shlex.join(words)} if program.tracer_inside else {"before": words}
    traced = run.run(base, program.script, program.limit_seconds * 3, **how)
    found = compare.compare(program, bare, traced)
    times = f"{bare.seconds:.1f} → {traced.seconds:.1f}"
    told = list(found.differences) + ([] if traced.ended else [f"did not end in {program.limit_seconds * 3} s, traced"])
    recorded, wrong = what_was_recorded(report)
    if wrong:
        told.append(recorded)
    verdict, told = judge(program, base, bare, told)
    return Row(program, verdict, "; ".join(found.compared), tuple(told), times, recorded)


def judge(program, base, bare, told):
    """(verdict, lines) of the differences TOLD: those that a rule calls right, and those that another bare run has as well."""
    bad = [line for line in told if not any(re.search(right.pattern, line) for right in program.right)]
    if not bad:
        return ("right" if told else "equal"), told
    again = compare.compare(program, bare, run.run(base, program.script, program.limit_seconds)).differences
    if again:
        return "volatile", bad + [f"(two bare runs differ as well: {line})" for line in again]
    return "differs", bad


def cell(text):
    return text.replace("|", "\\|").replace("\n", "<br>")


def markdown(row):
    program = row.program
    why = [program.note] if program.note else []
    if row.verdict == "right":
        why += [right.why for right in program.right if any(re.search(right.pattern, line) for line in row.told)]
        told = f"{len(row.told)} difference{'s' if len(row.told) > 1 else ''}, right"
    else:
        told = row.verdict if row.verdict == "equal" else "\n".join([row.verdict, *row.told])
    if row.verdict == "missing":
        told = row.told[0]
    return f"| {cell(program.name)} | {cell(row.compared)} | {cell(told)} | {row.times} | {cell(row.recorded)} | {cell(' '.join(why))} |"


HEAD = "| program | compared | result | seconds, bare → traced | recorded | why, or what was mended |\n|---|---|---|---|---|---|"


def print_markdown(programs, fdtrace):
    """The table; whether all is as it should be."""
    print(HEAD, flush=True)
    rows = []
    for program in programs:
        rows.append(run_program(program, fdtrace))
        print(markdown(rows[-1]), flush=True)
    counts = {verdict: sum(row.verdict == verdict for row in rows) for verdict in ("equal", "right", "differs", "volatile", "failed", "missing")}
    print("\n" + ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count or verdict == "differs"))
    return all(row.good for row in rows)


def print_tap(programs, fdtrace):
    print(f"1..{len(programs)}")
    good = True
    for number, program in enumerate(programs, 1):
        row = run_program(program, fdtrace)
        good = good and row.good
        for line in row.told:
            print(f"# {line}")
        skip = f" # SKIP {row.told[0]}" if row.verdict == "missing" else ""
        print(f"{'ok' if row.good else 'not ok'} {number} - {program.name}: {row.verdict}{skip}", flush=True)
    return good
