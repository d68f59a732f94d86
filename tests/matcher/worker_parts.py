"""What worker processes do in the tests; a module of its own, since fresh processes import it."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from matcher.errors import EngineUnavailable


def square() -> Callable[[int], int]:
    def work(number: int) -> int:
        # Later tasks are quicker, so that results come out of order.
        time.sleep(0.02 if number % 5 == 0 else 0)
        return number * number

    return work


def obedient() -> Callable[[tuple[str, str]], str]:
    """Does what a task says: (what, argument)."""
    return _obey


def broken() -> Callable[[int], int]:
    raise EngineUnavailable("the weights are missing; install them")


def dying() -> Callable[[int], int]:
    os._exit(3)


def _obey(task: tuple[str, str]) -> str:
    what, argument = task
    if what == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "die once" and not Path(argument).exists():
        Path(argument).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "sleep":
        time.sleep(float(argument))
    if what == "fail":
        raise ValueError(argument)
    if what == "exhaust":
        raise MemoryError
    if what == "engine":
        raise EngineUnavailable(argument)
    if what == "pid":
        return str(os.getpid())
    return argument
