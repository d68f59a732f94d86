"""Cases: opened, listed, led through their states; photos, galleries that they are put to, notices, who sees them."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from api.deps import TheDesk, TheMatcher
from api.forms import UploadLimits
from api.officers import TheCase, TheOffice, TheOfficer, TheSearchDesk
from api.pictures import jpeg_view
from api.routes import described
from api.routes.identify import only_photo
from api.routes.persons import MEDIA_TYPES, Digest
from api.wire_cases import (
    CASE_EXAMPLE,
    AccessIn,
    AssigneeIn,
    CaseCorrectionIn,
    CaseIn,
    CaseOut,
    CaseRecordOut,
    CasesOut,
    NoticeIn,
    PutToIn,
    StatusIn,
    case_out,
    case_record_out,
    cases_out,
)
from api.wire_quality import Wire
from matcher.build import photo_limits
from matcher.casework.case import CaseQuery
from matcher.casework.cases import MOST_LISTED
from matcher.casework.office import Office
from matcher.casework.officer import Officer
from matcher.casework.statuses import Status

router = APIRouter(prefix="/v1/cases", tags=["cases"])
_TAKEN = "taken_on"


class CasesAsked(Wire):
    """Which cases are wanted; what is left out asks nothing."""

    status: Status | None = None
    country: str = Field("", max_length=3)
    assignee: str | None = Field(None, max_length=256, description="empty: nobody's")
    due_by: str = Field("", max_length=10, description="whose deadline is not later than this ISO date")
    limit: int = Field(50, ge=1, le=MOST_LISTED)
    cursor: str = Field("", max_length=200, description="`next` of the page before; empty for the first")


@router.post(
    "",
    summary="Open a case",
    status_code=201,
    responses={201: {"content": {"application/json": {"example": CASE_EXAMPLE}}}, **described.errors(422, 503)},
)
def open_case(who: TheOfficer, office: TheOffice, given: CaseIn, response: Response) -> CaseOut:
    """A new case. Its protection is unknown unless it is protected from the start; two people lift it afterwards."""
    case = office.cases.open(
        who,
        country=given.country,
        claim=given.claim.claim(),
        custody_date=given.custody_date,
        protection=given.protection,
    )
    response.headers["Location"] = f"/v1/cases/{case.id}"
    return case_out(case, today=office.files.today)


@router.get(
    "",
    summary="Cases by deadline",
    responses={
        200: {"content": {"application/json": {"example": {"cases": [CASE_EXAMPLE], "next": ""}}}},
        **described.errors(422, 503),
    },
)
def cases(who: TheOfficer, office: TheOffice, asked: Annotated[CasesAsked, Query()]) -> CasesOut:
    """The cases that you may see, a page at a time, the nearest deadlines first."""
    wanted = CaseQuery(asked.status, asked.country, asked.assignee, asked.due_by)
    page = office.cases.page(who, wanted, cursor=asked.cursor, limit=asked.limit)
    return cases_out(page, today=office.files.today)


@router.get("/{case}", summary="A case", responses=described.errors(404, 422, 503))
def case(who: TheOfficer, office: TheOffice, case: TheCase) -> CaseRecordOut:
    """A case with its photos (not their pixels), history, galleries and notices.

    A case that you may not see is answered as one that does not exist.
    """
    return case_record_out(office.cases.get(who, case), today=office.files.today)


@router.patch("/{case}", summary="Correct a case", responses=described.errors(404, 409, 422, 503))
def correct(who: TheOfficer, office: TheOffice, case: TheCase, given: CaseCorrectionIn) -> CaseRecordOut:
    """Change the claim, the country or the custody date; the deadline follows the custody date."""
    office.cases.correct(
        who,
        case,
        version=given.version,
        reason=given.reason,
        claim=given.claim.claim() if given.claim else None,
        country=given.country,
        custody_date=given.custody_date,
    )
    return _record(who, office, case)


@router.post("/{case}/status", summary="Lead a case on", responses=described.errors(404, 409, 422, 503))
def status(who: TheOfficer, office: TheOffice, case: TheCase, given: StatusIn) -> CaseRecordOut:
    """Another status, if that step is legal; `may_become` of the case names those that are."""
    office.cases.move(who, case, given.status, reason=given.reason, version=given.version)
    return _record(who, office, case)


@router.post("/{case}/assignee", summary="Assign a case", responses=described.errors(404, 409, 422, 503))
def assign(who: TheOfficer, office: TheOffice, case: TheCase, given: AssigneeIn) -> CaseRecordOut:
    """Take a case that is nobody's, or as a supervisor give any to anybody."""
    office.cases.assign(who, case, given.account, version=given.version)
    return _record(who, office, case)


