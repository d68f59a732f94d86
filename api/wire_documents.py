"""What documents for consulates are over HTTP: what is asked for, what is told of them."""

from typing import Literal

from pydantic import Base64Bytes, Field

from api.wire_quality import Wire
from matcher.casework.answers import AnswerKind, Rejection
from matcher.casework.document.checking import Checked
from matcher.records.case_documents import KeptDocument

# Base64 of the largest document.
_MOST = 22 * 2**20
_TEXT = Field("", max_length=2000)


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
    """A page of public keys, the newest first."""

    keys: tuple[KeyOut, ...]
    next: str = Field("", description="the cursor of the next page; empty where this is the last")


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
