"""How time and memory grow with what is recorded: each table changes one thing, ten times at each step."""

import json
import os
import pathlib
import resource
import subprocess
import time

LIMIT_S = 1800  # for one recording


def processor_seconds(pid):
    """What the process has used, without the programs that it waited for."""
    ticks = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def recording(fdtrace, command, directory):
    """(seconds, fdtrace's own of them on a processor, bytes that it needed, bytes of the trace, seconds of its report, the
    report's `recording`)."""
    trace, report = directory / "growth.fdt", directory / "growth.json"
    began = time.monotonic()
    run = subprocess.Popen([fdtrace, "-q", "-o", trace, "--", *map(str, command)], stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL)
    os.waitid(os.P_PID, run.pid, os.WEXITED | os.WNOWAIT)
    busy = processor_seconds(run.pid)
    _, status, usage = os.wait4(run.pid, 0)
    run.returncode = os.waitstatus_to_exitcode(status)  # the memory is that of the largest: the programs are small
    took = time.monotonic() - began
    if run.returncode != 0:
        raise RuntimeError(f"{command} ended with {run.returncode}")
    began = time.monotonic()
    subprocess.run([fdtrace, "report", trace, "--format", "json", "-o", report], check=True, timeout=LIMIT_S)
    reported = time.monotonic() - began
    return took, busy, usage.ru_maxrss * 1024, trace.stat().st_size, reported, json.loads(report.read_text())["recording"]


def table(title, steps, fdtrace, directory):
    """Lines of Markdown. `steps`: (what was done, command, events of it)."""
    lines = ["", f"| {title} | seconds | events a second | fdtrace's processor time an event | events lost | fdtrace's memory | trace | its report |", "|---|---|---|---|---|---|---|---|"]
    for name, command in steps:
        took, busy, memory, size, reported, told = recording(fdtrace, command, directory)
        events = int(told["events"])
        lines.append(f"| {name} | {took:.2f} | {events / took:,.0f} | {1e6 * busy / max(events, 1):,.2f} µs | {int(told['events_lost']):,} | {memory / 2**20:.0f} MiB "
                     f"| {size / 1024:,.0f} KiB | {reported:.2f} s |")
    return lines


RESTS = """
import tempfile, time
held = [open("/dev/null") for _ in range(1000)] + [tempfile.TemporaryFile() for _ in range(10)]
time.sleep(60)
"""


def at_rest(fdtrace, directory, seconds=20):
    """A sentence: what fdtrace needs while the program does nothing."""
    run = subprocess.Popen([fdtrace, "-q", "-o", directory / "growth.fdt", "--", "/usr/bin/python3", "-c", RESTS], stdin=subprocess.DEVNULL)
    time.sleep(3)
    before = processor_seconds(run.pid)
    time.sleep(seconds)
    share = (processor_seconds(run.pid) - before) / seconds
    run.terminate()  # passed on to the program
    run.wait(timeout=LIMIT_S)
    return (f"At rest, while a program that holds 1,000 descriptors and 10 files without a name sleeps for {seconds} s, fdtrace takes "
            f"{share:.2%} of a core (bound: 1%).")


def powers(first, last):
    return [10**power for power in range(first, last + 1)]


def tables(fdtrace, workload, directory, largest):
    """All of them; `largest`: the most pairs of calls."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 64
    pairs = [count for count in powers(4, 9) if count <= largest]
    kept = [count for count in powers(2, 5) if count < limit] + [limit]
    return (
        table("pairs of open and close, from 100 sites", [(f"{count:,}", [workload, 100, count]) for count in pairs], fdtrace, directory) +
        table("sites, of ten pairs each", [(f"{count:,}", [workload, count, 10 * count]) for count in powers(1, 5)], fdtrace, directory) +
        table("descriptors left open, from 100 sites",
              [(f"{count:,}", ["sh", "-c", f"ulimit -n {limit + 64} && exec {workload} -100 {count}"]) for count in kept], fdtrace, directory) +
        table("processes", [(f"{count:,}", [workload, "spawn_true", count]) for count in powers(0, 4)], fdtrace, directory))
