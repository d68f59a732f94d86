"""The worklist: which cases there are for whoever signed in, the nearest deadlines first."""

from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from api.deps import TheDesk
from api.officers import TheOffice, TheOfficer
from api.web.clock import NEAR, TimeLeft
from api.web.languages import N_
from api.web.pages import Manner, ThePage
from api.web.words import PROTECTION_MANNERS, PROTECTIONS, STATUS_MANNERS, STATUSES, who
from matcher.casework.case import CaseFile, CaseQuery, case_id
from matcher.casework.duplicates import suspected
from matcher.casework.numbers import number_of
from matcher.casework.office import Office
from matcher.casework.officer import Officer
from matcher.casework.statuses import Status

router = APIRouter(include_in_schema=False)
PAGE = 25
VIEWS = {
    "mine": N_("My cases"),
    "review": N_("Waiting for review"),
    "unassigned": N_("Unassigned"),
    "near": N_("Near the deadline"),
    "all": N_("All"),
}
_FIELDS = ("status", "country")


class Wanted(BaseModel):
    """What the address asks for."""

    view: str = Field("mine", pattern="^(mine|review|unassigned|near|all)$")
    status: str = Field("", max_length=32)
    country: str = Field("", max_length=3)
    cursor: str = Field("", max_length=200)

    def address(self, **changed: str) -> str:
        given = {**self.model_dump(), **changed}
        return f"/worklist?{urlencode({name: value for name, value in given.items() if value})}"


@router.get("/worklist")
def worklist(
    *, page: ThePage, desk: TheDesk, officer: TheOfficer, office: TheOffice, wanted: Annotated[Wanted, Query()]
) -> Response:
    """One view of the cases, a page at a time. Filters stand in the address, so that it can be kept and passed on."""
    today, days = office.files.today, desk.settings.case_deadline_days

    def left(case: CaseFile) -> TimeLeft:
        return TimeLeft.of(case, today, days)

    tabs = [(wanted.address(view=view, cursor=""), page.gettext(label), None) for view, label in VIEWS.items()]
    shown: dict[str, Any] = {
        "wanted": wanted, "tabs": tabs, "here": wanted.address(cursor=""), "left": left, "who": who,
        "statuses": STATUSES, "status_manners": STATUS_MANNERS, "protections": PROTECTIONS,
        "protection_manners": PROTECTION_MANNERS,
    }  # fmt: skip
    if wanted.view == "review":
        return page.render("desk/to_review.html", to_do=office.reviews.to_do(officer, limit=PAGE), **shown)
    found = office.cases.page(officer, query_of(wanted, officer, office), cursor=wanted.cursor, limit=PAGE)
    return page.render(
        "desk/worklist.html",
        cases=found.cases,
        twice=suspected(office.files, officer, [case.number for case in found.cases]),
        first=wanted.address(cursor="") if wanted.cursor else "",
        next=wanted.address(cursor=found.next) if found.next else "",
        live=wanted.address().replace("/worklist?", "/worklist/live?"),
        is_filtered=any(getattr(wanted, name) for name in _FIELDS),
        **shown,
    )


@router.get("/worklist/find")
def find(page: ThePage, number: Annotated[str, Query(max_length=64)] = "") -> Response:
    """Go to a case by its number, however it was typed."""
    text = number.strip().upper()
    found = number_of("C", text) or number_of("C", f"C{text}")
    if found:
        return page.go(f"/cases/{case_id(found)}")
    return page.go("/worklist", said=page.gettext("This is not the number of a case."), manner=Manner.FAULT)


def query_of(wanted: Wanted, officer: Officer, office: Office) -> CaseQuery:
    """Which cases a view with its filters shows."""
    today = office.files.today
    status = Status(wanted.status) if wanted.status in set(Status) else None
    assignee = {"mine": officer.account, "unassigned": ""}.get(wanted.view)
    due_by = (today + timedelta(days=NEAR)).isoformat() if wanted.view == "near" else ""
    return CaseQuery(status, wanted.country.upper(), assignee, due_by, unended=status is None)
