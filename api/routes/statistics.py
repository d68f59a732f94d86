"""Figures of cases, as JSON and CSV; how officers decide in control cases, for supervisors."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from api.deps import TheDesk
from api.officers import TheOffice, TheOfficer, TheSearchDesk
from api.paging import PageAsked, page_of
from api.routes import described
from api.wire_quality import Wire
from matcher.casework.case import case_id
from matcher.casework.controls import OfficerResult
from matcher.casework.detection import Detection
from matcher.casework.office import Office
from matcher.casework.officer import Officer
from matcher.casework.statistics import Figures, Statistics, csv_text, statistics

router = APIRouter(prefix="/v1/statistics", tags=["statistics"])


class Period(Wire):
    """Which cases are counted: those opened in a period."""

    since: date = Field(description="the first day, as in 2026-01-01")
    until: date = Field(description="the last day, as in 2026-12-31")
    country: str = Field("", max_length=3, description="empty for all")
    confidential: bool = Field(False, description="also those whose protection is not lifted; for supervisors")


class FiguresOut(Wire):
    """The figures of one country, or of `all`."""

    country: str
    cases: int
    requests: int = Field(description="cases sent to a consulate")
    documents: int = Field(description="of these, those for which a travel document was issued")
    success_rate: float | None = Field(description="documents to requests")
    mean_days: float | None = Field(description="from the first sending to the document")
    median_days: float | None
    statuses: dict[str, int] = Field(description="how many of the cases stand where now")
    shares: dict[str, float] = Field(description="the same as shares of the cases")
    answers: dict[str, int] = Field(description="what consulates answered, as checked")


class StatisticsOut(Wire):
    """The figures of a period."""

    since: str
    until: str
    confidential: bool
    total: FiguresOut
    countries: tuple[FiguresOut, ...]


class DetectionOut(Wire):
    """Answers to pairs whose truth is known. d_prime, criterion: of signal detection theory."""

    hits: int
    misses: int
    false_alarms: int
    correct_rejections: int
    accuracy: float | None
    d_prime: float | None
    criterion: float | None = Field(description='above 0: "same person" is said too rarely; below 0: too often')


class OfficerOut(Wire):
    """One officer's results. blind: before scores were shown; final: as handed in."""

    account: str
    reviews: int
    blind: DetectionOut
    final: DetectionOut


class OfficersOut(Wire):
    """A page of officers, by account."""

    officers: tuple[OfficerOut, ...]
    next: str = Field("", description="the cursor of the next page; empty where this is the last")


class ControlIn(Wire):
    """A control case to mix in."""

    seed: int = Field(ge=0, le=2**53, description="the same seed makes the same people")
    officers: tuple[str, ...] = Field(min_length=1, max_length=50, description="the accounts that see it")
    country: str = Field("CHN", max_length=3)


class ControlOut(Wire):
    case: str


@router.get("", summary="Figures of cases", responses=described.errors(422, 503))
def figures(who: TheOfficer, office: TheOffice, asked: Annotated[Period, Query()]) -> StatisticsOut:
    """Requests, documents, success rate, processing days and where cases stand, by country. Control cases don't count;
    confidential ones only where it is asked for, since such figures are handed to governments."""
    found = _found(office, who, asked)
    return StatisticsOut(
        since=found.since,
        until=found.until,
        confidential=found.with_confidential,
        total=_figures_out(found.total),
        countries=tuple(_figures_out(one) for one in found.countries),
    )


@router.get("/csv", summary="The same as CSV", response_class=Response,
            responses={200: {"content": {"text/csv": {}}}, **described.errors(422, 503)})  # fmt: skip
def as_csv(who: TheOfficer, office: TheOffice, asked: Annotated[Period, Query()]) -> Response:
    """A row for all countries together and one for each."""
    return Response(csv_text(_found(office, who, asked)), media_type="text/csv; charset=utf-8")


@router.get("/officers", summary="Officers' control results", responses=described.errors(422, 503))
def officers(who: TheOfficer, desk: TheSearchDesk, asked: Annotated[PageAsked, Query()]) -> OfficersOut:
    """How well each officer told same from different in control cases; for supervisors only."""
    page, following = page_of(desk.controls.results(who), asked, lambda one: one.account)
    return OfficersOut(officers=tuple(map(_officer_out, page)), next=following)


@router.post("/controls", summary="Mix in a control case", status_code=201, responses=described.errors(422, 503))
async def control(*, desk: TheDesk, who: TheOfficer, searches: TheSearchDesk, given: ControlIn) -> ControlOut:
    """A case of drawn people with a known answer, which officers can't tell by its record."""
    case = await desk.work(
        lambda: searches.controls.add(who, seed=given.seed, officers=given.officers, country=given.country)
    )
    return ControlOut(case=case_id(case.number))


def _found(office: Office, who: Officer, asked: Period) -> Statistics:
    return statistics(
        office.files, who, since=asked.since, until=asked.until, country=asked.country,
        with_confidential=asked.confidential,
    )  # fmt: skip


def _figures_out(one: Figures) -> FiguresOut:
    return FiguresOut(
        country=one.country, cases=one.cases, requests=one.requests, documents=one.documents,
        success_rate=one.success_rate, mean_days=one.mean_days, median_days=one.median_days,
        statuses=dict(one.statuses), answers=dict(one.answers),
        shares={status: count / one.cases for status, count in one.statuses.items()},
    )  # fmt: skip


def _officer_out(one: OfficerResult) -> OfficerOut:
    return OfficerOut(
        account=one.account, reviews=one.reviews, blind=_detection_out(one.blind), final=_detection_out(one.final)
    )


def _detection_out(one: Detection) -> DetectionOut:
    return DetectionOut(
        hits=one.hits, misses=one.misses, false_alarms=one.false_alarms, correct_rejections=one.correct_rejections,
        accuracy=one.accuracy, d_prime=one.d_prime, criterion=one.criterion,
    )  # fmt: skip
