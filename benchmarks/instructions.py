#!/usr/bin/env python3
"""Counts the instructions that a call of ours adds to the program, which times on a shared machine cannot tell: callgrind
runs the workload traced and bare, and two counts of calls tell what one costs.

usage: instructions.py FDTRACE WORKLOAD [--write]

Compares with benchmarks/instructions.json, as a test (TAP): within 2 % either way. `--write` writes that file instead,
after a change that means it; the compiler of Debian 12 is part of it.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

EXPECTED = pathlib.Path(__file__).resolve().parent / "instructions.json"
TOLERANCE = 0.02
FEW, MANY = 2_000, 12_000
# Name: arguments of the workload but the count.
WORKS = {
    "open + close, 5 frames": ("open_close", 3),
    "open + close, 20 frames": ("open_close", 18),
    "open + close, 60 frames": ("open_close", 58),
    "write of one byte": ("write_byte", 0),
}


def instructions(prefix, workload, work, depth, count, directory):
    """Of the whole run."""
    command = [*prefix, "valgrind", "--tool=callgrind", f"--callgrind-out-file={directory}/out", workload, work, str(count), str(depth)]
    ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=True)
    collected = re.search(r"Collected : (\d+)", ran.stderr)
    if collected is None:
        raise RuntimeError(f"callgrind did not count: {ran.stderr[-500:]}")
    return int(collected.group(1))


def added(fdtrace, workload, work, depth, directory):
    """Instructions that one call, or one pair of calls, has more than bare."""
    traced = [fdtrace, "-q", "-o", f"{directory}/trace.fdt", "--"]
    per_call = [
        (instructions(prefix, workload, work, depth, MANY, directory) - instructions(prefix, workload, work, depth, FEW, directory)) /
        (MANY - FEW) for prefix in ([], traced)
    ]
    return per_call[1] - per_call[0]


def main():
    fdtrace, workload = map(os.path.abspath, sys.argv[1:3])
    if shutil.which("valgrind") is None:
        print("1..0 # skip valgrind is not installed")
        return 0
    with tempfile.TemporaryDirectory(prefix="fdtrace-instructions-") as directory:
        counts = {name: round(added(fdtrace, workload, work, depth, directory)) for name, (work, depth) in WORKS.items()}
    if "--write" in sys.argv[3:]:
        EXPECTED.write_text(json.dumps(counts, indent=2) + "\n", encoding="utf-8")
        return 0
    expected = json.loads(EXPECTED.read_text(encoding="utf-8"))
    failed = 0
    print(f"1..{len(counts)}")
    for number, (name, count) in enumerate(counts.items(), 1):
        off = count / expected[name] - 1
        good = abs(off) <= TOLERANCE
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} - {name}: {count} instructions, {off:+.1%} of the {expected[name]} expected")
    if failed:
        print("# if that is meant: benchmarks/instructions.py build/fdtrace build/benchmarks/workload --write")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
