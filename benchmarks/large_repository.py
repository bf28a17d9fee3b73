"""A git repository of the size that a team has after some years, the same each time."""
import random
import subprocess

COMMITS = 4_000
FILES = 20_000
CHANGED_IN_A_COMMIT = 8
LINES = 20


def _data(text):
    octets = text.encode("ascii")
    return b"data %d\n%s\n" % (len(octets), octets)


def _commit(chance, versions, number, changed):
    """As git-fast-import(1) reads it."""
    yield b"commit refs/heads/main\ncommitter bench <bench@localhost> %d +0000\n" % (1_600_000_000 + 3_600 * number)
    yield _data(f"Change {number}\n")
    for file in changed:
        versions[file] = versions.get(file, 0) + 1
        lines = [f"{file} {line} {chance.random() if line == versions[file] % LINES else ''}\n" for line in range(LINES)]
        yield b"M 644 inline %s\n" % f"part{file % 100}/unit{file // 100 % 20}/{file}.txt".encode("ascii")
        yield _data("".join(lines))


def make(directory, limit_s):
    """A bare one in DIRECTORY, which git makes within so many seconds."""
    chance = random.Random(1)
    versions = {}
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", directory], check=True, capture_output=True, timeout=limit_s)
    command = ["git", "-C", directory, "fast-import", "--quiet"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as importer:
        for number in range(COMMITS):
            changed = range(FILES) if number == 0 else chance.sample(range(FILES), CHANGED_IN_A_COMMIT)
            importer.stdin.writelines(_commit(chance, versions, number, changed))
        importer.stdin.close()
        if importer.wait(limit_s) != 0:
            raise RuntimeError("git fast-import failed")
