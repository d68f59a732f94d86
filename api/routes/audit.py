"""The audit for auditors: entries searched and followed, the chain verified, checkpoints signed, exports."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, Literal

from anyio import to_thread
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from api.deps import TheDesk, TheMatcher
from api.forms import UploadLimits
from api.officers import TheCase
from api.routes import described
from api.routes.identify import only_photo
from api.wire_quality import Wire
from matcher.audit import signing
from matcher.audit.asking import Filter, Line
from matcher.audit.entry import LONGEST_TEXT, Action, hash_of
from matcher.audit.inspecting import Inspection
from matcher.audit.signing import Checkpoint
from matcher.audit.verifying import Verdict
from matcher.casework.case import case_subject
from matcher.casework.faults import no_case
from matcher.casework.numbers import number_of
from matcher.errors import AuditNotWhole, BadField, BadSetting
from matcher.person import shown
from matcher.replay import replay

router = APIRouter(prefix="/v1/audit", tags=["audit"])
MOST_LISTED = 500
_MOST_CHECKPOINTS = 100
_LINES = "application/x-ndjson"


class Entries(Wire):
    """Which entries are wanted; all that is given must hold."""

    action: Action | None = Field(None, description="what was done")
    case: str = Field("", max_length=32, description="about this case", examples=["C-7K3M9-Q2XWD"])
    subject: str = Field("", max_length=LONGEST_TEXT, description="about this one", examples=["person:main/p1"])
    account: str = Field("", max_length=64, description="by this account and its tokens", examples=["anna"])
    actor: str = Field("", max_length=LONGEST_TEXT, description="by exactly this one", examples=["os:anna"])
    since: datetime | None = Field(None, description="from this time on, UTC if not said otherwise")
    until: datetime | None = Field(None, description="before this time")

    def filter(self) -> Filter:
        """The same for the records; raises BadField."""
        for name in ("subject", "account", "actor"):
            if not (text := getattr(self, name)).isprintable():
                raise BadField(name, f"{name} {shown(text)} is not printable; write it as entries have it")
        if self.case and self.subject:
            raise BadField("subject", "give a case or a subject, not both")
        subject = case_subject(number_of("C", self.case)) if self.case else self.subject
        return Filter(
            subject or None, self.actor or None, self.action, _utc("since", self.since), _utc("until", self.until),
            f"account:{self.account}" if self.account else None,
        )  # fmt: skip


class PageOfEntries(Entries):
    """Which entries, and which page of them."""

    order: Literal["newest", "oldest"] = Field("newest", description="which come first")
    limit: int = Field(100, ge=1, le=MOST_LISTED)
    cursor: int | None = Field(None, ge=0, le=2**53, description="`next` of the page before; none for the first")


class PageOfTrail(Wire):
    """Which page of a case's trail."""

    limit: int = Field(100, ge=1, le=MOST_LISTED)
    cursor: int = Field(0, ge=0, le=2**53, description="`next` of the page before; none for the first")


class EntryOut(Wire):
    """An entry. hash: SHA-256 of its body, which the next entry names as `previous`."""

    sequence: int
    at: str = Field(description="UTC, to the microsecond", examples=["2026-03-01T09:30:00.000000Z"])
    actor: str
    action: str
    subjects: tuple[str, ...]
    details: dict[str, Any]
    previous: str
    hash: str


class EntriesOut(Wire):
    """A page of entries."""

    entries: tuple[EntryOut, ...]
    next: int | None = Field(description="the cursor of the next page; null where this is the last")


class VerificationIn(Wire):
    """What the chain is held against beside itself."""

    checkpoints: tuple[str, ...] = Field((), max_length=_MOST_CHECKPOINTS, description="the texts of checkpoint files")
    public_key: str = Field("", max_length=4096, description="PEM, of who signed them; the service's own if empty")


class FindingOut(Wire):
    """The first thing that is wrong with the chain."""

    sequence: int
    fault: str = Field(description="altered, removed, out_of_place, truncated, rewritten, other_chain or unreadable")
    message: str


class VerificationOut(Wire):
    """Whether the chain is whole. entries: how many are sound, from the first on; last: the hash of the last."""

    whole: bool
    entries: int
    last: str
    finding: FindingOut | None
    checkpoints: int = Field(description="how many it was held against; without any, a cut end can't be seen")


class ReplayedOut(Wire):
    """What a search gave when it was made again."""

    entry: int
    same: bool = Field(description="whether the result is the same to the last bit")
    changed: tuple[str, ...] = Field(description="what the search rested on and is otherwise now")
    differs: tuple[str, ...] = Field(description="in what the results differ")


class KeyOut(Wire):
    """The public key that verifies the checkpoints that this service signs."""

    public_key: str = Field(description="PEM")
    fingerprint: str


def inspection_of(desk: TheDesk) -> Inspection:
    return Inspection(desk.database, desk.settings.home)


TheInspection = Annotated[Inspection, Depends(inspection_of)]


@router.get("", summary="Entries of the audit", responses=described.errors(422, 503))
def entries(audit: TheInspection, asked: Annotated[PageOfEntries, Query()]) -> EntriesOut:
    """What was done, by whom, when and about whom, a page at a time. That you looked is an entry, too."""
    wanted = asked.filter()
    if asked.order == "newest":
        found = audit.newest(wanted, before=asked.cursor, limit=asked.limit + 1)
    else:
        found = audit.following(wanted, after=asked.cursor or 0, limit=asked.limit + 1)
    return _page(found, asked.limit)


