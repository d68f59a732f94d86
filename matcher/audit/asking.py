"""Questions to the audit: which entries are about whom, by whom, of when; a page at a time or in a stream."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Select, select

from matcher.audit.entry import Action, micros_of
from matcher.records import tables

AT_ONCE = 500
"""Entries in memory at a time."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries are wanted; all conditions must hold, None asks nothing. since is included, until is not.

    actor: exactly as entries name it; account: the same with everything that its programs' tokens did.
    """

    subject: str | None = None
    actor: str | None = None
    action: Action | None = None
    since: datetime | None = None
    until: datetime | None = None
    account: str | None = None


ALL = Filter()


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as it is kept. body: its JSON; the SHA-256 of the body is its hash."""

    sequence: int
    body: str


def page(connection: Connection, wanted: Filter, *, before: int | None, limit: int) -> tuple[Line, ...]:
    """The newest entries that are wanted, newest first; before: only those with a smaller number, for the next page."""
    entry = tables.audit_entry
    query = _query(wanted).order_by(entry.c.sequence.desc()).limit(limit)
    if before is not None:
        query = query.where(entry.c.sequence < before)
    return tuple(Line(row.sequence, row.body) for row in connection.execute(query))


def following(connection: Connection, wanted: Filter, *, after: int, limit: int) -> tuple[Line, ...]:
    """The entries that are wanted with a larger number than `after`, oldest first."""
    entry = tables.audit_entry
    query = _query(wanted).where(entry.c.sequence > after).order_by(entry.c.sequence).limit(limit)
    return tuple(Line(row.sequence, row.body) for row in connection.execute(query))


def stream(connection: Connection, wanted: Filter) -> Iterator[Line]:
    """Every entry that is wanted, oldest first, a few in memory at a time."""
    last = 0
    while lines := following(connection, wanted, after=last, limit=AT_ONCE):
        last = lines[-1].sequence
        yield from lines


def _query(wanted: Filter) -> Select[int, str]:
    entry, subject = tables.audit_entry, tables.audit_subject
    query = select(entry.c.sequence, entry.c.body)
    if wanted.subject is not None:
        query = query.join(subject, subject.c.sequence == entry.c.sequence).where(subject.c.subject == wanted.subject)
    if wanted.actor is not None:
        query = query.where(entry.c.actor == wanted.actor)
    if wanted.account is not None:
        programs = entry.c.actor.startswith(f"{wanted.account}/token:", autoescape=True)
        query = query.where((entry.c.actor == wanted.account) | programs)
    if wanted.action is not None:
        query = query.where(entry.c.action == wanted.action.value)
    if wanted.since is not None:
        query = query.where(entry.c.at >= micros_of(wanted.since))
    if wanted.until is not None:
        query = query.where(entry.c.at < micros_of(wanted.until))
    return query
