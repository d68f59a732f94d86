"""Everything that is kept about one person, in one file for that person: fields, photos, templates, what was done.

::

    person.json       the fields, when they were added and changed, photos with their digests, a legal hold
    photos/<sha256>.<ending>   the photos as they were given
    documents.json    documents for consulates in which the person is the proposed record
    templates.json    what engines made of them: numbers that describe the face
    audit.jsonl       every entry of the audit that names the person; others whom it names are left out
"""

import io
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from matcher.audit.asking import Filter, stream
from matcher.audit.chain import append
from matcher.audit.entry import Action, Entry, path_text, person_subject
from matcher.person import FIELDS, checked_gallery, checked_person_id
from matcher.records import case_documents, coding, reading, retaining, tables
from matcher.records.database import Database
from matcher.records.values import PersonKey, PersonRecord
from matcher.records.vault import VECTOR, vault_of

_ENDINGS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "TIFF": "tif", "BMP": "bmp", "HEIC": "heic"}


def export_person(database: Database, gallery: str, person_id: str, out: Path) -> int:
    """Write the file, which appears when it is whole, readable by its owner alone; how many photos are in it.

    Raises NotFound, RecordsError or OSError. The audit has its entry before the file is there.
    """
    key = (checked_gallery(gallery), checked_person_id(person_id))
    _note(database, key, {"file": path_text(out)})
    handle, name = tempfile.mkstemp(dir=out.absolute().parent, prefix=f".{out.name}.", suffix=".part")
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file, database.reading() as connection:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                count = _write(archive, connection, key)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(out)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return count


def person_archive(database: Database, gallery: str, person_id: str) -> bytes:
    """The same file's bytes, which are written to no disk; raises as `export_person`."""
    key = (checked_gallery(gallery), checked_person_id(person_id))
    _note(database, key, {})
    made = io.BytesIO()
    with database.reading() as connection, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        _write(archive, connection, key)
    return made.getvalue()


def _note(database: Database, key: PersonKey, details: Mapping[str, str]) -> None:
    with database.writing() as connection:
        reading.person_record(connection, *key)
        append(connection, Entry(Action.EXPORT, [person_subject(key)], {"what": "person", **details}))


def _write(archive: zipfile.ZipFile, connection: Connection, key: PersonKey) -> int:
    record = reading.person_record(connection, *key)
    archive.writestr("person.json", _json(_fields(connection, key, record)))
    kept = [photo for photo in record.photos if photo.has_content]
    for photo in kept:
        content = reading.photo_content(connection, *key, photo.sha256)
        archive.writestr(f"photos/{photo.sha256}.{_ENDINGS.get(photo.format, 'bin')}", content, zipfile.ZIP_STORED)
    archive.writestr("templates.json", _json(list(_templates(connection, key))))
    archive.writestr("documents.json", _json(list(_documents(connection, key))))
    lines = stream(connection, Filter(subject=person_subject(key)))
    archive.writestr("audit.jsonl", "".join(_own(line.body, key) + "\n" for line in lines))
    return len(kept)


def _fields(connection: Connection, key: PersonKey, record: PersonRecord) -> dict[str, Any]:
    held = [asdict(one) for one in retaining.holds(connection) if (one.gallery, one.person_id) == key]
    return {
        **{name: getattr(record.person, name) for name in FIELDS},
        "added_at": record.added_at,
        "changed_at": record.changed_at,
        "photos": [asdict(photo) for photo in record.photos],
        "legal_hold": held[0] if held else None,
    }


def _templates(connection: Connection, key: PersonKey) -> Iterator[dict[str, Any]]:
    template, photo, person, gallery = tables.template, tables.photo, tables.person, tables.gallery
    query = (
        select(template.c.id, template.c.engine, template.c.vector, template.c.face, photo.c.sha256)
        .join(photo, photo.c.link == template.c.photo_link)
        .join(person, person.c.id == photo.c.owner_id)
        .join(gallery, gallery.c.id == person.c.gallery_id)
        .where(gallery.c.name == key[0], person.c.person_id == key[1])
        .order_by(template.c.id)
    )
    for row in connection.execute(query).all():
        # The dimension is the vector's own; each engine has another.
        (blob,) = vault_of(connection).open(connection, VECTOR, [row.id], [bytes(row.vector)])
        yield {
            "photo": bytes(row.sha256).hex(),
            "engine": row.engine,
            "vector": coding.vectors_of([blob], len(blob) // 4)[0].tolist(),
            "face": json.loads(row.face) if row.face else None,
        }


def _documents(connection: Connection, key: PersonKey) -> Iterator[dict[str, Any]]:
    """Documents for consulates in which this person is proposed; whose case that was is nobody else's to know."""
    for kept in case_documents.stating(connection, [key]):
        yield {"document": kept.id, "made_at": kept.made_at, "country": kept.country, "sha256": kept.sha256,
               "sent_on": kept.sent_on}  # fmt: skip


def _own(body: str, key: PersonKey) -> str:
    """An entry as it concerns this person: whom else it names is nobody else's to know."""
    said = json.loads(body)
    own = person_subject(key)
    subjects = said["subjects"]
    details = said["details"]
    scores = details.pop("scores", None)
    if scores is not None:
        people = [subject for subject in subjects if subject.startswith("person:")]
        details["score"] = scores[people.index(own)]
        details["rank"] = people.index(own) + 1
        details["candidates"] = len(people)
    others = sum(subject.startswith("person:") and subject != own for subject in subjects)
    said["subjects"] = [subject for subject in subjects if subject == own]
    said["others"] = others
    return _json(said)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
