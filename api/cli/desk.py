"""Who works on cases at the command line, and casework opened for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import Given, settings_of
from api.cli.signing_in import officer_of_command
from matcher.build import open_database, open_matcher, photo_limits
from matcher.casework.case import case_id
from matcher.casework.document.stationery import stationery_of
from matcher.casework.numbers import number_of
from matcher.casework.office import Office, SearchDesk, open_desk, open_office
from matcher.photo import PhotoLimits
from matcher.pipeline import Matcher
from matcher.records.database import Database
from matcher.settings import Settings

CaseId = Annotated[str, typer.Argument(metavar="CASE", help="The case's number, as in C-7K3M9-Q2XWD.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept with the case.", show_default=False)]
CountryOption = Annotated[str, typer.Option("--country", help="As in CHN.", show_default=False)]


@contextmanager
def office_of(ctx: typer.Context, home: Path | None) -> Iterator[Office]:
    """Casework of a home's records; no networks are loaded."""
    settings = settings_of(ctx, home, None)
    settings.home.mkdir(parents=True, exist_ok=True)
    database = open_database(settings)
    try:
        with officer_of_command(database, settings, _account(ctx)):
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
        with officer_of_command(matcher.gallery.database, settings, _account(ctx)):
            yield OpenDesk(matcher, office, open_desk(office, matcher), photo_limits(settings))


def _account(ctx: typer.Context) -> str | None:
    return ctx.obj.account if isinstance(ctx.obj, Given) else None


def _office(database: Database, settings: Settings) -> Office:
    return open_office(database, statutory_days=settings.case_deadline_days, stationery=stationery_of(settings))


def case_number(text: str) -> int:
    """The number of a case; one that can't be a number is nobody's, which is not found."""
    return number_of("C", text)


def case_text(number: int) -> str:
    return case_id(number)
