"""The auditor's pages: entries searched, a case followed, the chain verified and signed, a search made again."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from api.deps import TheDesk, TheMatcher
from api.officers import TheCase
from api.routes.audit import TheInspection
from api.web import words
from api.web.audit_words import ACTIONS, FIELDS, FINDINGS, WHAT
from api.web.form import TheForm
from api.web.languages import N_
from api.web.pages import Page, ThePage
from matcher.audit import signing
from matcher.audit.asking import Filter, Line
from matcher.audit.entry import Action, hash_of
from matcher.audit.inspecting import Inspection
from matcher.audit.signing import Checkpoint
from matcher.audit.verifying import Verdict
from matcher.casework.case import case_id, case_subject
from matcher.casework.faults import no_case
from matcher.casework.numbers import number_of
from matcher.errors import AuditNotWhole, BadField, BadManifest, BadSetting, NotFound
from matcher.person import shown
from matcher.replay import replay

router = APIRouter(include_in_schema=False)
PAGE = 50
_TABS = (("/audit", N_("Search")), ("/audit/case", N_("Follow a case")), ("/audit/verification", N_("Verify")))
Sequence_ = Annotated[int, Path(ge=1, le=2**53)]


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as a page shows it. hash: SHA-256 of its body, which the next entry names."""

    sequence: int
    at: str
    actor: str
    action: Action
    subjects: tuple[str, ...]
    details: dict[str, Any]
    hash: str

    @property
    def what(self) -> str:
        """The first word on it, where the entry has one."""
        return str(self.details.get("what") or self.details.get("refused") or self.details.get("outcome") or "")

    @property
    def is_search(self) -> bool:
        return self.action is Action.SEARCH and "result" in self.details

    @property
    def text(self) -> str:
        return json.dumps(self.details, indent=1, ensure_ascii=False, sort_keys=True)


class Wanted(BaseModel):
    """What the address asks for; empty texts ask nothing."""

    since: str = Field("", max_length=20)
    until: str = Field("", max_length=20)
    action: str = Field("", max_length=40)
    account: str = Field("", max_length=64)
    case: str = Field("", max_length=32)
    subject: str = Field("", max_length=256)
    before: str = Field("", max_length=20)

    def filter(self) -> Filter:
        """The same for the records; raises BadField. Days are UTC's, both included."""
        for name in ("account", "subject", "case"):
            if not (text := getattr(self, name)).isprintable():
                raise BadField(name, f"{name} {shown(text)} is not printable; write it as entries have it")
        number = number_of("C", self.case.strip()) if self.case.strip() else 0
        if self.case.strip() and not number:
            raise BadField("case", f"{shown(self.case)} is no case's number; write it as in C-7K3M9-Q2XWD")
        until = _day("until", self.until)
        return Filter(
            subject=case_subject(number) if number else self.subject.strip() or None,
            actor=None,
            action=_action(self.action),
            since=_day("since", self.since),
            until=None if until is None else until + timedelta(days=1),
            account=f"account:{self.account.strip().lower()}" if self.account.strip() else None,
        )

    def address(self, path: str = "/audit", **changed: str) -> str:
        asked = {**self.model_dump(), **changed}
        return f"{path}?{urlencode({name: value for name, value in asked.items() if value})}"

    @property
    def export(self) -> str:
        """The same entries as a file, as they were hashed."""
        until = _day("until", self.until)
        days = {"since": f"{self.since}T00:00:00Z" if self.since else "",
                "until": (until + timedelta(days=1)).strftime("%Y-%m-%dT00:00:00Z") if until else ""}  # fmt: skip
        return self.address("/v1/audit/export", before="", **days)


@router.get("/audit")
def search(page: ThePage, audit: TheInspection, wanted: Annotated[Wanted, Query()]) -> Response:
    """The newest entries that are wanted, a page at a time."""
    before = int(wanted.before) if wanted.before.isascii() and wanted.before.isdigit() else None
    lines = audit.newest(wanted.filter(), before=before, limit=PAGE + 1)
    more = len(lines) > PAGE
    return _page(
        page, "search", entries=[_shown(line) for line in lines[:PAGE]], wanted=wanted,
        first=wanted.address(before="") if wanted.before else "",
        next=wanted.address(before=str(lines[PAGE - 1].sequence)) if more else "",
    )  # fmt: skip


@router.get("/audit/case")
def choose(page: ThePage, number: Annotated[str, Query(max_length=64)] = "") -> Response:
    """Ask for the case that is to be followed."""
    found = number_of("C", number.strip()) if number.strip() else 0
    if found:
        return page.go(f"/audit/cases/{case_id(found)}")
    fault = page.gettext("This is no case's number; write it as in C-7K3M9-Q2XWD.") if number.strip() else ""
    return _page(page, "choose", number=number, fault=fault)


@router.get("/audit/cases/{case}")
def follow(
    page: ThePage, audit: TheInspection, case: TheCase, after: Annotated[int, Query(ge=0, le=2**53)] = 0
) -> Response:
    """Everything that was done to one case, from its opening on; also of a case that has been purged."""
    lines = audit.following(Filter(subject=case_subject(case)), after=after, limit=PAGE + 1)
    if not lines and not after:
        raise no_case()
    address, more = f"/audit/cases/{case_id(case)}", len(lines) > PAGE
    return _page(
        page, "case", entries=[_shown(line) for line in lines[:PAGE]], case=case_id(case), subject=case_subject(case),
        words=words, first=address if after else "", next=f"{address}?after={lines[PAGE - 1].sequence}" if more else "",
    )  # fmt: skip


