"""Everything that is kept about the person of a case, in one file for that person alone.

::

    case.json          the claim, what happened and why, galleries, notices, answers, searches, who it was found to be
    photos/<sha256>.<ending>    the photos as they were taken
    templates.json     what engines made of them: numbers that describe the face
    consents/<id>.<ending>      the signed documents
    documents/<id>.pdf, .json   what was written to consulates
    audit.jsonl        every entry of the audit about the case; others whom it names, and what reviewers found of them,
                       are left out
"""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, select

from matcher.accounts.roles import Right
from matcher.audit.asking import Filter, stream
from matcher.audit.entry import Action
from matcher.casework.answers import answer_id
from matcher.casework.case import CaseFile, case_subject
from matcher.casework.confidentiality import consents_of
from matcher.casework.faults import Confidential
from matcher.casework.files import Change, Files
from matcher.casework.numbers import number_of
from matcher.casework.officer import Officer
from matcher.errors import BadField
from matcher.records import case_documents, case_facts, case_files, case_photos, case_searches, coding
from matcher.records import case_tables as tables
from matcher.records.vault import vault_of

_ENDINGS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "TIFF": "tif", "BMP": "bmp", "HEIC": "heic"}
_OF_MEDIA = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png", "image/tiff": "tif"}
_WITHOUT_DETAILS = {Action.DECISION.value, Action.SEARCH.value}


def own_data(files: Files, who: Officer, number: int, *, consent: str = "") -> bytes:
    """A ZIP of everything about the person of a case; for supervisors, and recorded.

    A confidential case needs the person's own request: the number of a consent in force. Raises Confidential, BadField,
    NotAllowed or NotFound.
    """
    made = io.BytesIO()
    with files.changing(who, number) as change:
        who.must_decide(Right.SUPERVISE_CASES)
        asked = _asked_for(change, consent)
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            _write(archive, change.connection, change.case)
        change.record(Action.EXPORT, {"what": "case", "consent": asked})
    return made.getvalue()


def _asked_for(change: Change, consent: str) -> str:
    wanted = number_of("N", consent) if consent else None
    found = {one.number: one.id for one in consents_of(change.connection, change.case.number) if not one.withdrawn}
    if wanted is not None and wanted not in found:
        raise BadField("consent", f"case {change.case.id} has no consent of that number in force")
    if wanted is None and change.case.is_confidential:
        raise Confidential(
            f"case {change.case.id} is {change.case.protection.value}: it is given to its person alone, at their own "
            "written request; record that as a consent, and name it"
        )
    return "" if wanted is None else found[wanted]


def _write(archive: zipfile.ZipFile, connection: Connection, case: CaseFile) -> None:
    archive.writestr("case.json", _json(_facts(connection, case)))
    for photo in case_photos.photos(connection, case.number):
        if (kept := case_photos.content(connection, case.number, photo.sha256)) is not None:
            name = f"photos/{photo.sha256}.{_ENDINGS.get(photo.format, 'bin')}"
            archive.writestr(name, kept[0], zipfile.ZIP_STORED)
    archive.writestr("templates.json", _json(list(_templates(connection, case.number))))
    consent = tables.case_consent
    for row in connection.execute(select(consent).where(consent.c.case_id == case.number)).all():
        (plain,) = vault_of(connection).open(connection, case_files.DOCUMENT, [row.id], [bytes(row.document)])
        name = next(one.id for one in consents_of(connection, case.number) if one.number == row.id)
        archive.writestr(f"consents/{name}.{_OF_MEDIA.get(row.media_type, 'bin')}", plain)
    for document in case_documents.documents(connection, case.number):
        archive.writestr(f"documents/{document.id}.pdf", case_documents.pdf_bytes(connection, document.number))
        archive.writestr(f"documents/{document.id}.json", case_documents.request_bytes(connection, document.number))
    lines = stream(connection, Filter(subject=case_subject(case.number)))
    archive.writestr("audit.jsonl", "".join(_own(line.body, case.number) + "\n" for line in lines))


def _facts(connection: Connection, case: CaseFile) -> dict[str, Any]:
    number = case.number
    return {
        "case": case.id,
        **{name: value for name, value in asdict(case).items() if name != "number"},
        "photos": [asdict(one) for one in case_photos.photos(connection, number)],
        "events": [asdict(one) for one in case_files.events(connection, number)],
        "galleries": [asdict(one) for one in case_facts.requests(connection, number)],
        "notices": [asdict(one) for one in case_facts.notices(connection, number)],
        "answers": [
            {"answer": answer_id(one.number), "kind": one.kind, "country": one.country, "reason": one.reason,
             "reference": one.reference, "received_on": one.received_on}
            for one in case_facts.answers(connection, number)
        ],
        "searches": [
            {"search": one.id, "gallery": one.gallery, "basis": one.basis, "photo": one.photo_sha256, "at": one.at,
             "engine": one.engine, "outcome": one.outcome, "candidates": one.candidates}
            for one in case_searches.searches(connection, number)
        ],
        "identifications": [
            {"identification": one.id, "gallery": one.key[0], "person_id": one.key[1], "photo": one.photo_sha256,
             "first_reviewer": one.first_reviewer, "second_reviewer": one.second_reviewer, "at": one.at}
            for one in case_searches.identifications(connection, number)
        ],
    }  # fmt: skip


def _templates(connection: Connection, number: int) -> Iterator[dict[str, Any]]:
    template, photo = tables.case_template, tables.case_photo
    query = select(template.c.id, template.c.engine, template.c.vector, photo.c.sha256)
    query = query.join(photo, photo.c.link == template.c.photo_link).where(photo.c.case_id == number)
    for row in connection.execute(query.order_by(template.c.id)).all():
        (blob,) = vault_of(connection).open(connection, case_photos.VECTOR, [row.id], [bytes(row.vector)])
        vector = coding.vectors_of([blob], len(blob) // 4)[0].tolist()
        yield {"photo": bytes(row.sha256).hex(), "engine": row.engine, "vector": vector}


def _own(body: str, number: int) -> str:
    """An entry as it concerns this case: whom else it names is nobody else's to know."""
    said = json.loads(body)
    own = [subject for subject in said["subjects"] if subject == case_subject(number)]
    said["others"] = len(said["subjects"]) - len(own)
    said["subjects"] = own
    if said["action"] in _WITHOUT_DETAILS:
        said["details"] = {}
    return _json(said)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
