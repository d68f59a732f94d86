"""Documents for consulates: previewed, made, given out, sent and answered; verified by whoever works on cases."""

import json
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import Base64Bytes, Field

from api.deps import TheDesk
from api.officers import TheCase, TheOffice, TheOfficer
from api.paging import PageAsked, page_of
from api.routes import described
from api.wire_quality import Wire
from matcher.audit.signing import public_from_bytes, public_text
from matcher.casework.answers import AnswerKind, Rejection
from matcher.casework.case import case_id
from matcher.casework.document.checking import Checked
from matcher.casework.document.schemas import schema_text
from matcher.errors import BadField
from matcher.records.case_documents import KeptDocument

router = APIRouter(tags=["documents"])
_CASE = "/v1/cases/{case}/documents"
_ONE = "/v1/cases/{case}/documents/{document}"
# Base64 of the largest document.
_MOST = 22 * 2**20
_TEXT = Field("", max_length=2000)
DocumentId = Annotated[str, Path(max_length=32, description="the document's number", examples=["D-7K3M9-Q2XWD"])]


class DocumentIn(Wire):
    """What a document is made of."""

    identification: str = Field("", max_length=32, description="of whom; the case's only one if empty")


class DocumentOut(Wire):
    """A document; not its bytes."""

    id: str = Field(examples=["D-7K3M9-Q2XWD"])
    country: str = Field(description="the country that is asked")
    sha256: str = Field(description="of the canonical JSON of the request; what a response is bound to")
    key: str = Field(description="fingerprint of the key that signed it")
    made_by: str
    made_at: int = Field(description="seconds since 1970, UTC")
    sent_on: str = Field(description="ISO date; empty: nobody has said that it was sent")
    sent_how: str
    sent_by: str


class DocumentsOut(Wire):
    """A page of a case's documents, the oldest first."""

    documents: tuple[DocumentOut, ...]
    next: str = Field("", description="the cursor of the next page; empty where this is the last")


class SentIn(Wire):
    """That a document was sent."""

    sent_on: str = Field(max_length=10, examples=["2026-03-01"])
    how: str = Field(min_length=1, max_length=2000, description="by which way, with its reference")
    version: int = Field(ge=1, description="`version` of the case as you read it")


class TypedIn(Wire):
    """An answer on paper, typed in."""

    answer: AnswerKind
    reason: Rejection | None = Field(None, description="with rejected")
    reference: str = _TEXT
    answered_on: str = Field(max_length=10, examples=["2026-03-15"])
    answered_by: str = Field(min_length=1, max_length=2000)
    office: str = _TEXT
    remarks: str = _TEXT


class ResponseIn(Wire):
    """An answer as it came; /v1/documents/schemas/response is its schema."""

    format: Literal["identity-matcher verification response 1"]
    document: str = Field(max_length=32)
    case: str = Field(max_length=32)
    sha256: str = Field(max_length=64)
    answer: AnswerKind
    reason: Rejection | None = None
    reference: str = _TEXT
    answered_on: str = Field(max_length=10)
    answered_by: str = Field(min_length=1, max_length=2000)
    office: str = _TEXT
    remarks: str = _TEXT


class RespondedOut(Wire):
    """The answer that was written down."""

    answer: str = Field(description="its number; another person checks it", examples=["A-7K3M9-Q2XWD"])


class VerifyIn(Wire):
    """A document, or the text of its QR code."""

    document: Base64Bytes = Field(b"", max_length=_MOST, description="the PDF or JSON, in base64")
    qr: str = Field("", max_length=1000)


class VerifiedOut(Wire):
    """Whether it is genuine."""

    genuine: bool
    reason: str = Field(description="why it is not; empty where it is")
    kind: str = Field(description="pdf, json or short")
    document: str
    case: str
    sha256: str
    key: str
    kept: bool = Field(description="whether these records made it")


class KeyOut(Wire):
    """A public key that documents are verified with."""

    fingerprint: str
    pem: str
    made_on: str
    retired_on: str = Field(description="ISO date; empty: in use")


class KeysOut(Wire):
    """Every public key, the newest first."""

    keys: tuple[KeyOut, ...]


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


@router.get("/v1/documents/keys", summary="Public keys", responses=described.errors(503))
def keys(office: TheOffice) -> KeysOut:
    """What recipients verify documents with, retired ones too."""
    return KeysOut(
        keys=tuple(
            KeyOut(
                fingerprint=one.fingerprint, pem=public_text(public_from_bytes(one.public)), made_on=_day(one.made_at),
                retired_on=_day(one.retired_at) if one.retired_at is not None else "",
            )
            for one in office.documents.keys.known()
        )
    )  # fmt: skip


@router.get(
    "/v1/documents/schemas/{name}", summary="A published schema", response_class=Response,
    responses={200: {"content": {"application/schema+json": {}}, "description": "JSON Schema, 2020-12"},
               **described.errors(404, 422)},
)  # fmt: skip
def schema(name: Annotated[Literal["request", "response"], Path()]) -> Response:
    """The JSON Schema of documents, or of the responses to them."""
    return Response(schema_text(name), media_type="application/schema+json")


def document_out(kept: KeptDocument) -> DocumentOut:
    return DocumentOut(
        id=kept.id, country=kept.country, sha256=kept.sha256, key=kept.key, made_by=kept.made_by,
        made_at=kept.made_at, sent_on=kept.sent_on, sent_how=kept.sent_how, sent_by=kept.sent_by,
    )  # fmt: skip


def verified_out(checked: Checked) -> VerifiedOut:
    found = checked.genuine
    return VerifiedOut(
        genuine=found is not None, reason=checked.reason, kind=found.kind if found else "",
        document=found.document if found else "", case=found.case if found else "",
        sha256=found.sha256 if found else "", key=found.key if found else "", kept=checked.kept,
    )  # fmt: skip


def _file(content: bytes, media_type: str, name: str) -> Response:
    headers = {"Cache-Control": "private, no-store", "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, headers=headers, media_type=media_type)


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
