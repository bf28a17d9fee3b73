"""What a program has left in a directory: names, kinds, modes, owners and contents."""

import dataclasses
import os
import stat


@dataclasses.dataclass(frozen=True)
class Entry:
    kind: str  # file, directory, link, fifo, socket or device
    mode: int  # permission bits
    owner: tuple  # uid, gid
    links: int  # names of the same file; 0 for a directory
    content: bytes  # of a file; where a link leads


KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "link", stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket"}


def entry(path):
    status = os.lstat(path)
    kind = KINDS.get(stat.S_IFMT(status.st_mode), "device")
    content = b""
    if kind == "link":
        content = os.fsencode(os.readlink(path))
    elif kind == "file":
        with open(path, "rb") as file:
            content = file.read()
    return Entry(kind, stat.S_IMODE(status.st_mode), (status.st_uid, status.st_gid), 0 if kind == "directory" else status.st_nlink,
                 content)


def tree(root):
    """Name relative to ROOT → Entry, of everything below it. What goes while we look is not there."""
    found = {}
    for directory, names, others in os.walk(root):
        for name in names + others:
            path = os.path.join(directory, name)
            try:
                found[os.path.relpath(path, root)] = entry(path)
            except FileNotFoundError:
                pass
    return found
