"""Signing in with a password: locked out for longer and longer, and the same work and answer for everybody.

Who is unknown, locked, disabled or mistaken costs one argon2id hash, one writing transaction with the same statements
and one audit entry, and is told the same. Names that are no account's are not recorded: a password may stand there.
"""

import time
from enum import StrEnum

from sqlalchemy import Connection, select

from matcher.accounts.account import Account
from matcher.accounts.faults import SignInFailed
from matcher.accounts.passwords import Passwords
from matcher.accounts.register import Now
from matcher.accounts.storing import account_of, change
from matcher.audit.chain import append
from matcher.audit.entry import Action, Entry
from matcher.records.account_tables import account
from matcher.records.database import Database

FREE_FAILURES = 5
"""So many in a row cost nothing; from then on each locks the account, twice as long as the one before."""
FIRST_LOCK_SECONDS = 30
LONGEST_LOCK_SECONDS = 3_600
_NOBODY = "?"


class _Failure(StrEnum):
    UNKNOWN = "unknown account"
    DISABLED = "disabled"
    LOCKED = "locked"
    PASSWORD = "wrong password"  # noqa: S105 - the reason


def lock_seconds(failures: int) -> int:
    """How long an account is locked after so many failures in a row."""
    if failures < FREE_FAILURES:
        return 0
    return min(LONGEST_LOCK_SECONDS, FIRST_LOCK_SECONDS << min(20, failures - FREE_FAILURES))


class SignIn:
    """Passwords against one database. now: seconds since 1970."""

    def __init__(self, database: Database, passwords: Passwords, *, now: Now = time.time) -> None:
        self._database = database
        self._passwords = passwords
        self._now = now

    def with_password(self, name: str, password: str) -> Account:
        """The account whose name and password these are; raises SignInFailed, and records either."""
        plain = name.strip().lower()[:64]
        kept = self._kept(plain)
        is_right = self._passwords.verify(kept, password)
        renewed = self._passwords.hash(password) if is_right and self._passwords.is_outdated(kept) else kept
        with self._database.writing() as connection:
            # Read anew: whoever tries many at once meets the lock that the first of them set.
            row = connection.execute(select(account).where(account.c.name == plain)).one_or_none()
            present = None if row is None else account_of(row)
            is_same = row is not None and row.password == kept
            failure = self._failure(present, is_right=is_right and is_same)
            if failure is None and present is not None:
                change(
                    connection, present.account_id, now=present.changed_at, failures=0, locked_until=0, password=renewed
                )
                entry = Entry(Action.SIGN_IN, (f"account:{present.name}",), {"how": "password"})
                append(connection, entry)
                return present
            self._failed(connection, present, failure or _Failure.UNKNOWN)
        raise SignInFailed

    def _kept(self, name: str) -> str:
        with self._database.reading() as connection:
            row = connection.execute(select(account).where(account.c.name == name)).one_or_none()
        return "" if row is None else str(row.password)

    def _failure(self, found: Account | None, *, is_right: bool) -> _Failure | None:
        if found is None:
            return _Failure.UNKNOWN
        if found.is_disabled:
            return _Failure.DISABLED
        if self._now() < found.locked_until:
            return _Failure.LOCKED
        return None if is_right else _Failure.PASSWORD

    def _failed(self, connection: Connection, found: Account | None, failure: _Failure) -> None:
        # What is tried while it is locked does not lock it for longer: nobody can be kept out for ever by others.
        counts = failure is _Failure.PASSWORD
        failures = (found.failures if found else 0) + counts
        locked = int(self._now()) + lock_seconds(failures) if counts else (found.locked_until if found else 0)
        known_at = found.changed_at if found else 0
        # The same statement for everybody; it finds nothing where there is no account.
        change(connection, found.account_id if found else _NOBODY, now=known_at, failures=failures, locked_until=locked)
        subjects = (f"account:{found.name if found else _NOBODY}",)
        append(connection, Entry(Action.SIGN_IN_FAILED, subjects, {"why": failure.value}))
