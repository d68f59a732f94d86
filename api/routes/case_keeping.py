"""How long ended cases are kept, by how they ended; cases that are held; and all that is kept about a case's person."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from api.officers import TheCase, TheOffice, TheOfficer
from api.paging import PageAsked, page_of
from api.routes import described
from api.wire_cases import CaseRecordOut, case_record_out
from api.wire_quality import Wire
from matcher.casework import erasing, keeping
from matcher.casework.own_data import own_data
from matcher.casework.statuses import Status
from matcher.errors import BadField
from matcher.keeping import MOST_DAYS
from matcher.records import case_keeping

router = APIRouter(prefix="/v1", tags=["retention"])


class CaseRuleIn(Wire):
    """After how many days cases that ended so are due."""

    days: int | None = Field(ge=1, le=MOST_DAYS, description="null: never")


class CaseRulesOut(Wire):
    """Days by status, of the statuses that have a rule."""

    rules: dict[str, int]


class DueCasesOut(Wire):
    """A page of the cases that a purge would remove now."""

    due: tuple[str, ...]
    next: str = Field(description="the cursor of the next page; empty where this is the last")


class DueAsked(PageAsked):
    """Which page; with status and days, of the cases that ended so long ago, whatever the rules say."""

    status: list[Status] = Field([], max_length=len(Status), description="how they ended; may be repeated")
    days: int | None = Field(None, ge=1, le=MOST_DAYS, description="days since then; together with status")


class CaseHoldIn(Wire):
    """Why a case is kept, or no longer."""

    reason: str = Field(min_length=1, max_length=2000)


class ExportAsked(Wire):
    """On what request everything is given out."""

    consent: str = Field("", max_length=32, description="the person's own, in force", examples=["N-7K3M9-Q2XWD"])


@router.get("/retention/cases", summary="How long cases are kept", responses=described.errors(503))
def rules(office: TheOffice) -> CaseRulesOut:
    """The rules by how cases ended."""
    with office.files.database.reading() as connection:
        return CaseRulesOut(rules=case_keeping.rules(connection))


@router.put("/retention/cases/{status}", summary="Set a rule for cases", responses=described.errors(422, 503))
def set_rule(who: TheOfficer, office: TheOffice, status: Status, given: CaseRuleIn) -> CaseRulesOut:
    """After how many days cases that ended so are due; nothing is removed before a purge."""
    keeping.set_rule(office.files, who, status, given.days)
    return rules(office)


@router.get("/retention/cases/due", summary="Cases whose time is over", responses=described.errors(422, 503))
def due(office: TheOffice, asked: Annotated[DueAsked, Query()]) -> DueCasesOut:
    """The numbers of the cases that a purge would remove now: not held, and due by the rules, or ended as asked for.
    For supervisors, who may see every case."""
    if bool(asked.status) is (asked.days is None):
        raise BadField("days", "give status and days together, or neither, to go by the rules")
    if asked.days is None:
        found = keeping.due(office.files)
    else:
        found = erasing.due(office.files, statuses=asked.status, days=asked.days)
    page, following = page_of(found, asked, lambda number: number)
    return DueCasesOut(due=page, next=following)


@router.post("/cases/{case}/hold", summary="Hold a case", responses=described.errors(404, 409, 422, 503))
def hold(who: TheOfficer, office: TheOffice, case: TheCase, given: CaseHoldIn) -> CaseRecordOut:
    """Keep a case with everything of it until it is released; for supervisors."""
    keeping.hold(office.files, who, case, reason=given.reason)
    return case_record_out(office.cases.after_change(who, case), today=office.files.today)


@router.post("/cases/{case}/release", summary="Release a case", responses=described.errors(404, 422, 503))
def release(who: TheOfficer, office: TheOffice, case: TheCase, given: CaseHoldIn) -> CaseRecordOut:
    """End a hold; for supervisors."""
    keeping.release(office.files, who, case, reason=given.reason)
    return case_record_out(office.cases.after_change(who, case), today=office.files.today)


@router.get(
    "/cases/{case}/export",
    summary="Everything about a case's person",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}}, "description": "a ZIP"},
               **described.errors(404, 409, 422, 503)},
)  # fmt: skip
def export(who: TheOfficer, office: TheOffice, case: TheCase, asked: Annotated[ExportAsked, Query()]) -> Response:
    """Claim, history, photos, templates, consents, documents and entries of the audit, for that person alone; for
    supervisors who have signed in. A confidential case needs the person's own written request, kept as a consent."""
    content = own_data(office.files, who, case, consent=asked.consent)
    headers = {"Cache-Control": "private, no-store", "Content-Disposition": 'attachment; filename="case.zip"'}
    return Response(content, headers=headers, media_type="application/zip")
