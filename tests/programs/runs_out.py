"""`runs_out.py WHAT [DIRECTORY]`: as runs_out.c, in Python."""

import os
import resource
import sys

kept = []


def load_config():
    kept.append(open("/dev/null"))


def spool():
    file = open("spool", "wb", buffering=0)
    os.unlink("spool")
    kept.append(file)
    if file.write(b"x" * (256 << 10)) < 256 << 10:
        file.write(b"x")


def until_refused(take):
    refused = 0
    while refused < 6:
        try:
            take()
        except OSError:
            refused += 1


if sys.argv[1] == "open":
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    until_refused(load_config)
else:
    os.chdir(sys.argv[2])
    until_refused(spool)
