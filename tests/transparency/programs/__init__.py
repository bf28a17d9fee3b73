"""The table's source: every program, in the order of how many people run it."""

from . import browsers, builders, companions, languages, processes, servers, shells, tools

PROGRAMS = (*shells.PROGRAMS, *tools.PROGRAMS, *servers.PROGRAMS, *languages.PROGRAMS, *builders.PROGRAMS, *browsers.PROGRAMS, *processes.PROGRAMS,
            *companions.PROGRAMS)
