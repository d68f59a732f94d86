"""Who acts: known at the door (command line, HTTP), asked for where an entry is made, far below.

A context variable rather than an argument of every call in between: one that was forgotten would be an entry without
its actor. It follows a call into a thread only where the thread's context is copied, as anyio and asyncio do.
"""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

_actor: ContextVar[str] = ContextVar("matcher_actor", default="")


def current_actor() -> str:
    """The one who acts now; the operating system's user where no door has said."""
    return _actor.get() or _system_user()


@contextmanager
def acting(actor: str) -> Iterator[None]:
    """Inside the block, `actor` acts, as in ``account:anna``, ``token:7`` or ``http:local``."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def _system_user() -> str:
    # getpass believes the environment first; the kernel's number is what can't be set by whoever starts the program.
    return _user_of(os.getuid() if hasattr(os, "getuid") else -1)


@cache
def _user_of(number: int) -> str:
    try:
        import pwd

        name = pwd.getpwuid(number).pw_name
    except (ImportError, KeyError):
        name = getpass.getuser() if number < 0 else str(number)
    return f"os:{name}"
