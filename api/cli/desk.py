"""Who works on cases at the command line, and casework opened for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import settings_of
from matcher.accounts.roles import Role, rights_of
from matcher.audit.acting import current_actor
from matcher.build import open_database, open_matcher, photo_limits
from matcher.casework.case import case_id
from matcher.casework.document.stationery import stationery_of
from matcher.casework.numbers import number_of
from matcher.casework.office import Office, SearchDesk, open_desk, open_office
from matcher.casework.officer import Officer
from matcher.photo import PhotoLimits
from matcher.pipeline import Matcher
from matcher.records.database import Database
from matcher.settings import Settings

CaseId = Annotated[str, typer.Argument(metavar="CASE", help="The case's number, as in C-7K3M9-Q2XWD.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept with the case.", show_default=False)]
CountryOption = Annotated[str, typer.Option("--country", help="As in CHN.", show_default=False)]


def officer_here() -> Officer:
    """The operating system's user: whoever can open the records may do what every role may, but is one person."""
    return Officer(current_actor(), rights_of(Role))


@contextmanager
def office_of(ctx: typer.Context, home: Path | None) -> Iterator[Office]:
    """Casework of a home's records; no networks are loaded."""
    settings = settings_of(ctx, home, None)
    settings.home.mkdir(parents=True, exist_ok=True)
    database = open_database(settings)
    try:
        yield _office(database, settings)
    finally:
        database.close()


@dataclass(frozen=True, slots=True)
class OpenDesk:
    """Casework with its searches. limits: of photos that are read."""

    matcher: Matcher
    office: Office
    desk: SearchDesk
    limits: PhotoLimits


@contextmanager
def desk_of(ctx: typer.Context, home: Path | None, engine: str | None) -> Iterator[OpenDesk]:
    """Casework with its searches; loads the engine."""
    settings = settings_of(ctx, home, engine)
    with open_matcher(settings) as matcher:
        office = _office(matcher.gallery.database, settings)
        yield OpenDesk(matcher, office, open_desk(office, matcher), photo_limits(settings))


def _office(database: Database, settings: Settings) -> Office:
    return open_office(database, statutory_days=settings.case_deadline_days, stationery=stationery_of(settings))


def case_number(text: str) -> int:
    """The number of a case; one that can't be a number is nobody's, which is not found."""
    return number_of("C", text)


def case_text(number: int) -> str:
    return case_id(number)
