"""Which engine a home's searches use, and which one is kept beside it: a recorded fact, changed in one transaction.

::

    nothing recorded --first photo--> A --begin B--> A, B incoming --switch--> B, A previous --discard--> B
                                                          ^-------rollback-------'

`discarding` is the state of an engine whose templates are being removed; it can only go on from there.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from sqlalchemy import Connection, func, insert, select, update

from matcher.errors import EngineMismatch, RecordsUnavailable
from matcher.faces import EngineKey
from matcher.records import tables
from matcher.records.values import Enrolment

_NAME = "engines"
NO_ENGINE = EngineKey("")


class Role(StrEnum):
    """What the engine beside the serving one is there for."""

    NONE = ""
    INCOMING = "incoming"
    """Its templates are being made; it may serve next."""
    PREVIOUS = "previous"
    """It served before, and can at once again."""
    DISCARDING = "discarding"
    """Its templates are being removed."""


@dataclass(frozen=True, slots=True)
class Engines:
    """The engines of a home. serving: empty until the first photo is enrolled. beside: empty with the role NONE."""

    serving: EngineKey = NO_ENGINE
    beside: EngineKey = NO_ENGINE
    role: Role = Role.NONE

    @property
    def made_at_enrolment(self) -> EngineKey:
        """The engine beside whose templates are made of new photos too; empty where there is none."""
        return self.beside if self.role in {Role.INCOMING, Role.PREVIOUS} else NO_ENGINE


def name_of(engine: EngineKey) -> str:
    """The name that an engine is opened by."""
    return engine.rpartition("@")[0]


def engines(connection: Connection) -> Engines:
    """The recorded engines; raises RecordsUnavailable for a record that was altered."""
    meta = tables.meta
    text = connection.execute(select(meta.c.value).where(meta.c.name == _NAME)).scalar_one_or_none()
    if text is None:
        return Engines()
    try:
        fields = json.loads(text)
        return Engines(EngineKey(fields["serving"]), EngineKey(fields["beside"]), Role(fields["role"]))
    except (ValueError, KeyError, TypeError) as exc:
        raise RecordsUnavailable("the record of the serving engine was altered; restore from a backup") from exc


def set_engines(connection: Connection, value: Engines) -> None:
    """Record this; the transaction must have a `Ledger` already, which lets one writer in at a time."""
    meta = tables.meta
    text = json.dumps(asdict(value))
    if not connection.execute(update(meta).where(meta.c.name == _NAME).values(value=text)).rowcount:
        connection.execute(insert(meta), {"name": _NAME, "value": text})


def admit(connection: Connection, engine: EngineKey, entries: Sequence[Enrolment]) -> Sequence[Enrolment]:
    """Let photos of this engine into the records, in the transaction that adds them; the first decides who serves.

    Returns the entries without what was made by engines that the home does not keep any more. Raises EngineMismatch
    where searches would not find the photos, or would not after the switch that is under way.
    """
    if not any(entry.photos for entry in entries):
        return entries
    found = engines(connection)
    if found.serving != engine:
        if found.serving and (found.beside or _templates(connection, found.serving)):
            raise EngineMismatch(
                f"this home's searches use {found.serving}: what {engine} makes would not be found; leave --engine "
                f"away, or move the home with matcher reembed --to {name_of(engine)}"
            )
        found = Engines(engine)
        set_engines(connection, found)
    beside = found.made_at_enrolment
    if beside:
        _refuse_lacking(beside, entries)
    if all(made.engine == beside for entry in entries for photo in entry.photos for made in photo.also):
        return entries
    return [_with_engine(entry, beside) for entry in entries]


def _with_engine(entry: Enrolment, beside: EngineKey) -> Enrolment:
    photos = [
        replace(photo, also=tuple(made for made in photo.also if made.engine == beside)) for photo in entry.photos
    ]
    return replace(entry, photos=photos)


def _refuse_lacking(beside: EngineKey, entries: Sequence[Enrolment]) -> None:
    for entry in entries:
        for photo in entry.photos:
            # Kept bytes can be embedded later; what was imported as an embedding has no photo in any case.
            lacks = beside not in {made.engine for made in photo.also}
            if lacks and photo.format and photo.content is None:
                raise EngineMismatch(
                    f"this home is between two engines: photos that are not kept need a template of {beside} too; run "
                    "the same command again, or end it with matcher reembed --discard"
                )


def _templates(connection: Connection, engine: EngineKey) -> int:
    sizes = tables.gallery_engine
    query = select(func.coalesce(func.sum(sizes.c.templates), 0)).where(sizes.c.engine == engine)
    return int(connection.execute(query).scalar_one())
