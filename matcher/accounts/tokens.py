"""Tokens of programs: shown once, kept as a hash, named by a prefix, with an end and no more rights than asked for.

::

    matcher_<prefix, 12 hexadecimal digits>_<secret, 256 random bits>
"""

import hashlib
import hmac
import re
import secrets
import time
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, insert, select, update

from matcher.accounts.account import Token, checked_name
from matcher.accounts.actor import Actor, program
from matcher.accounts.faults import NotSignedIn
from matcher.accounts.register import Now
from matcher.accounts.roles import Right, rights_of
from matcher.accounts.storing import account_of, by_name, token_of
from matcher.audit.chain import append
from matcher.audit.entry import Action, Entry
from matcher.errors import BadField, NotFound
from matcher.person import shown
from matcher.records.account_tables import account, account_token
from matcher.records.database import Database

MOST_DAYS = 366
_TOKEN = re.compile(r"matcher_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_LABEL = 100
_DAY = 86_400
_NOT_VALID = "the token is not valid, or no longer; ask an administrator for another one"
# Of people alone: a program can't sign in for somebody, nor make itself more tokens.
_NEVER = frozenset({Right.OWN_ACCOUNT, Right.MANAGE_ACCOUNTS})


class Tokens:
    """Tokens over one database. now: seconds since 1970."""

    def __init__(self, database: Database, *, now: Now = time.time) -> None:
        self._database = database
        self._now = now

    def add(self, name: str, scopes: frozenset[Right], *, days: int, label: str = "") -> tuple[str, Token]:
        """A new token of an account, shown this once, and what is kept of it; raises NotFound, BadField."""
        _check(days, label)
        now = int(self._now())
        prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        with self._database.writing() as connection:
            found = by_name(connection, checked_name(name))
            beyond = scopes - (rights_of(found.roles) - _NEVER)
            if beyond or not scopes:
                wrong = ", ".join(sorted(beyond)) or "nothing"
                raise BadField("scopes", f"scopes {wrong}: a token of {found.name} can't have that")
            if found.is_disabled:
                raise BadField("name", f"{found.name} is disabled; enable the account first")
            row = {
                "prefix": prefix,
                "account_id": found.account_id,
                "hash": _hash(secret),
                "label": label,
                "scopes": ",".join(sorted(scopes)),
                "made_at": now,
                "expires_at": now + days * _DAY,
                "revoked_at": 0,
            }
            connection.execute(insert(account_token).values(**row))
            details = {"what": "token added", "token": prefix, "scopes": sorted(scopes), "days": days}
            append(connection, Entry(Action.ACCOUNT_CHANGED, (f"account:{found.name}",), details))
        token = Token(prefix, found.name, label, scopes, now, now + days * _DAY, 0)
        return f"matcher_{prefix}_{secret}", token

    def page(self, *, name: str = "", after: str = "", limit: int = 100) -> tuple[Token, ...]:
        """Tokens in the order of their prefixes, of one account or all; raises NotFound."""
        question = (
            select(account_token, account.c.name)
            .join(account, account.c.id == account_token.c.account_id)
            .where(account_token.c.prefix > after)
            .order_by(account_token.c.prefix)
            .limit(limit)
        )
        with self._database.reading() as connection:
            if name:
                question = question.where(account.c.id == by_name(connection, checked_name(name)).account_id)
            return tuple(token_of(row) for row in connection.execute(question))

    def revoke(self, prefix: str, *, name: str = "") -> None:
        """End a token; raises NotFound. name: of the account that it must belong to."""
        with self._database.writing() as connection:
            question = select(account_token, account.c.name).join(account, account.c.id == account_token.c.account_id)
            row = connection.execute(question.where(account_token.c.prefix == prefix)).one_or_none()
            if row is None or (name and row.name != checked_name(name)):
                raise NotFound(f"there is no token {shown(prefix)}; matcher accounts tokens lists them")
            if row.revoked_at:
                return
            mine = account_token.c.prefix == prefix
            connection.execute(update(account_token).where(mine).values(revoked_at=int(self._now())))
            details = {"what": "token revoked", "token": prefix}
            append(connection, Entry(Action.ACCOUNT_CHANGED, (f"account:{row.name}",), details))

    def find(self, token: str) -> Actor:
        """Who acts with a token; raises NotSignedIn for one that is not, or no longer, valid."""
        parts = _TOKEN.fullmatch(token)
        prefix, secret = parts.groups() if parts else ("", "")
        with self._database.reading() as connection:
            row = connection.execute(_by_prefix(), {"prefix": prefix}).one_or_none()
        kept = bytes(32) if row is None else bytes(row.hash)
        is_its = hmac.compare_digest(kept, _hash(secret))
        if row is None or not is_its or row.revoked_at or row.is_disabled or self._now() >= row.expires_at:
            raise NotSignedIn(_NOT_VALID)
        found = account_of(row)
        scopes = frozenset(Right(text) for text in row.scopes.split(","))
        return program(found.account_id, found.name, found.roles, scopes - _NEVER, token=prefix)


# Built once: every request of a program asks it.
@cache
def _by_prefix() -> Select[*tuple[Any, ...]]:
    return (
        select(account, account_token.c.hash, account_token.c.scopes, account_token.c.expires_at)
        .add_columns(account_token.c.revoked_at)
        .join(account_token, account_token.c.account_id == account.c.id)
        .where(account_token.c.prefix == bindparam("prefix"))
    )


def _check(days: int, label: str) -> None:
    if not 1 <= days <= MOST_DAYS:
        raise BadField("days", f"days {days} is not from 1 to {MOST_DAYS}: every token ends")
    if len(label) > _LABEL or not (label.isprintable() or not label):
        raise BadField("label", f"the label is longer than {_LABEL} characters, or not printable")


def _hash(secret: str) -> bytes:
    return hashlib.sha256(b"identity-matcher token 1\n" + secret.encode()).digest()