@router.get("/audit/entries/{sequence}")
def entry(page: ThePage, audit: TheInspection, sequence: Sequence_) -> Response:
    """One entry with everything that it holds."""
    return _page(page, "entry", entry=_entry(audit, sequence), replayed=None)


@router.post("/audit/entries/{sequence}/replay")
async def again(
    page: ThePage, desk: TheDesk, audit: TheInspection, matcher: TheMatcher, sequence: Sequence_
) -> Response:
    """Make a search again with the photo that is kept, and compare."""
    found = await desk.work(lambda: replay(matcher, sequence))
    shown_entry = await to_thread.run_sync(_entry, audit, sequence)
    return _page(page, "entry", entry=shown_entry, replayed=found)


@router.get("/audit/verification")
def about(page: ThePage, audit: TheInspection) -> Response:
    """What verification proves, and the forms for it."""
    return _verification(page, audit)


@router.post("/audit/verification")
async def verify(page: ThePage, desk: TheDesk, audit: TheInspection, fields: TheForm) -> Response:
    """Verify the whole chain, against a checkpoint if one was given; one verification at a time."""
    given, key = fields.get("checkpoint", ""), fields.get("public_key", "")
    try:
        known = _checkpoints(audit, given, key)
    except BadField as fault:
        return _verification(page, audit, given=given, key=key, fault=str(fault))
    verdict = await to_thread.run_sync(partial(audit.verify, known), limiter=desk.verifying)
    return _verification(page, audit, verdict=verdict, against=known)


@router.post("/audit/checkpoints")
async def checkpoint(desk: TheDesk, audit: TheInspection) -> Response:
    """Verify and sign where the chain stands; the file to keep elsewhere."""
    text = await to_thread.run_sync(audit.checkpoint, limiter=desk.verifying)
    name = f"checkpoint-{json.loads(text)['sequence']}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, headers=headers, media_type="application/json")


def _page(page: Page, name: str, **values: Any) -> Response:
    tabs = [(path, page.gettext(text), None) for path, text in _TABS]
    places = {"entry": "/audit", "case": "/audit/case", "choose": "/audit/case"}
    return page.render(
        f"audit/{name}.html",
        tabs=tabs,
        at=places.get(name, page.path),
        actions=ACTIONS,
        whats=WHAT,
        fields=FIELDS,
        case_of=_case_of,
        **values,
    )


def _verification(
    page: Page,
    audit: Inspection,
    *,
    verdict: Verdict | None = None,
    against: tuple[Checkpoint, ...] = (),
    given: str = "",
    key: str = "",
    fault: str = "",
) -> Response:
    try:
        own = audit.key()
    except NotFound:
        own = None
    finding = None if verdict is None or verdict.finding is None else FINDINGS[verdict.finding.fault]
    return _page(page, "verification", verdict=verdict, against=against, given=given, key=key, fault=fault, own=own,
                 findings=FINDINGS, finding=finding)  # fmt: skip


def _checkpoints(audit: Inspection, given: str, key: str) -> tuple[Checkpoint, ...]:
    if not given:
        return ()
    try:
        trusted = signing.parsed_key((key or audit.key().text).encode(), name="public key")
        return (signing.parsed_checkpoint(given.encode(), trusted, name="checkpoint"),)
    except (BadManifest, BadSetting, NotFound) as exc:
        raise BadField("checkpoint", str(exc)) from exc


def _entry(audit: Inspection, sequence: int) -> Shown:
    lines = audit.following(Filter(), after=sequence - 1, limit=1)
    if not lines or lines[0].sequence != sequence:
        raise NotFound(f"the audit has no entry {sequence}")
    return _shown(lines[0])


def _shown(line: Line) -> Shown:
    try:
        said = json.loads(line.body)
        return Shown(
            int(said["sequence"]), str(said["at"]), str(said["actor"]), Action(said["action"]),
            tuple(map(str, said["subjects"])), dict(said["details"]), hash_of(line.body).hex(),
        )  # fmt: skip
    except (ValueError, TypeError, KeyError) as exc:
        raise AuditNotWhole(
            f"entry {line.sequence} was altered: it is not an entry any more; verify the audit"
        ) from exc


def _case_of(subject: str) -> str:
    """The number of a case that an entry names; empty for other subjects."""
    return subject.removeprefix("case:") if subject.startswith("case:") else ""


def _action(text: str) -> Action | None:
    try:
        return Action(text) if text else None
    except ValueError as exc:
        raise BadField("action", f"{shown(text)} is nothing that the audit records; choose from the list") from exc


def _day(name: str, text: str) -> datetime | None:
    if not text.strip():
        return None
    try:
        day = date.fromisoformat(text.strip())
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    except ValueError as exc:
        raise BadField(name, f"{name} {shown(text)} is no date; write it as 2026-03-01") from exc
