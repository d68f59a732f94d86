"""Browsers that are signed in: 256 random bits in the browser, their SHA-256 in the records, ended on the server."""

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update

from matcher.accounts.account import Account
from matcher.accounts.actor import Actor, SignedIn
from matcher.accounts.faults import NotSignedIn
from matcher.accounts.register import Now
from matcher.accounts.storing import account_of, by_name
from matcher.audit.chain import append
from matcher.audit.entry import Action, Entry
from matcher.records.account_tables import account, account_session
from matcher.records.database import Database

IDLE_SECONDS = 30 * 60
ABSOLUTE_SECONDS = 12 * 3_600
_SEEN_EVERY = 60
_ENDED = "you are not signed in, or no longer; sign in and try again"


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session may stand idle, and last at all, in seconds."""

    idle: int = IDLE_SECONDS
    absolute: int = ABSOLUTE_SECONDS


@dataclass(frozen=True, slots=True, repr=False)
class Session:
    """A session as its browser holds it. secret: the cookie; csrf: what its unsafe requests must repeat."""

    secret: str
    actor: Actor

    @property
    def csrf(self) -> str:
        return csrf_of(self.secret)


def csrf_of(secret: str) -> str:
    """The token that is bound to a cookie: it can't be made without it, nor the cookie from it."""
    return hmac.new(secret.encode(), b"identity-matcher csrf 1", hashlib.sha256).hexdigest()


class Sessions:
    """Sessions over one database. now: seconds since 1970."""

    def __init__(self, database: Database, *, limits: Limits | None = None, now: Now = time.time) -> None:
        self._database = database
        self._limits = limits or Limits()
        self._now = now

    def begin(self, found: Account, signed_in: SignedIn, *, instead_of: str = "") -> Session:
        """A new session, never one that a browser brought along. instead_of: the one that ends with it."""
        secret = secrets.token_urlsafe(32)
        now = int(self._now())
        row = {
            "hash": _hash(secret),
            "account_id": found.account_id,
            "epoch": found.epoch,
            "signed_in": signed_in.value,
            "made_at": now,
            "seen_at": now,
        }
        table = account_session
        old = (
            (table.c.hash == _hash(instead_of))
            | (table.c.made_at < now - self._limits.absolute)
            | (table.c.seen_at < now - self._limits.idle)
        )
        with self._database.writing() as connection:
            connection.execute(delete(table).where(old))
            connection.execute(insert(table).values(**row))
        return Session(secret, found.actor(signed_in))

    def find(self, secret: str) -> Session:
        """The session that a browser holds, seen now; raises NotSignedIn for one that is not, or no longer, valid."""
        now = int(self._now())
        table = account_session
        question = (
            select(account, table.c.epoch.label("of_epoch"), table.c.signed_in, table.c.made_at.label("began"))
            .add_columns(table.c.seen_at)
            .join(table, table.c.account_id == account.c.id)
            .where(table.c.hash == _hash(secret))
        )
        with self._database.reading() as connection:
            row = connection.execute(question).one_or_none()
        if row is None or row.is_disabled or row.of_epoch != row.epoch:
            raise NotSignedIn(_ENDED)
        if now >= row.began + self._limits.absolute or now >= row.seen_at + self._limits.idle:
            raise NotSignedIn(_ENDED)
        if now >= row.seen_at + min(_SEEN_EVERY, self._limits.idle // 2):
            with self._database.writing(flushed=False) as connection:
                connection.execute(update(table).where(table.c.hash == _hash(secret)).values(seen_at=now))
        return Session(secret, account_of(row).actor(SignedIn(row.signed_in)))

    def end(self, secret: str) -> None:
        """Sign a browser out, here and not only there; nothing where it was not signed in."""
        table = account_session
        question = (
            select(account.c.name).join(table, table.c.account_id == account.c.id).where(table.c.hash == _hash(secret))
        )
        with self._database.writing() as connection:
            name = connection.execute(question).scalar_one_or_none()
            if name is None:
                return
            connection.execute(delete(table).where(table.c.hash == _hash(secret)))
            append(connection, Entry(Action.SIGN_OUT, (f"account:{name}",), {}))

    def again(self, name: str, signed_in: SignedIn) -> Session:
        """A new session after a change that ended all of an account's; raises NotFound."""
        with self._database.reading() as connection:
            found = by_name(connection, name)
        return self.begin(found, signed_in)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(b"identity-matcher session 1\n" + secret.encode("utf-8", "replace")).digest()
