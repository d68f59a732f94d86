"""Whose time is over is removed, people and cases, and the answer says that nothing of them is left, or where."""

from functools import partial
from pathlib import Path

from fastapi import APIRouter
from pydantic import Field

from api.deps import TheActor, TheDesk
from api.officers import TheOfficer
from api.routes import described
from api.wire_quality import Wire
from matcher.accounts.roles import Right
from matcher.casework.statuses import Status
from matcher.erasure import Found
from matcher.errors import BadField
from matcher.keeping import MOST_DAYS
from matcher.service_tasks import purge_cases, purge_people

router = APIRouter(prefix="/v1/retention", tags=["retention"])


class LeftOut(Wire):
    """A file of the home in which something of who went is still there."""

    file: str
    traces: int = Field(description="how many photos, templates or documents")


class PurgedOut(Wire):
    """What a purge did. `left` is empty where the erasure is shown."""

    people: int
    photos: int
    templates: int
    searched_bytes: int = Field(description="of the home's files, looked through for what went")
    left: tuple[LeftOut, ...]
    backups: tuple[str, ...] = Field(description="files that were written before; destroy or renew them")
    documents: tuple[str, ...] = Field(description="for consulates, which state them and stay with their cases")


class CasePurgeIn(Wire):
    """Which cases go: how they ended, and so many days ago; with neither, those that are due by the rules."""

    statuses: tuple[Status, ...] = Field((), max_length=len(Status))
    days: int | None = Field(None, ge=1, le=MOST_DAYS)


class CasesPurgedOut(Wire):
    """The cases that went. `left` is empty where the erasure is shown."""

    cases: tuple[str, ...]
    photos: int
    searched_bytes: int
    left: tuple[LeftOut, ...]
    backups: tuple[str, ...] = Field(description="files that were written before; destroy or renew them")


@router.post("/purge", summary="Remove whose time is over", responses=described.errors(422, 503))
async def people(desk: TheDesk, actor: TheActor) -> PurgedOut:
    """As `matcher purge`: everybody who is due by the galleries' rules and not held, with photos and templates. Then
    every file of the home is searched for what went, which takes time; what was found is recorded, too.

    One purge or import at a time; others wait for their turn. Sent again with the same Idempotency-Key, it tells what
    the first one did.
    """
    done = await desk.apart(partial(purge_people, desk.settings, actor.audit_name))
    return PurgedOut(
        people=len(done.people), photos=done.photos, templates=done.templates, searched_bytes=done.searched,
        left=_left(done.found, desk.settings.home), backups=done.backups, documents=done.documents,
    )  # fmt: skip


@router.post("/cases/purge", summary="Remove cases whose time is over", responses=described.errors(422, 503))
async def cases(desk: TheDesk, who: TheOfficer, given: CasePurgeIn) -> CasesPurgedOut:
    """As `matcher cases purge`, with everything that hangs on them; for supervisors who have signed in, not programs.
    `GET /v1/retention/cases/due` lists them before. The audit keeps their numbers."""
    who.must_decide(Right.SUPERVISE_CASES)
    if bool(given.statuses) is (given.days is None):
        raise BadField("days", "give statuses and days together, or neither, to go by the rules")
    done = await desk.apart(partial(purge_cases, desk.settings, who, given.statuses, given.days))
    return CasesPurgedOut(
        cases=done.cases, photos=done.photos, searched_bytes=done.searched,
        left=_left(done.found, desk.settings.home), backups=done.backups,
    )  # fmt: skip


def _left(found: tuple[Found, ...], home: Path) -> tuple[LeftOut, ...]:
    return tuple(LeftOut(file=str(one.file.relative_to(home)), traces=one.traces) for one in found)
