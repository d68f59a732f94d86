"""Who asks, as casework knows them, and casework itself over the open records."""

from typing import Annotated

from fastapi import Depends, Request

from api.deps import TheDesk, TheMatcher
from matcher.accounts.actor import Actor, this_machine
from matcher.casework.document.stationery import stationery_of
from matcher.casework.numbers import number_of
from matcher.casework.office import Office, SearchDesk, open_desk, open_office
from matcher.casework.officer import Officer, officer_of


def officer_in(request: Request) -> Officer:
    """Whoever signed in; without accounts this machine, which has no right to cases."""
    actor = request.scope.get("state", {}).get("actor")
    if not isinstance(actor, Actor):
        actor = this_machine(request.client.host if request.client else "unknown")
    return officer_of(actor)


def office_of(desk: TheDesk) -> Office:
    settings = desk.settings
    return open_office(desk.database, statutory_days=settings.case_deadline_days, stationery=stationery_of(settings))


def search_desk_of(office: Annotated[Office, Depends(office_of)], matcher: TheMatcher, desk: TheDesk) -> SearchDesk:
    return open_desk(office, matcher, told=desk.metrics.searched)


def case_number(case: str) -> int:
    """The case of the path; what can't be a number is a case that is not there."""
    return number_of("C", case)


TheOfficer = Annotated[Officer, Depends(officer_in)]
TheOffice = Annotated[Office, Depends(office_of)]
TheSearchDesk = Annotated[SearchDesk, Depends(search_desk_of)]
TheCase = Annotated[int, Depends(case_number)]
