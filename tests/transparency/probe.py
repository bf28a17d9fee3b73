#!/usr/bin/python3 -I
"""Tells what a process that stands here sees of itself: `probe.py NAME` writes it into the files NAME.* of the directory $SEEN.

Numbers that no two processes share (inodes, pids) are left out here, once for all programs.
"""

import os
import re
import resource
import signal
import sys


def descriptors():
    for fd in sorted(map(int, os.listdir("/proc/self/fd"))):
        try:
            flags = re.search(r"flags:\s*(\d+)", open(f"/proc/self/fdinfo/{fd}").read()).group(1)
            yield f"{fd} {flags} {re.sub(r'[0-9]+(?=])', 'N', os.readlink(f'/proc/self/fd/{fd}'))}"
        except OSError:
            pass  # the listing's own


def mappings():
    """Permissions and file of each mapping, each pair once; anonymous ones count as one."""
    pairs = set()
    for line in open("/proc/self/maps"):
        fields = line.split(maxsplit=5)
        pairs.add(f"{fields[1]} {fields[5].strip() if len(fields) > 5 else '(anonymous)'}")
    return sorted(pairs)


def state():
    for line in open("/proc/self/status"):
        if line.startswith(("Umask", "Uid", "Gid", "Groups", "Threads", "Sig", "Shd", "Cap", "NoNewPrivs", "Seccomp:", "Cpus_allowed:")):
            yield " ".join(line.split()) if not line.startswith("SigQ") else "SigQ"
    for name in sorted(name for name in dir(resource) if name.startswith("RLIMIT_")):
        yield f"{name} {resource.getrlimit(getattr(resource, name))}"
    yield f"directory {os.getcwd()}"
    yield f"leads its group {os.getpgrp() == os.getpid()}, its session {os.getsid(0) == os.getpid()}"
    yield f"nice {os.getpriority(os.PRIO_PROCESS, 0)}, scheduler {os.sched_getscheduler(0)}"
    yield f"timer {signal.getitimer(signal.ITIMER_REAL)}"
    yield f"out of memory {open('/proc/self/oom_score_adj').read().strip()}, dumps {open('/proc/self/coredump_filter').read().strip()}"


def main():
    told = {
        "descriptors": list(descriptors()),
        "environment": sorted(f"{name}={value}" for name, value in os.environ.items()),
        "maps": mappings(),
        "state": list(state()),
    }
    for what, lines in told.items():
        with open(f"{os.environ['SEEN']}/{sys.argv[1]}.{what}", "w") as out:
            out.write("".join(f"{line}\n" for line in lines))


main()
