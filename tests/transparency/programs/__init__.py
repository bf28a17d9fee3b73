"""The table's source: every program, in the order of how many people run it."""

from . import shells, tools

PROGRAMS = (*shells.PROGRAMS, *tools.PROGRAMS)
