"""Tests with a limit to what they may leave open."""

import os

import pytest

kept = []


class Cycle:
    """Closes its descriptor when it is collected, which takes the garbage collector."""

    def __init__(self):
        self.itself = self
        self.fd = os.open("/dev/null", os.O_RDONLY)

    def __del__(self):
        os.close(self.fd)


@pytest.fixture
def leaking_fixture():
    yield
    kept.append(os.open("/dev/null", os.O_RDONLY))


@pytest.mark.fdtrace
def test_within_no_limit():
    os.close(os.open("/dev/null", os.O_RDONLY))


@pytest.mark.fdtrace(limit=1)
def test_within_a_limit():
    kept.append(os.open("/dev/null", os.O_RDONLY))


@pytest.mark.fdtrace(limit=1)
def test_beyond_its_limit():
    kept.extend(os.open("/dev/null", os.O_RDONLY) for _ in range(2))


@pytest.mark.fdtrace
def test_whose_fixture_leaks(leaking_fixture):
    pass


@pytest.mark.fdtrace
def test_that_leaves_garbage():
    Cycle()


def test_without_a_limit():
    kept.append(os.open("/dev/null", os.O_RDONLY))
