"""What goes over the wire of cases: what is sent to open and lead them, and how they are shown."""

from datetime import date
from typing import Any

from pydantic import Field

from api.wire_quality import Wire
from matcher.casework.case import CaseFile, CasePage, Claim, Protection
from matcher.casework.cases import CaseRecord
from matcher.casework.confidentiality import ProtectionState
from matcher.casework.statuses import TRANSITIONS, Status

_REASON = Field(description="why; kept with the case", min_length=1, max_length=2000)
_VERSION = Field(description="`version` of the case as you read it; 409 `outdated` where somebody was quicker", ge=1)


class ClaimIn(Wire):
    """Who the person says they are; all may be empty."""

    name: str = Field(default="", max_length=200, examples=["Lan Ruoming"])
    native_name: str = Field(default="", max_length=200, examples=["岚若明"])
    date_of_birth: str = Field(default="", max_length=10, examples=["1980-05-17"])
    household_registration: str = Field(default="", max_length=200)

    def claim(self) -> Claim:
        """The same, checked; raises BadField."""
        return Claim(self.name, self.native_name, self.date_of_birth, self.household_registration)


class CaseIn(Wire):
    """A new case."""

    country: str = Field(description="the country that is asked", max_length=3, examples=["CHN"])
    claim: ClaimIn = ClaimIn()
    custody_date: str = Field("", max_length=10, description="the statutory clock starts here", examples=["2026-02-01"])
    protection: Protection = Field(Protection.UNKNOWN, description="unknown or protected; two people lift it later")


class CaseCorrectionIn(Wire):
    """What is to be corrected; what is left out stays."""

    version: int = _VERSION
    reason: str = _REASON
    claim: ClaimIn | None = None
    country: str = Field("", max_length=3)
    custody_date: str = Field("", max_length=10)


class StatusIn(Wire):
    """Where a case goes."""

    status: Status
    reason: str = _REASON
    version: int = _VERSION


class ReasonIn(Wire):
    """A step on this version of a case, with its reason."""

    reason: str = _REASON
    version: int = _VERSION


class VersionIn(Wire):
    """A step on this version of a case."""

    version: int = _VERSION


class AssigneeIn(Wire):
    """Whose case it is; empty for nobody's."""

    account: str = Field(max_length=256, examples=["account:anna"])
    version: int = _VERSION


class AccessIn(Wire):
    """Who may see a protected case from now on."""

    account: str = Field(min_length=1, max_length=256, examples=["account:boris"])
    reason: str = _REASON


class PutToIn(Wire):
    """A gallery that the case is put to, on a basis of its own."""

    gallery: str = Field(min_length=1, max_length=64)
    country: str = Field(max_length=3, examples=["VNM"])
    basis: str = Field(min_length=1, max_length=2000, examples=["agreement of 2008, article 4"])


class NoticeIn(Wire):
    """An official notice."""

    country: str = Field(max_length=3)
    kind: str = Field(min_length=1, max_length=32, examples=["consular notification"])
    reference: str = Field(min_length=1, max_length=2000)
    sent_on: str = Field(max_length=10, examples=["2026-02-03"])


class CaseOut(Wire):
    """A case."""

    id: str = Field(examples=["C-7K3M9-Q2XWD"])
    country: str
    claim: ClaimIn
    status: Status
    status_at: int = Field(description="seconds since 1970, UTC")
    may_become: tuple[Status, ...] = Field(description="the statuses that may follow")
    protection: Protection
    custody_date: str
    deadline: str = Field(description="ISO date; empty without a custody date")
    days_left: int | None = Field(description="until the deadline; negative when it has passed")
    assignee: str
    opened_by: str
    opened_at: int
    version: int


class CasesOut(Wire):
    """A page of cases, the nearest deadlines first."""

    cases: tuple[CaseOut, ...]
    next: str = Field(description="the cursor of the next page; empty where this is the last")


class CasePhotoOut(Wire):
    """A photo of a case; not its pixels."""

    sha256: str
    format: str
    width: int
    height: int
    taken_on: str
    added_by: str
    added_at: int


class EventOut(Wire):
    """One thing that happened to a case."""

    at: int
    actor: str
    kind: str
    before: str
    after: str
    reason: str


class PutToOut(PutToIn):
    """A gallery that the case is put to."""

    by: str
    at: int


class NoticeOut(NoticeIn):
    """A notice as recorded."""

    by: str
    at: int


