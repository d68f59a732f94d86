"""Cases out of the records, with everything that hangs on them; what they leave to be looked for."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, or_, select

from matcher.erasure import Traces, traces_from
from matcher.records import case_documents
from matcher.records import case_tables as tables
from matcher.records import document_tables as d
from matcher.records.case_files import DOCUMENT
from matcher.records.case_keeping import is_held, refuse_held
from matcher.records.case_photos import CONTENT, VECTOR
from matcher.records.case_tables import NOBODYS
from matcher.records.vault import vault_of


def ended(connection: Connection, statuses: Sequence[str], *, before: int) -> tuple[int, ...]:
    """The cases that have stood at one of these statuses since before this time, seconds since 1970; none of the
    held ones."""
    table = tables.case_file
    query = select(table.c.id).where(table.c.id != NOBODYS, table.c.status.in_(statuses), table.c.status_at < before)
    return tuple(connection.execute(query.where(~is_held()).order_by(table.c.id)).scalars())


def traces_of(connection: Connection, case: int) -> Traces:
    """What a case's photos, templates, consents and documents would leave; asked before they are removed.

    Not its claim, which is short, and may be another case's of the same person too.
    """
    photo, consent = tables.case_photo, tables.case_consent
    content, template = tables.case_photo_content, tables.case_template
    vault, blobs, kept, templates = vault_of(connection), [], [], 0
    photos = connection.execute(select(photo.c.id, photo.c.link, photo.c.sha256).where(photo.c.case_id == case)).all()
    for number, link, _ in photos:
        found = connection.execute(select(content.c.content).where(content.c.photo_id == number)).scalars()
        kept += [(CONTENT, number, blob) for blob in found]
        made = connection.execute(select(template.c.id, template.c.vector).where(template.c.photo_link == link)).all()
        kept += [(VECTOR, template_id, blob) for template_id, blob in made]
        templates += len(made)
    signed = connection.execute(select(consent.c.id, consent.c.document).where(consent.c.case_id == case))
    kept += [(DOCUMENT, number, blob) for number, blob in signed]
    for table, column, where in (
        (d.case_document, d.case_document.c.request, case_documents.REQUEST),
        (d.case_document, d.case_document.c.pdf, case_documents.PDF),
    ):
        rows = connection.execute(select(table.c.id, column).where(table.c.case_id == case))
        kept += [(where, number, blob) for number, blob in rows]
    for place, number, blob in kept:
        blobs += [bytes(blob), *vault.open(connection, place, [number], [bytes(blob)])]
    return traces_from(blobs, templates=templates, digests=[bytes(sha256).hex() for *_, sha256 in photos])


def remove(connection: Connection, case: int) -> None:
    """Remove a case and everything that hangs on it, in an order that no reference stands against; raises OnHold."""
    refuse_held(connection, case)
    t = tables
    searches = select(t.case_search.c.id).where(t.case_search.c.case_id == case)
    reviews = select(t.case_review.c.id).where(t.case_review.c.search_id.in_(searches))
    photos = select(t.case_photo.c.id).where(t.case_photo.c.case_id == case)
    links = select(t.case_photo.c.link).where(t.case_photo.c.case_id == case)
    documents = select(d.case_document.c.id).where(d.case_document.c.case_id == case)
    for table, condition in (
        (d.case_response, d.case_response.c.document_id.in_(documents)),
        (d.case_document, d.case_document.c.case_id == case),
        (t.case_pair, t.case_pair.c.photo_link.in_(links)),
        (t.case_answer, t.case_answer.c.case_id == case),
        (t.case_identification, t.case_identification.c.case_id == case),
        (t.case_verdict, t.case_verdict.c.review_id.in_(reviews)),
        (t.case_opened, t.case_opened.c.review_id.in_(reviews)),
        (t.case_review, t.case_review.c.search_id.in_(searches)),
        (t.case_candidate, t.case_candidate.c.search_id.in_(searches)),
        (t.case_search, t.case_search.c.case_id == case),
        (t.case_template, t.case_template.c.photo_link.in_(links)),
        (t.case_photo_content, t.case_photo_content.c.photo_id.in_(photos)),
        (t.case_photo, t.case_photo.c.case_id == case),
        (t.case_lift, t.case_lift.c.case_id == case),
        (t.case_consent, t.case_consent.c.case_id == case),
        (t.case_request, t.case_request.c.case_id == case),
        (t.case_notice, t.case_notice.c.case_id == case),
        (t.case_presence, t.case_presence.c.case_id == case),
        (t.case_duplicate, or_(t.case_duplicate.c.case_id == case, t.case_duplicate.c.other_id == case)),
        (t.case_control, t.case_control.c.case_id == case),
        (t.case_access, t.case_access.c.case_id == case),
        (t.case_event, t.case_event.c.case_id == case),
        (t.case_file, t.case_file.c.id == case),
    ):
        connection.execute(delete(table).where(condition))
