"""What comes back: the answer of the authority that was asked, bound to one document by its number and SHA-256."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from matcher.casework.answers import AnswerKind, Rejection
from matcher.casework.case import checked_date, checked_text
from matcher.casework.document.canonical import canonical
from matcher.casework.document.signing import Signature
from matcher.errors import BadField
from matcher.person import shown

FORMAT = "identity-matcher verification response 1"
MOST_BYTES = 64 * 1024
_FIELDS = {"format", "document", "case", "sha256", "answer", "reason", "reference", "answered_on", "answered_by",
           "office", "remarks"}  # fmt: skip
_NEEDED = {"format", "document", "case", "sha256", "answer", "answered_on", "answered_by"}


@dataclass(frozen=True, slots=True, repr=False)
class Response:
    """An answer as it came. answered_on: ISO date. sha256: of the request that is answered. Raises BadField.

    reason: why it rejects, and only then.
    """

    document: str
    case: str
    sha256: str
    answer: AnswerKind
    answered_on: str
    answered_by: str
    reason: Rejection | None = None
    reference: str = ""
    office: str = ""
    remarks: str = ""

    def __post_init__(self) -> None:
        if (self.answer is AnswerKind.REJECTED) != (self.reason is not None):
            what = "without" if self.reason else "with"
            raise BadField("reason", f"the response's answer is {self.answer}, which goes {what} a reason; correct it")

    @classmethod
    def read(cls, data: bytes, *, today: date) -> Self:
        """From JSON of schemas/response.schema.json; raises BadField, which names what is wrong in it."""
        found = _object(data)
        text = {name: _text(found, name) for name in _FIELDS - {"format"}}
        try:
            answer = AnswerKind(text["answer"])
            reason = Rejection(text["reason"]) if text["reason"] else None
        except ValueError:
            raise BadField(
                "answer", f"the response says {shown(text['answer'])} {shown(text['reason'])}; an answer is one of "
                f"{', '.join(AnswerKind)}, a reason one of {', '.join(Rejection)}"
            ) from None  # fmt: skip
        return cls(
            document=text["document"], case=text["case"], sha256=text["sha256"], answer=answer, reason=reason,
            answered_on=checked_date("answered_on", text["answered_on"], today=today, required=True),
            answered_by=checked_text("answered_by", text["answered_by"]),
            reference=checked_text("reference", text["reference"], required=False),
            office=checked_text("office", text["office"], required=False),
            remarks=checked_text("remarks", text["remarks"], required=False),
        )  # fmt: skip

    def must_answer(self, document: Signature) -> None:
        """Raises BadField where it is the answer to another document, or to another state of it."""
        for name in ("document", "case", "sha256"):
            said, meant = getattr(self, name), getattr(document, name)
            if said != meant:
                raise BadField(name, f"the response answers {name} {shown(said)}, not {meant}; ask for the right one")

    def content(self) -> bytes:
        """As it is kept: canonical JSON."""
        texts = {name: str(getattr(self, name) or "") for name in _FIELDS - {"format"}}
        return canonical({"format": FORMAT} | {name: text for name, text in texts.items() if text})


def _object(data: bytes) -> Mapping[str, Any]:
    if len(data) > MOST_BYTES:
        raise BadField("response", f"the response has {len(data):,} bytes; a response has at most {MOST_BYTES:,}")
    try:
        found = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise BadField("response", "the response is no JSON; see response.schema.json for what is asked") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise BadField("format", f"the response is not of format {FORMAT!r}; see response.schema.json")
    if unknown := sorted(found.keys() - _FIELDS):
        raise BadField("response", f"the response has a field {shown(unknown[0])} that is not known; remove it")
    if lacking := sorted(_NEEDED - found.keys()):
        raise BadField(lacking[0], f"the response lacks {', '.join(lacking)}; add it")
    return found


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name, "")
    if not isinstance(value, str):
        raise BadField(name, f"{name} of the response is no text; write it in quotes")
    return value
