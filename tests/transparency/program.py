"""What a row of the table is: a program, how it is run, and which of its differences from run to run mean nothing."""

import dataclasses
import re


@dataclasses.dataclass(frozen=True)
class Rule:
    """Replaces what differs between any two runs, traced or not. WHERE is a pattern for `out`, `err`, `seen/NAME` or `files/NAME`."""
    where: str
    pattern: str
    replacement: str
    why: str

    def applied(self, where, data):
        if not re.fullmatch(self.where, where):
            return data
        return re.sub(self.pattern.encode(), self.replacement.encode(), data, flags=re.M)


@dataclasses.dataclass(frozen=True)
class Unread:
    """Files whose contents differ between any two runs: their names, kinds and modes are still compared."""
    names: str  # a pattern
    why: str


@dataclasses.dataclass(frozen=True)
class Right:
    """A difference that is right: a pattern for a line that tells a difference, and why it is so."""
    pattern: str
    why: str


@dataclasses.dataclass(frozen=True)
class Program:
    name: str
    # Run by bash in an empty directory, bare and traced, with all that it starts. It finds in its environment: PREPARED, the
    # directory that `prepare` was run in; PROBE, a program that tells what it sees of itself; HELPERS, a file of shell functions.
    script: str
    needs: tuple = ()  # commands and files; where one is missing the row says "not installed"
    packages: tuple = ()  # Debian's, that `scripts/transparency --setup` installs
    prepare: str = ""  # run once, untraced
    rules: tuple = ()
    unread: tuple = ()
    right: tuple = ()
    # The script itself runs fdtrace, as $TRACER COMMAND: what is tested is another tool over fdtrace. TRACER is empty in the bare run.
    tracer_inside: bool = False
    quick: bool = False  # runs in CI
    limit_seconds: int = 60  # of each run
    note: str = ""  # what was mended, or what the row shows that its name does not say