@router.post("/{case}/access", summary="Let somebody see a case", responses=described.errors(404, 409, 422, 503))
def share(who: TheOfficer, office: TheOffice, case: TheCase, given: AccessIn) -> CaseRecordOut:
    """Let another account see a case whose protection is not lifted, to review it for instance."""
    office.cases.share(who, case, given.account, reason=given.reason)
    return _record(who, office, case)


@router.post(
    "/{case}/photos",
    summary="Add a photo",
    status_code=201,
    openapi_extra={"requestBody": described.CASE_PHOTO},
    responses=described.errors(404, 409, 413, 415, 422, 503),
)
async def add_photo(
    *, request: Request, desk: TheDesk, matcher: TheMatcher, who: TheOfficer, office: TheOffice,
    searches: TheSearchDesk, case: TheCase,
) -> CaseRecordOut:  # fmt: skip
    """Keep a photo of the person. One without a face is refused; quality is judged when it is searched with.

    It is compared with the photos of all other cases at once: see the case's duplicates.
    """
    limits = UploadLimits(desk.settings.max_photo_bytes, photos=1, names=(_TAKEN,), alone=True)
    async with desk.upload(request, limits) as upload:
        content, taken = only_photo(upload).content, upload.one(_TAKEN)

        def kept() -> CaseRecordOut:
            # Before the work on the photo: who may not see the case is told so, whatever the photo shows.
            office.cases.after_change(who, case)
            office.cases.add_photo(who, case, matcher.prepare(content), content, taken_on=taken)
            searches.duplicates.look_by_itself(who, case)
            return _record(who, office, case)

        return await desk.work(kept)


@router.get(
    "/{case}/photos/{sha256}",
    summary="A case's photo",
    response_class=Response,
    responses={
        200: {"content": {kind: {} for kind in sorted(MEDIA_TYPES.values())}, "description": "the photo"},
        **described.errors(404, 422, 503),
    },
)
def photo(
    *, desk: TheDesk, who: TheOfficer, office: TheOffice, case: TheCase, sha256: Digest,
    view: Annotated[str, Query(alias="as", pattern="^(jpeg)?$")] = "",
) -> Response:  # fmt: skip
    """The original bytes; with `as=jpeg` an upright JPEG of at most 1,024 pixels a side. The look at it is recorded."""
    content, kind = office.cases.photo(who, case, sha256)
    headers = {"Cache-Control": "private, no-store"}
    if view == "jpeg":
        return Response(
            jpeg_view(content, limits=photo_limits(desk.settings)), headers=headers, media_type="image/jpeg"
        )
    return Response(content, headers=headers, media_type=MEDIA_TYPES.get(kind, "application/octet-stream"))


@router.post("/{case}/galleries", summary="Put a case to a gallery", responses=described.errors(404, 409, 422, 503))
def put_to(who: TheOfficer, office: TheOffice, case: TheCase, given: PutToIn) -> CaseRecordOut:
    """Name a gallery in which the case may be searched, and on what basis. Several countries' are put one by one."""
    office.cases.put_to(who, case, given.gallery, country=given.country, basis=given.basis)
    return _record(who, office, case)


@router.post("/{case}/notices", summary="Record a notice", responses=described.errors(404, 409, 422, 503))
def notice(who: TheOfficer, office: TheOffice, case: TheCase, given: NoticeIn) -> CaseRecordOut:
    """An official notice to a country; a case whose protection is not lifted can't be named in one."""
    office.cases.note_notice(
        who, case, country=given.country, kind=given.kind, reference=given.reference, sent_on=given.sent_on
    )
    return _record(who, office, case)


def _record(who: Officer, office: Office, case: int) -> CaseRecordOut:
    return case_record_out(office.cases.after_change(who, case), today=office.files.today)
