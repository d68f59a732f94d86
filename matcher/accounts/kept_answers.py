"""Answers to calls that carry an Idempotency-Key, kept for a day so that a repeated call makes nothing twice.

They are sealed with what the caller alone knows, the key and the body: without both they can't be read, here neither.
"""

import hashlib
import time
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, insert, select, update

from matcher.accounts.register import Now
from matcher.protection.sealing import Key
from matcher.records.account_tables import kept_answer
from matcher.records.database import Database

KEPT_SECONDS = 24 * 3_600
UNDER_WAY_SECONDS = 600
"""After so long a call that never ended, as by a kill, may be made again."""


class Claim(StrEnum):
    """What a key means at this moment."""

    NEW = "new"
    UNDER_WAY = "under way"
    KEPT = "kept"
    OTHER_BODY = "other body"


@dataclass(frozen=True, slots=True, repr=False)
class Call:
    """A call with a key. account: who makes it; body: of the method, address and bytes, SHA-256."""

    account: str
    key: str
    body: bytes

    @property
    def name(self) -> bytes:
        return self._digest(b"name")

    @property
    def secret(self) -> Key:
        return Key(0, hashlib.sha256(self._digest(b"seal") + self.body).digest())

    @property
    def body_mark(self) -> bytes:
        """What tells whether the body is the same, and nothing else of it."""
        return hashlib.sha256(self._digest(b"body") + self.body).digest()

    def _digest(self, use: bytes) -> bytes:
        parts = (b"identity-matcher kept answer 1", use, self.account.encode(), self.key.encode())
        return hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()


class KeptAnswers:
    """Kept answers in one database. now: seconds since 1970."""

    def __init__(self, database: Database, *, now: Now = time.time) -> None:
        self._database = database
        self._now = now

    def claim(self, call: Call) -> tuple[Claim, bytes]:
        """Take the key for this call, or tell why not; with KEPT, the answer."""
        table, now = kept_answer, int(self._now())
        stale = (table.c.made_at < now - KEPT_SECONDS) | (
            (table.c.sealed == b"") & (table.c.made_at < now - UNDER_WAY_SECONDS)
        )
        with self._database.writing() as connection:
            connection.execute(delete(table).where(stale))
            row = connection.execute(select(table).where(table.c.key == call.name)).one_or_none()
            if row is None:
                values = {"key": call.name, "body": call.body_mark, "made_at": now, "sealed": b""}
                connection.execute(insert(table).values(**values))
                return Claim.NEW, b""
        if bytes(row.body) != call.body_mark:
            return Claim.OTHER_BODY, b""
        if not row.sealed:
            return Claim.UNDER_WAY, b""
        return Claim.KEPT, call.secret.open(bytes(row.sealed), call.name)

    def keep(self, call: Call, answer: bytes) -> None:
        """Keep the answer of a call that was claimed."""
        (sealed,) = call.secret.seal([answer], [call.name])
        with self._database.writing() as connection:
            connection.execute(update(kept_answer).where(kept_answer.c.key == call.name).values(sealed=sealed))

    def drop(self, call: Call) -> None:
        """Forget a claim: the call did nothing, and may be made again."""
        mine = (kept_answer.c.key == call.name) & (kept_answer.c.sealed == b"")
        with self._database.writing() as connection:
            connection.execute(delete(kept_answer).where(mine))
