"""Accounts over an empty database, a clock that a test sets, and passwords that are quick to hash."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from matcher.accounts.passwords import Passwords
from matcher.accounts.provided import Provided
from matcher.accounts.register import Register
from matcher.accounts.sessions import Sessions
from matcher.accounts.signing_in import SignIn
from matcher.accounts.tokens import Tokens
from matcher.audit.asking import ALL, stream
from matcher.audit.verifying import verify
from matcher.records.database import Database

GOOD = "four words in a row 7"
OTHER = "quite another one 12"


class Clock:
    """A time that only a test moves on."""

    def __init__(self) -> None:
        self.at = 1_750_000_000.0

    def __call__(self) -> float:
        return self.at


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything of accounts over one database."""

    database: Database
    clock: Clock
    register: Register
    sign_in: SignIn
    sessions: Sessions
    tokens: Tokens
    provided: Provided

    def entries(self) -> list[dict[str, Any]]:
        """Every entry of the audit, whose chain is whole, oldest first."""
        with self.database.reading() as connection:
            assert verify(connection).finding is None
            return [json.loads(line.body) for line in stream(connection, ALL)]

    def actions(self) -> list[str]:
        return [entry["action"] for entry in self.entries()]


@contextmanager
def desk_over(url: str, *, memory_kib: int = 64) -> Iterator[Desk]:
    clock, passwords = Clock(), Passwords(memory_kib=memory_kib)
    with closing(Database.open(url)) as database:
        yield Desk(
            database,
            clock,
            Register(database, passwords, now=clock),
            SignIn(database, passwords, now=clock),
            Sessions(database, now=clock),
            Tokens(database, now=clock),
            Provided(database, now=clock),
        )
