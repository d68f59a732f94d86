"""Documents for consulates: previewed, made, given out, sent and answered; verified by whoever works on cases."""

import json
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response

from api.deps import TheDesk
from api.officers import TheCase, TheOffice, TheOfficer
from api.paging import PageAsked, page_of
from api.routes import described
from api.wire_documents import (
    DocumentIn,
    DocumentOut,
    DocumentsOut,
    KeyOut,
    KeysOut,
    RespondedOut,
    ResponseIn,
    SentIn,
    TypedIn,
    VerifiedOut,
    VerifyIn,
    document_out,
    verified_out,
)
from matcher.audit.signing import public_from_bytes, public_text
from matcher.casework.case import case_id
from matcher.casework.document.schemas import schema_text
from matcher.errors import BadField
from matcher.records.case_documents import KeptKey

router = APIRouter(tags=["documents"])
_CASE = "/v1/cases/{case}/documents"
_ONE = "/v1/cases/{case}/documents/{document}"
DocumentId = Annotated[str, Path(max_length=32, description="the document's number", examples=["D-7K3M9-Q2XWD"])]


@router.post(_CASE, summary="Make a document", status_code=201, responses=described.errors(404, 409, 422, 503))
async def make(
    *, desk: TheDesk, who: TheOfficer, office: TheOffice, case: TheCase, given: DocumentIn, response: Response
) -> DocumentOut:
    """A verification request, signed and kept: of a case whose protection is lifted, with an identification by two."""
    kept = await desk.work(lambda: office.documents.make(who, case, identification=given.identification))
    made = document_out(kept)
    response.headers["Location"] = f"/v1/cases/{case_id(kept.case)}/documents/{made.id}"
    return made


@router.get(_CASE, summary="A case's documents", responses=described.errors(404, 422, 503))
def documents(who: TheOfficer, office: TheOffice, case: TheCase, asked: Annotated[PageAsked, Query()]) -> DocumentsOut:
    """What was made, and what of it was sent."""
    page, following = page_of(office.documents.documents(who, case), asked, lambda one: one.id)
    return DocumentsOut(documents=tuple(map(document_out, page)), next=following)


@router.post(
    _CASE + "/preview", summary="How a document would look", response_class=Response,
    responses={200: {"content": {"application/pdf": {}}, "description": "the pages"},
               **described.errors(404, 409, 422, 503)},
)  # fmt: skip
async def preview(*, desk: TheDesk, who: TheOfficer, office: TheOffice, case: TheCase, given: DocumentIn) -> Response:
    """The pages, marked as a preview; nothing is signed or kept."""
    seen = await desk.work(lambda: office.documents.preview(who, case, identification=given.identification))
    return _file(seen.pdf, "application/pdf", "preview.pdf")


@router.get(
    _ONE + "/pdf", summary="A document as PDF", response_class=Response,
    responses={200: {"content": {"application/pdf": {}}, "description": "the signed PDF/A-3"},
               **described.errors(404, 409, 422, 503)},
)  # fmt: skip
def pdf(who: TheOfficer, office: TheOffice, case: TheCase, document: DocumentId) -> Response:
    """The same bytes every time; that they were given out is recorded."""
    content = office.documents.pdf_of(who, case, document)
    return _file(content, "application/pdf", f"{office.documents.one(who, case, document).id}.pdf")


@router.get(
    _ONE + "/json", summary="A document as JSON", response_class=Response,
    responses={200: {"content": {"application/json": {}}, "description": "canonical JSON, signed"},
               **described.errors(404, 409, 422, 503)},
)  # fmt: skip
def as_json(who: TheOfficer, office: TheOffice, case: TheCase, document: DocumentId) -> Response:
    """The same bytes every time; that they were given out is recorded."""
    content = office.documents.json_of(who, case, document)
    return _file(content, "application/json", f"{office.documents.one(who, case, document).id}.json")


@router.post(_ONE + "/sent", summary="Say that a document was sent", responses=described.errors(404, 409, 422, 503))
def sent(who: TheOfficer, office: TheOffice, case: TheCase, document: DocumentId, given: SentIn) -> DocumentOut:
    """The case is sent to the consulate from then on."""
    kept = office.documents.mark_sent(who, case, document, sent_on=given.sent_on, how=given.how, version=given.version)
    return document_out(kept)


@router.post(_ONE + "/response", summary="Write down a response", status_code=201,
             responses=described.errors(404, 409, 422, 503))  # fmt: skip
def respond(who: TheOfficer, office: TheOffice, case: TheCase, document: DocumentId, given: ResponseIn) -> RespondedOut:
    """The JSON that came back; it must name this document and its SHA-256. Another person checks the answer."""
    said = {name: value for name, value in given.model_dump(mode="json").items() if value}
    return RespondedOut(answer=office.responses.respond(who, case, document, json.dumps(said).encode()))


@router.post(_ONE + "/response/typed", summary="Type in an answer on paper", status_code=201,
             responses=described.errors(404, 409, 422, 503))  # fmt: skip
def respond_typed(
    who: TheOfficer, office: TheOffice, case: TheCase, document: DocumentId, given: TypedIn
) -> RespondedOut:
    """The same for an answer that did not come as JSON."""
    answer = office.responses.respond_typed(
        who, case, document, answer=given.answer, reason=given.reason, reference=given.reference,
        answered_on=given.answered_on, answered_by=given.answered_by, office=given.office, remarks=given.remarks,
    )  # fmt: skip
    return RespondedOut(answer=answer)


@router.post("/v1/documents/verify", summary="Verify a document", responses=described.errors(422, 503))
async def verify(*, desk: TheDesk, who: TheOfficer, office: TheOffice, given: VerifyIn) -> VerifiedOut:
    """Hold a PDF, a JSON or a QR code's text against every key of these records."""
    if bool(given.document) == bool(given.qr):
        raise BadField("document", "give a document or the text of a QR code, one of the two")
    if given.qr:
        return verified_out(await desk.work(lambda: office.verification.check_short(who, given.qr)))
    return verified_out(await desk.work(lambda: office.verification.check(who, given.document)))


@router.get("/v1/documents/keys", summary="Public keys", responses=described.errors(422, 503))
def keys(office: TheOffice, asked: Annotated[PageAsked, Query()]) -> KeysOut:
    """What recipients verify documents with, retired ones too."""
    page, following = page_of(office.documents.keys.known(), asked, lambda one: one.fingerprint)
    return KeysOut(keys=tuple(map(_key_out, page)), next=following)


@router.get(
    "/v1/documents/schemas/{name}", summary="A published schema", response_class=Response,
    responses={200: {"content": {"application/schema+json": {}}, "description": "JSON Schema, 2020-12"},
               **described.errors(404, 422)},
)  # fmt: skip
def schema(name: Annotated[Literal["request", "response"], Path()]) -> Response:
    """The JSON Schema of documents, or of the responses to them."""
    return Response(schema_text(name), media_type="application/schema+json")


def _file(content: bytes, media_type: str, name: str) -> Response:
    headers = {"Cache-Control": "private, no-store", "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, headers=headers, media_type=media_type)


def _key_out(one: KeptKey) -> KeyOut:
    return KeyOut(
        fingerprint=one.fingerprint, pem=public_text(public_from_bytes(one.public)), made_on=_day(one.made_at),
        retired_on=_day(one.retired_at) if one.retired_at is not None else "",
    )  # fmt: skip


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
