"""Opens what a service or a command needs of accounts, from the settings."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from matcher.accounts.passwords import Passwords
from matcher.accounts.register import Now, Register
from matcher.accounts.sessions import Limits, Sessions
from matcher.accounts.signing_in import SignIn
from matcher.accounts.tokens import Tokens
from matcher.build import open_database
from matcher.records.database import Database
from matcher.settings import Settings


@dataclass(frozen=True, slots=True)
class Accounts:
    """Everything of accounts over one database, for any number of threads."""

    database: Database
    register: Register
    sign_in: SignIn
    sessions: Sessions
    tokens: Tokens


def accounts_of(database: Database, settings: Settings, *, now: Now = time.time) -> Accounts:
    """Accounts in a database, with the settings' limits. now: seconds since 1970."""
    passwords = Passwords(memory_kib=settings.password_kib)
    limits = Limits(idle=60 * settings.session_idle_minutes, absolute=3_600 * settings.session_hours)
    return Accounts(
        database,
        Register(database, passwords, now=now),
        SignIn(database, passwords, now=now),
        Sessions(database, limits=limits, now=now),
        Tokens(database, now=now),
    )


@contextmanager
def open_accounts(settings: Settings) -> Iterator[Accounts]:
    """The accounts of the settings' home; raises RecordsError."""
    database = open_database(settings)
    try:
        yield accounts_of(database, settings)
    finally:
        database.close()
