"""One entry of the audit: what was done to whom, and the bytes that are hashed.

The body is canonical JSON: ASCII, keys in order, no spaces, the same bytes for the same values::

    {"action":"search","actor":"os:anna","at":"2026-03-01T09:30:00.000000Z","details":{...},
     "previous":"<SHA-256 of the entry before>","sequence":17,"subjects":["photo:<SHA-256>","person:main/p1"]}

No entry holds pixels, templates or names: people stand there by gallery and id.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from matcher.audit.acting import current_actor
from matcher.errors import BadField
from matcher.person import shown
from matcher.records.values import PersonKey

MOST_SUBJECTS = 1_024
"""Longer lists are several entries, so that one entry always fits in memory many times."""

LONGEST_TEXT = 256
_LONGEST_DETAILS = 256 * 1024


class Action(StrEnum):
    """What was done. The texts are kept for ever: never change one, only add."""

    SEARCH = "search"
    REFUSAL = "refusal"
    """Something was asked for and not given: a search, a page, a right."""
    PHOTO_VIEWED = "photo_viewed"
    GALLERY_AUDITED = "gallery_audited"
    PERSON_ENROLLED = "person_enrolled"
    PERSON_REPLACED = "person_replaced"
    PERSON_REMOVED = "person_removed"
    PHOTO_REMOVED = "photo_removed"
    GALLERY_CHANGED = "gallery_changed"
    CASE_CHANGED = "case_changed"
    CASE_VIEWED = "case_viewed"
    DECISION = "decision"
    DOCUMENT = "document"
    EXPORT = "export"
    IMPORT = "import"
    SETTING_CHANGED = "setting_changed"
    THRESHOLD_CHANGED = "threshold_changed"
    MODEL_CHANGED = "model_changed"
    ACCOUNT_CHANGED = "account_changed"
    SIGN_IN = "sign_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGN_OUT = "sign_out"
    KEY_CHANGED = "key_changed"
    RETENTION_CHANGED = "retention_changed"
    PURGE = "purge"
    LEGAL_HOLD = "legal_hold"
    BACKUP = "backup"
    RESTORE = "restore"
    CHECKPOINT = "checkpoint"
    JOB_CHANGED = "job_changed"
    AUDIT_VIEWED = "audit_viewed"
    """Somebody read, followed or verified the audit through the service."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be recorded.

    subjects: whom it is about, each once, in an order that may mean something (a search's: by rank).
    details: values that JSON can hold; no biometrics, no names. actor: who did it; the one who acts now if not given.
    Raises BadField for what can't be recorded as it is.
    """

    action: Action
    subjects: Sequence[str] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    actor: str = field(default_factory=current_actor)

    def __post_init__(self) -> None:
        _check_text("actor", self.actor)
        for subject in self.subjects:
            _check_text("subject", subject)
        if len(set(self.subjects)) != len(self.subjects):
            raise BadField("subjects", f"an entry of {self.action} names a subject twice; name each once")
        if len(self.subjects) > MOST_SUBJECTS:
            raise BadField(
                "subjects", f"an entry of {self.action} has {len(self.subjects)} subjects, at most {MOST_SUBJECTS} fit"
            )
        if len(canonical(dict(self.details))) > _LONGEST_DETAILS:
            raise BadField("details", f"the details of an entry of {self.action} are longer than {_LONGEST_DETAILS}")


def canonical(value: object) -> str:
    """JSON that is the same text for the same value; raises BadField for what JSON can't hold."""
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    except (TypeError, ValueError) as exc:
        raise BadField("details", f"an audit entry holds what JSON can't: {exc}") from exc


def body_of(entry: Entry, *, at: datetime, sequence: int, previous: bytes) -> str:
    """The text that is kept and hashed. previous: the hash of the entry before."""
    return canonical(
        {
            "action": entry.action.value,
            "actor": entry.actor,
            "at": time_text(at),
            "details": dict(entry.details),
            "previous": previous.hex(),
            "sequence": sequence,
            "subjects": list(entry.subjects),
        }
    )


def hash_of(body: str) -> bytes:
    """SHA-256 of a body's bytes; bytes that are no UTF-8 stand in the text as Python's surrogateescape has them."""
    return hashlib.sha256(body.encode("utf-8", "surrogateescape")).digest()


def digest_of(value: object) -> str:
    """SHA-256, in hex, of a value's canonical JSON."""
    return hash_of(canonical(value)).hex()


def time_text(at: datetime) -> str:
    """A time as entries write it: UTC, to the microsecond."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def microseconds(text: str) -> int:
    """What time_text wrote, as microseconds since 1970; raises ValueError."""
    return micros_of(datetime.fromisoformat(text))


def micros_of(at: datetime) -> int:
    """Microseconds since 1970, exact."""
    since = at.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def person_subject(key: PersonKey) -> str:
    """A person as entries name them."""
    return f"person:{key[0]}/{key[1]}"


def gallery_subject(name: str) -> str:
    """A gallery as entries name it."""
    return f"gallery:{name}"


def photo_subject(sha256: str) -> str:
    """A photo as entries name it, by the digest of its bytes."""
    return f"photo:{sha256}"


def path_text(path: Path) -> str:
    """A file's name as entries have it: printable, and not so long that it would fill an entry."""
    return ascii(str(path.absolute()))[1:-1][-1024:]


def _check_text(name: str, text: str) -> None:
    if not 1 <= len(text) <= LONGEST_TEXT or not text.isprintable():
        raise BadField(name, f"{name} {shown(text)} is not a printable text of 1 to {LONGEST_TEXT} characters")
