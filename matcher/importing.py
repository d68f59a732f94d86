"""Embeddings from files into a gallery, batch by batch; what was done once is recognised and not done again."""

import gc
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from matcher.embeddings import Batch, Embeddings
from matcher.errors import BadField, EngineMismatch
from matcher.faces import EngineKey, Template
from matcher.gallery import Gallery
from matcher.person import FIELDS
from matcher.person_reader import PersonReader
from matcher.photo_date import TAKEN_ON, PhotoDates
from matcher.records.coding import digest_bytes, vector_bytes
from matcher.records.values import Enrolment, EnrolResult, PersonOutcome, PhotoOutcome, ReferencePhoto

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was not imported. row: its number in the file, from 0."""

    row: int
    person_id: str
    code: str
    reason: str


Refuse = Callable[[RefusedRow], None]


@dataclass(slots=True)
class ImportTally:
    """What an import has done so far; everything that it counts is kept. added, known: templates."""

    rows: int = 0
    people_new: int = 0
    people_updated: int = 0
    added: int = 0
    known: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    enrolment: Enrolment


def import_embeddings(
    source: Embeddings,
    gallery: Gallery,
    *,
    into: str,
    today: date,
    tally: ImportTally,
    refuse: Refuse,
    progress: Progress = lambda _done, _total: None,
) -> None:
    """Import every row that can be used. into: the gallery of rows that name none.

    A person_id that comes again adds a template to that person; the same vector again changes nothing. Raises
    EngineMismatch where the file states another engine, BadManifest, RecordsError or IndexFault; what the tally counts
    is kept all the same.
    """
    if source.engine not in (None, gallery.engine):
        raise EngineMismatch(f"the file holds embeddings of {source.engine}, the engine in use is {gallery.engine}")

    def refused(row: RefusedRow) -> None:
        tally.refused += 1
        refuse(row)

    reader, days = PersonReader(into, today=today), PhotoDates(today)
    for batch in source.batches:
        with _uncollected():
            rows = list(_usable(batch, gallery.engine, reader, days, refused))
            for result in _enrolled(gallery, rows, refused):
                _count(tally, result)
        tally.rows += len(batch)
        progress(tally.rows, source.rows)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector of circles: a batch makes hundreds of thousands of objects and not one circle."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _usable(batch: Batch, engine: EngineKey, reader: PersonReader, days: PhotoDates, refuse: Refuse) -> Iterator[_Row]:
    names = [name for name in batch.columns if name in FIELDS]
    digests = batch.columns.get("sha256")
    dates = batch.columns.get(TAKEN_ON)
    ids = batch.columns["person_id"]
    for place, cells in enumerate(zip(*(batch.columns[name] for name in names), strict=True)):
        number = batch.first + place
        if batch.engines and batch.engines[place] not in ("", engine):
            reason = f"the row is of another engine, not of {engine}"
            refuse(RefusedRow(number, ids[place], "other_engine", reason))
            continue
        if fault := batch.faults.get(place):
            refuse(RefusedRow(number, ids[place], "bad_vector", fault))
            continue
        fields = {name: cell for name, cell in zip(names, cells, strict=True) if cell}
        try:
            person = reader.read(fields)
            taken_on = days.read(dates[place]) if dates else ""
            digest = digests[place].lower() if digests else ""
            if digest:
                digest_bytes(digest)
        except BadField as exc:
            refuse(RefusedRow(number, ids[place], "bad_field", str(exc)))
            continue
        vector = batch.vectors[place]
        digest = digest or hashlib.sha256(vector_bytes(vector)).hexdigest()
        known = {digest: taken_on} if taken_on else {}
        yield _Row(number, Enrolment(person, (ReferencePhoto(digest, Template(engine, vector)),), known))


def _enrolled(gallery: Gallery, rows: Sequence[_Row], refuse: Refuse) -> Iterator[EnrolResult]:
    """Enroll all rows at once; where that can't be, in halves, until the row is found that contradicts the records."""
    if not rows:
        return
    try:
        yield from gallery.enroll([row.enrolment for row in rows])
    except BadField as exc:
        if len(rows) == 1:
            refuse(RefusedRow(rows[0].number, rows[0].enrolment.person.person_id, "bad_field", str(exc)))
            return
        middle = len(rows) // 2
        yield from _enrolled(gallery, rows[:middle], refuse)
        yield from _enrolled(gallery, rows[middle:], refuse)


def _count(tally: ImportTally, result: EnrolResult) -> None:
    tally.people_new += result.person is PersonOutcome.NEW
    tally.people_updated += result.person is PersonOutcome.UPDATED
    known = result.photos.count(PhotoOutcome.ALREADY_THERE)
    tally.known += known
    tally.added += len(result.photos) - known
