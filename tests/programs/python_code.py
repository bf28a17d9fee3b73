"""Opens /dev/null from every kind of Python code, and keeps it."""

import asyncio
import functools
import os
import sys

kept = []


def keep():
    kept.append(os.open("/dev/null", os.O_RDONLY))


def decorated(function):
    @functools.wraps(function)
    def wrapper(*arguments):
        return function(*arguments)

    return wrapper


class Outer:
    keep()

    class Inner:
        @staticmethod
        @decorated
        def static():
            keep()

        @property
        def value(self):
            return keep()


def generator():
    keep()
    yield 1


async def coroutine():
    await asyncio.sleep(0)
    keep()


def comprehension():
    return [keep() for _ in range(1)]


def nested():
    def inner():
        (lambda: keep())()

    inner()


def recursive(depth):
    if depth == 0:
        keep()
    else:
        recursive(depth - 1)


def exec_twice():
    for name in ("first", "second"):
        scope = {"keep": keep}
        exec(compile("def %s():\n    keep()\n%s()\n" % (name, name), "<template>", "exec"), scope)


Outer.Inner.static()
Outer.Inner().value
next(generator())
asyncio.new_event_loop().run_until_complete(coroutine())
comprehension()
nested()
sorted([2, 1], key=lambda number: keep() or number)
recursive(300)
exec_twice()
sys.stdout.flush()
os._exit(0)
