"""Tells fdtrace which test is running, and fails tests that leave descriptors open.

Run as `fdtrace -- pytest …`, the report says which test left which descriptors open. Without fdtrace it does nothing.
The positions that it remembers count openings, see fdtrace.h: so it asks again at the end what is open still.
"""

import ctypes
import gc

import pytest

NEVER_ENDS = 2**64 - 1


class Fdtrace:
    """The functions of fdtrace's library, if that is in this process."""

    def __init__(self):
        program = ctypes.CDLL(None)
        self._mark = getattr(program, "fdtrace_mark", None)
        self._still_open = getattr(program, "fdtrace_still_open", None)
        self.is_here = self._mark is not None and self._still_open is not None
        if self.is_here:
            self._mark.argtypes = [ctypes.c_char_p]
            self._mark.restype = ctypes.c_uint64
            self._still_open.argtypes = [ctypes.c_uint64, ctypes.c_uint64]
            self._still_open.restype = ctypes.c_int

    def mark(self, name):
        return self._mark(name if name is None else name.encode("utf-8", "surrogateescape"))

    def still_open(self, begin, end=NEVER_ENDS):
        return self._still_open(begin, end)


def counted(number, noun):
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def limit_of(marker):
    return marker.kwargs.get("limit", marker.args[0] if marker.args else 0)


class Plugin:
    running = []  # names of tests, the outermost first: one may run a session of pytest's own in this process

    def __init__(self, config):
        self.config = config
        self.fdtrace = Fdtrace()
        self.spans = []  # of each test that was run: its name, and the positions where it began and ended
        self.began = 0  # where the running one did
        # Of this process, or of all workers where pytest-xdist distributes the tests.
        self.left_open = []  # pairs of a test's name and how many of its descriptors are open at the end
        self.unchecked = 0  # tests with the marker that ran without fdtrace

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item):
        if not self.fdtrace.is_here:
            if item.get_closest_marker("fdtrace") is not None:
                self.unchecked += 1
            yield
            return
        self.running.append(item.nodeid)
        self.began = self.fdtrace.mark(item.nodeid)
        yield
        self.running.pop()
        ended = self.fdtrace.mark(self.running[-1] if self.running else None)
        self.spans.append((item.nodeid, self.began, ended))

    # The report of the teardown is made when all of the test is over.
    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item, call):
        outcome = yield
        marker = item.get_closest_marker("fdtrace")
        if call.when != "teardown" or marker is None or not self.fdtrace.is_here:
            return
        report = outcome.get_result()
        gc.collect()
        count = self.fdtrace.still_open(self.began)
        if report.passed and count > limit_of(marker):
            report.outcome = "failed"
            report.longrepr = (
                f"{item.nodeid} left {counted(count, 'descriptor')} open that it opened, and may leave {limit_of(marker)}"
                " (fdtrace's report says where they were opened)"
            )

    # After the fixtures of the session were torn down.
    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self):
        if self.spans:
            gc.collect()
        for name, began, ended in self.spans:
            count = self.fdtrace.still_open(began, ended)
            if count > 0:
                self.left_open.append((name, count))
        output = getattr(self.config, "workeroutput", None)  # of a worker of pytest-xdist
        if output is not None:
            output["fdtrace"] = {"left_open": self.left_open, "unchecked": self.unchecked}

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node):
        output = getattr(node, "workeroutput", {}).get("fdtrace", {})  # one that crashed has none
        self.left_open += output.get("left_open", [])
        self.unchecked += output.get("unchecked", 0)

    def pytest_terminal_summary(self, terminalreporter):
        if not self.left_open and not self.unchecked:
            return
        terminalreporter.section("fdtrace")
        if self.unchecked:
            terminalreporter.line(
                f"{counted(self.unchecked, 'test')} with a limit not checked: pytest does not run under fdtrace"
            )
        if self.left_open:
            terminalreporter.line("left open at the end (fdtrace's report says where they were opened):")
        for name, count in sorted(self.left_open, key=lambda left: -left[1]):
            terminalreporter.line(f"  {name}   {counted(count, 'descriptor')}")


def pytest_configure(config):
    config.addinivalue_line(
        "markers",
        "fdtrace(limit=0): under fdtrace, fail the test if it leaves more than LIMIT descriptors open that it opened",
    )
    config.pluginmanager.register(Plugin(config), "fdtrace")
