"""How long galleries keep people, and whom they keep for the law's sake."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select

from matcher.errors import AlreadyThere, NotFound, OnHold
from matcher.person import shown
from matcher.records import tables
from matcher.records.reading import gallery_number
from matcher.records.values import PersonKey

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Rule:
    """A gallery's people are purged so many days after they were last added to or changed."""

    gallery: str
    days: int


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a person is kept, and since when (seconds since 1970)."""

    gallery: str
    person_id: str
    reason: str
    since: int


def set_rule(connection: Connection, gallery: str, days: int | None) -> int | None:
    """Give a gallery a rule, or with None take it away; the days of the rule before. Raises NotFound."""
    number, rule = gallery_number(connection, gallery), tables.retention
    before: int | None = connection.execute(select(rule.c.days).where(rule.c.gallery_id == number)).scalar_one_or_none()
    connection.execute(delete(rule).where(rule.c.gallery_id == number))
    if days is not None:
        connection.execute(insert(rule), {"gallery_id": number, "days": days})
    return before


def rules(connection: Connection) -> tuple[Rule, ...]:
    """Every gallery's rule, by name."""
    rule, gallery = tables.retention, tables.gallery
    query = select(gallery.c.name, rule.c.days).join(gallery, gallery.c.id == rule.c.gallery_id)
    return tuple(Rule(name, days) for name, days in connection.execute(query.order_by(gallery.c.name)).all())


def hold(connection: Connection, key: PersonKey, reason: str, *, now: int) -> None:
    """Keep a person until released; raises NotFound or AlreadyThere."""
    number = gallery_number(connection, key[0])
    person, table = tables.person, tables.legal_hold
    there = select(person.c.id).where(person.c.gallery_id == number, person.c.person_id == key[1])
    if connection.execute(there).scalar_one_or_none() is None:
        raise NotFound(f"no person {shown(key[1])} in gallery {shown(key[0])}")
    if _is_held(connection, number, key[1]):
        raise AlreadyThere(f"person {shown(key[1])} in gallery {shown(key[0])} is held already; release it first")
    row = {"gallery_id": number, "person_id": key[1], "reason": reason, "since": now}
    connection.execute(insert(table), row)


def release(connection: Connection, key: PersonKey) -> None:
    """End a hold; raises NotFound."""
    number, table = gallery_number(connection, key[0]), tables.legal_hold
    here = (table.c.gallery_id == number) & (table.c.person_id == key[1])
    if connection.execute(delete(table).where(here)).rowcount == 0:
        raise NotFound(f"person {shown(key[1])} in gallery {shown(key[0])} is not held")


def holds(connection: Connection) -> tuple[Hold, ...]:
    """Every hold, by gallery and person."""
    table, gallery = tables.legal_hold, tables.gallery
    query = select(gallery.c.name, table.c.person_id, table.c.reason, table.c.since)
    query = query.join(gallery, gallery.c.id == table.c.gallery_id).order_by(gallery.c.name, table.c.person_id)
    return tuple(Hold(*row) for row in connection.execute(query).all())


def refuse_held(connection: Connection, gallery_id: int, gallery: str, person_id: str) -> None:
    """Raises OnHold for a person who is kept."""
    if _is_held(connection, gallery_id, person_id):
        raise OnHold(
            f"person {shown(person_id)} in gallery {shown(gallery)} is under a legal hold; "
            "end it first with matcher retention release"
        )


def due(connection: Connection, *, now: int) -> Iterator[PersonKey]:
    """Everybody whose time is over and who is not held, in order."""
    person, photo, rule = tables.person, tables.photo, tables.retention
    held, gallery = tables.legal_hold, tables.gallery
    newest = select(func.coalesce(func.max(photo.c.added_at), 0)).where(photo.c.owner_id == person.c.id)
    is_held = select(held.c.person_id).where(
        held.c.gallery_id == person.c.gallery_id, held.c.person_id == person.c.person_id
    )
    query = (
        select(gallery.c.name, person.c.person_id)
        .join(gallery, gallery.c.id == person.c.gallery_id)
        .join(rule, rule.c.gallery_id == person.c.gallery_id)
        .where(person.c.changed_at + rule.c.days * _DAY <= now)
        .where(newest.scalar_subquery() + rule.c.days * _DAY <= now)
        .where(~is_held.exists())
        .order_by(person.c.id)
    )
    yield from ((name, person_id) for name, person_id in connection.execute(query).all())


def due_under(connection: Connection, gallery: str, days: int | None, *, now: int, limit: int) -> tuple[int, list[str]]:
    """Whom a purge would remove from a gallery if this were its rule: how many, and the first ids. Raises NotFound."""
    number, person = gallery_number(connection, gallery), tables.person
    if days is None:
        return 0, []
    photo, held, since = tables.photo, tables.legal_hold, now - days * _DAY
    newest = select(func.coalesce(func.max(photo.c.added_at), 0)).where(photo.c.owner_id == person.c.id)
    is_held = select(held.c.person_id).where(held.c.gallery_id == number, held.c.person_id == person.c.person_id)
    here = (person.c.gallery_id == number) & (person.c.changed_at <= since)
    here &= (newest.scalar_subquery() <= since) & ~is_held.exists()
    count = connection.execute(select(func.count()).select_from(person).where(here)).scalar_one()
    query = select(person.c.person_id).where(here).order_by(person.c.id).limit(limit)
    return count, list(connection.execute(query).scalars())


def _is_held(connection: Connection, gallery_id: int, person_id: str) -> bool:
    table = tables.legal_hold
    query = select(table.c.since).where(table.c.gallery_id == gallery_id, table.c.person_id == person_id)
    return connection.execute(query).scalar_one_or_none() is not None