@router.get("/cases/{case}", summary="Follow a case", responses=described.errors(404, 422, 503))
def follow(audit: TheInspection, case: TheCase, asked: Annotated[PageOfTrail, Query()]) -> EntriesOut:
    """Everything that was done to one case, from its opening on; also of a case that has been purged."""
    found = audit.following(Filter(subject=case_subject(case)), after=asked.cursor, limit=asked.limit + 1)
    if not found and not asked.cursor:
        raise no_case()
    return _page(found, asked.limit)


@router.post("/verification", summary="Verify the audit", responses=described.errors(404, 422, 503))
async def verify(desk: TheDesk, audit: TheInspection, given: VerificationIn) -> VerificationOut:
    """Read the whole chain and say the first thing that was altered, removed, inserted or moved, if anything was.

    One verification at a time; others wait for their turn.
    """
    return await to_thread.run_sync(partial(_verified, audit, given), limiter=desk.verifying)


@router.post(
    "/checkpoints",
    summary="Sign a checkpoint",
    status_code=201,
    response_class=Response,
    responses={
        201: {"content": {"application/json": {}}, "description": "the file"},
        **described.errors(404, 409, 503),
    },
)
async def checkpoint(desk: TheDesk, audit: TheInspection) -> Response:
    """Verify the chain and sign where it stands. Keep the file where who can change the records can't reach it.

    Earlier checkpoints are the entries of the action `checkpoint`. 404 without a key; 409 where the chain is not whole.
    """
    text = await to_thread.run_sync(audit.checkpoint, limiter=desk.verifying)
    name = f"checkpoint-{json.loads(text)['sequence']}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, 201, headers, media_type="application/json")


@router.post(
    "/entries/{sequence}/replay",
    summary="Make a search again",
    openapi_extra={"requestBody": {**described.CASE_PHOTO, "required": False}},
    responses=described.errors(404, 409, 413, 415, 422, 503),
)
async def replay_search(
    request: Request, desk: TheDesk, matcher: TheMatcher, sequence: Annotated[int, Path(ge=1, le=2**53)]
) -> ReplayedOut:
    """Search once more as the entry says, and compare: the same result, or what has changed since.

    The photo is one that is kept in a case or of a person; otherwise send it. This is recorded as a search, too.
    """
    limits = UploadLimits(desk.settings.max_photo_bytes, photos=1, names=(), alone=True)
    if "content-type" not in request.headers:
        found = await desk.work(lambda: replay(matcher, sequence))
    else:
        async with desk.upload(request, limits) as upload:
            photo = only_photo(upload).content
            found = await desk.work(lambda: replay(matcher, sequence, photo=photo))
    return ReplayedOut(entry=found.sequence, same=found.same, changed=found.changed, differs=found.differs)


@router.get("/key", summary="The key of checkpoints", responses=described.errors(404, 503))
def key(audit: TheInspection) -> KeyOut:
    """With it, checkpoints are verified anywhere. It proves most where it came by another way than they did."""
    found = audit.key()
    return KeyOut(public_key=found.text, fingerprint=found.fingerprint)


@router.get(
    "/export",
    summary="Entries as they were hashed",
    response_class=StreamingResponse,
    responses={200: {"content": {_LINES: {}}, "description": "a body a line"}, **described.errors(422, 503)},
)
def export(audit: TheInspection, asked: Annotated[Entries, Query()]) -> StreamingResponse:
    """Every entry that is wanted, oldest first, a JSON body a line, to the byte as it was hashed.

    The whole chain, without filters, can be verified anywhere: `matcher audit verify --file`.
    """
    lines = audit.exported(asked.filter())
    headers = {"Content-Disposition": 'attachment; filename="audit.jsonl"'}
    return StreamingResponse(_written(lines), headers=headers, media_type=_LINES)


def _verified(audit: Inspection, given: VerificationIn) -> VerificationOut:
    known = _checkpoints(audit, given) if given.checkpoints else ()
    return _verification_out(audit.verify(known), len(known))


def _checkpoints(audit: Inspection, given: VerificationIn) -> tuple[Checkpoint, ...]:
    text = given.public_key or audit.key().text
    try:
        trusted = signing.parsed_key(text.encode(), name="public_key")
    except BadSetting as exc:
        raise BadField("public_key", str(exc)) from exc
    return tuple(
        signing.parsed_checkpoint(text.encode(), trusted, name=f"checkpoint {place}")
        for place, text in enumerate(given.checkpoints, 1)
    )


def _verification_out(verdict: Verdict, checkpoints: int) -> VerificationOut:
    found = verdict.finding
    finding = None if found is None else FindingOut(
        sequence=found.sequence, fault=found.fault.value, message=found.message
    )  # fmt: skip
    return VerificationOut(
        whole=found is None, entries=verdict.entries, last=verdict.last.hex(), finding=finding, checkpoints=checkpoints
    )


def _page(found: tuple[Line, ...], limit: int) -> EntriesOut:
    page = found[:limit]
    more = len(found) > len(page)
    return EntriesOut(entries=tuple(map(_entry_out, page)), next=page[-1].sequence if more else None)


def _entry_out(line: Line) -> EntryOut:
    try:
        return EntryOut(**json.loads(line.body), hash=hash_of(line.body).hex())
    except (ValueError, TypeError) as exc:
        raise AuditNotWhole(
            f"entry {line.sequence} was altered: it is not an entry any more; verify the audit"
        ) from exc


def _written(lines: Iterator[Line]) -> Iterator[str]:
    for line in lines:
        yield line.body + "\n"


def _utc(name: str, at: datetime | None) -> datetime | None:
    try:
        return at if at is None else at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    except OverflowError as exc:
        raise BadField(name, f"{name} {at} is outside the years 1 to 9999") from exc
