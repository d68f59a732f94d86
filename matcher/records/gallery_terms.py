"""Galleries' terms in the records: who supplied them, of which kind, on what basis; which are held from use."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, case, func, insert, or_, select, update

from matcher.errors import GalleryHeld
from matcher.person import Person, shown
from matcher.records import tables
from matcher.records.case_tables import gallery_release, gallery_terms
from matcher.records.reading import gallery_number

SHORT = 5_000
"""Registers are longer; a list of named people rarely is."""

_REMEDY = "two administrators can release it with a written basis (matcher galleries release)"
_LEAST = 3
_NEWEST = 20
_MOST_REGISTERED = 0.2
_LEAST_PRESS = 0.3
_PRESS = (
    "press", "news", "media", "social", "wanted", "fugitive", "watch", "facebook", "instagram", "twitter", "weibo",
    "wechat", "tiktok", "douyin", "telegram", "vkontakte", "youtube", "linkedin", "interpol", "http://", "https://",
    "新闻", "媒体", "微博", "微信", "抖音", "通缉", "追逃", "在逃",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Terms:
    """What is stated of a gallery. is_foreign: supplied by another country; assumed where nothing is stated.

    state: open, held (no search may use it) or released (by two administrators). epoch: how often it was held.
    """

    gallery: str
    kind: str = "unstated"
    supplier: str = ""
    country: str = ""
    is_foreign: bool = True
    legal_basis: str = ""
    state: str = "open"
    held_for: str = ""
    epoch: int = 0
    stated_by: str = ""
    stated_at: int = 0


@dataclass(frozen=True, slots=True)
class Release:
    """A request to release a held gallery; agreed_by: empty while it waits for the second administrator."""

    basis: str
    asked_by: str
    asked_at: int
    agreed_by: str


@dataclass(frozen=True, slots=True)
class Makeup:
    """What a gallery's records look like. registered: share with a register number or a household registration.
    press: share whose source names press, social media or a list of wanted people."""

    people: int
    registered: float
    press: float

    @property
    def is_bare(self) -> bool:
        """Short, and without what a register has."""
        return _LEAST <= self.people <= SHORT and self.registered <= _MOST_REGISTERED

    @property
    def looks_like_watch_list(self) -> bool:
        return self.is_bare and self.brings_watch_list

    @property
    def brings_watch_list(self) -> bool:
        """The same of what was added to a gallery, however much that is."""
        return self.people >= _LEAST and self.registered <= _MOST_REGISTERED and self.press >= _LEAST_PRESS


def terms(connection: Connection, gallery: str) -> Terms:
    """What is stated of a gallery, or that nothing is; raises NotFound for a gallery that is not there."""
    number = gallery_number(connection, gallery)
    row = connection.execute(select(gallery_terms).where(gallery_terms.c.gallery_id == number)).one_or_none()
    if row is None:
        return Terms(gallery)
    return Terms(
        gallery, row.kind, row.supplier, row.country, bool(row.is_foreign), row.legal_basis, row.state, row.held_for,
        row.epoch, row.stated_by, row.stated_at,
    )  # fmt: skip


def release(connection: Connection, gallery: str, epoch: int) -> Release | None:
    """The request to release a gallery that was held at this epoch; None without one."""
    number = gallery_number(connection, gallery)
    table = gallery_release
    query = select(table).where(table.c.gallery_id == number, table.c.epoch == epoch)
    row = connection.execute(query).one_or_none()
    return None if row is None else Release(row.basis, row.asked_by, row.asked_at, row.agreed_by or "")


def write(connection: Connection, value: Terms) -> None:
    """State a gallery's terms; the database refuses states that two people have not agreed to."""
    number = gallery_number(connection, value.gallery)
    row = {"kind": value.kind, "supplier": value.supplier, "country": value.country,
           "is_foreign": int(value.is_foreign), "legal_basis": value.legal_basis, "state": value.state,
           "held_for": value.held_for, "epoch": value.epoch, "stated_by": value.stated_by,
           "stated_at": value.stated_at}  # fmt: skip
    here = gallery_terms.c.gallery_id == number
    if not connection.execute(update(gallery_terms).where(here).values(row)).rowcount:
        connection.execute(insert(gallery_terms), {"gallery_id": number, **row})


def makeup(connection: Connection, gallery: str) -> Makeup:
    """What a gallery's records look like, read person by person; of a long gallery only how long it is."""
    number, person = gallery_number(connection, gallery), tables.person
    here = person.c.gallery_id == number
    people = connection.execute(select(tables.gallery.c.people).where(tables.gallery.c.id == number)).scalar_one()
    if not 0 < people <= SHORT:
        return Makeup(people, 1.0, 0.0)
    registered: Any = or_(person.c.national_id != "", person.c.household_registration != "")
    source = func.lower(person.c.source)
    press: Any = or_(*(source.like(f"%{word}%") for word in _PRESS))
    counted = select(func.count(), func.sum(case((registered, 1), else_=0)), func.sum(case((press, 1), else_=0)))
    total, with_register, from_press = connection.execute(counted.where(here)).one()
    return Makeup(total, (with_register or 0) / max(1, total), (from_press or 0) / max(1, total))


def makeup_of(people: Sequence[Person]) -> Makeup:
    """The same of people who are being added."""
    registered = sum(bool(one.national_id or one.household_registration) for one in people)
    press = sum(names_press([one.source]) for one in people)
    return Makeup(len(people), registered / max(1, len(people)), press / max(1, len(people)))


def newest(connection: Connection, gallery: str) -> Makeup:
    """The same of the people who came last, so that a list that is added one by one is seen, too.

    Only of those who came or were changed after the gallery was last released.
    """
    number, person, release = gallery_number(connection, gallery), tables.person, gallery_release
    agreed = select(func.max(release.c.agreed_at)).where(release.c.gallery_id == number)
    since = connection.execute(agreed).scalar_one() or -1
    query = select(person.c.national_id, person.c.household_registration, person.c.source)
    here = query.where(person.c.gallery_id == number, person.c.changed_at > since)
    rows = connection.execute(here.order_by(person.c.id.desc()).limit(_NEWEST)).all()
    registered = sum(bool(row.national_id or row.household_registration) for row in rows)
    press = sum(names_press([row.source]) for row in rows)
    return Makeup(len(rows), registered / max(1, len(rows)), press / max(1, len(rows)))


def names_press(sources: Sequence[str]) -> bool:
    """Whether any of these sources names press, social media or a list of wanted people."""
    return any(word in source.lower() for source in sources if source for word in _PRESS)


def held(connection: Connection) -> tuple[str, ...]:
    """The names of all galleries that are held, in order."""
    return tuple(connection.execute(_held()).scalars())


# Each search asks this; building the question anew took as long as answering it.
@cache
def _held() -> Select[*tuple[Any, ...]]:
    gallery = tables.gallery
    query = select(gallery.c.name).join(gallery_terms, gallery_terms.c.gallery_id == gallery.c.id)
    return query.where(gallery_terms.c.state == "held").order_by(gallery.c.name)


def refuse_held(connection: Connection, gallery: str | None) -> None:
    """Raises GalleryHeld where this gallery, or with None any, is held."""
    names = held(connection)
    if gallery in names:
        raise GalleryHeld(f"gallery {shown(gallery or '')} is held and can't be searched; {_REMEDY}")
    if gallery is None and names:
        raise GalleryHeld(f"gallery {shown(names[0])} is held: name another one to search in, or {_REMEDY}")
