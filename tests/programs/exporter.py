"""Keeps 120 files, 30 sockets and 5 deleted files, and opens 500 files tidily. Ends as its argument says."""

import os
import socket
import sys
import threading

kept = []


class Exporter:
    def open_part(self):
        kept.append(open(__file__, "rb"))


def handle_request():
    for _ in range(30):
        kept.append(socket.socket())


def spool(directory):
    path = os.path.join(directory, "spool")
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    os.unlink(path)
    os.write(fd, b"x" * 2**20)


def read_tidily():
    with open(__file__, "rb") as source:
        source.read(1)


def main():
    exporter = Exporter()
    for _ in range(120):
        exporter.open_part()
    thread = threading.Thread(target=handle_request, name="pool-1")
    thread.start()
    thread.join()
    for _ in range(5):
        spool(sys.argv[1])
    for _ in range(500):
        read_tidily()
    sys.stdout.write("exported\n")
    sys.stdout.flush()
    if sys.argv[2] == "abruptly":
        os._exit(3)
    sys.exit(3)


main()