class CaseRecordOut(CaseOut):
    """A case with everything that is kept beside it."""

    photos: tuple[CasePhotoOut, ...]
    events: tuple[EventOut, ...]
    galleries: tuple[PutToOut, ...]
    notices: tuple[NoticeOut, ...]
    seen_by: tuple[str, ...]


class ConsentOut(Wire):
    """A written consent."""

    id: str
    given_on: str
    scope: str
    sha256: str
    media_type: str
    recorded_by: str
    recorded_at: int
    withdrawn: bool


class LiftOut(Wire):
    """A request to lift a case's protection, which waits for another person."""

    reason: str
    consent: str
    asked_by: str
    asked_at: int


class ProtectionOut(Wire):
    """How a case is protected."""

    protection: Protection
    consents: tuple[ConsentOut, ...]
    waiting: LiftOut | None


CASE_EXAMPLE: dict[str, Any] = {
    "id": "C-7K3M9-Q2XWD",
    "country": "CHN",
    "claim": {"name": "Lan Ruoming", "native_name": "岚若明", "date_of_birth": "1980-05-17",
              "household_registration": "画省绘山市荷塘区"},
    "status": "open",
    "status_at": 1772357400,
    "may_become": ["searching", "sent_to_consulate", "pending_documents", "absconded", "appealing", "duplicate",
                   "out_of_jurisdiction", "closed"],
    "protection": "unknown",
    "custody_date": "2026-02-01",
    "deadline": "2026-07-31",
    "days_left": 152,
    "assignee": "",
    "opened_by": "account:anna",
    "opened_at": 1772357400,
    "version": 1,
}  # fmt: skip


def case_out(case: CaseFile, *, today: date) -> CaseOut:
    return CaseOut(**_fields(case, today))


def cases_out(page: CasePage, *, today: date) -> CasesOut:
    return CasesOut(cases=tuple(case_out(case, today=today) for case in page.cases), next=page.next)


def case_record_out(record: CaseRecord, *, today: date) -> CaseRecordOut:
    photos = (
        CasePhotoOut(
            sha256=photo.sha256, format=photo.format, width=photo.width, height=photo.height, taken_on=photo.taken_on,
            added_by=photo.added_by, added_at=photo.added_at,
        )
        for photo in record.photos
    )  # fmt: skip
    return CaseRecordOut(
        **_fields(record.case, today),
        photos=tuple(photos),
        events=tuple(
            EventOut(at=one.at, actor=one.actor, kind=one.kind, before=one.before, after=one.after, reason=one.reason)
            for one in record.events
        ),
        galleries=tuple(
            PutToOut(gallery=one.gallery, country=one.country, basis=one.basis, by=one.by, at=one.at)
            for one in record.requests
        ),
        notices=tuple(
            NoticeOut(country=one.country, kind=one.kind, reference=one.reference, sent_on=one.sent_on, by=one.by,
                      at=one.at)
            for one in record.notices
        ),
        seen_by=record.seen_by,
    )  # fmt: skip


def protection_out(state: ProtectionState) -> ProtectionOut:
    waiting = state.waiting
    return ProtectionOut(
        protection=state.protection,
        consents=tuple(
            ConsentOut(
                id=one.id, given_on=one.given_on, scope=one.scope, sha256=one.sha256, media_type=one.media_type,
                recorded_by=one.recorded_by, recorded_at=one.recorded_at, withdrawn=one.withdrawn,
            )
            for one in state.consents
        ),
        waiting=None
        if waiting is None
        else LiftOut(
            reason=waiting.reason, consent=waiting.consent, asked_by=waiting.asked_by, asked_at=waiting.asked_at
        ),
    )  # fmt: skip


def _fields(case: CaseFile, today: date) -> dict[str, Any]:
    claim = case.claim
    return {
        "id": case.id,
        "country": case.country,
        "claim": ClaimIn(
            name=claim.name,
            native_name=claim.native_name,
            date_of_birth=claim.date_of_birth,
            household_registration=claim.household_registration,
        ),
        "status": case.status,
        "status_at": case.status_at,
        "may_become": tuple(status for status in Status if status in TRANSITIONS[case.status]),
        "protection": case.protection,
        "custody_date": case.custody_date,
        "deadline": case.deadline,
        "days_left": case.days_left(today),
        "assignee": case.assignee,
        "opened_by": case.opened_by,
        "opened_at": case.opened_at,
        "version": case.version,
    }
