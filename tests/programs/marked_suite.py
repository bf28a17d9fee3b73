"""Ten tests, two of which leave descriptors open: three and one; the second by a program that it runs."""

import os
import subprocess
import sys

import pytest

kept = []


def open_config():
    return os.open("/etc/passwd", os.O_RDONLY)


@pytest.fixture(scope="session")
def shared_log():
    log = open_config()
    yield log
    os.close(log)


@pytest.fixture
def own_log():
    log = open_config()
    yield log
    os.close(log)


def test_leaks_three():
    for _ in range(3):
        kept.append(open_config())


def test_runs_a_leaking_program():
    subprocess.run([sys.executable, "-S", "-c", "import os; os.open('/dev/null', os.O_RDONLY)"], check=True)


def test_uses_a_log_of_the_session(shared_log):
    assert shared_log > 2


def test_uses_its_own_log(own_log):
    assert own_log > 2


@pytest.mark.parametrize("count", range(4))
def test_closes_what_it_opens(count):
    for _ in range(count):
        os.close(open_config())


def test_runs_a_clean_program():
    subprocess.run(["/bin/true"], check=True)


def test_opens_nothing():
    pass
