"""Options that commands share; those of every command are understood before the command's name too."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from matcher.among import Among
from matcher.engine_choice import as_recorded, require_records
from matcher.errors import BadField
from matcher.nationality import nationality_code
from matcher.person import Person, checked_gallery
from matcher.settings import Settings, load_settings

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help="The data folder: records, index, caches. [MATCHER_HOME]", show_default=False),
]
EngineOption = Annotated[
    str | None,
    typer.Option("--engine", help="The engine that makes templates. [MATCHER_ENGINE]", show_default=False),
]
GalleryOption = Annotated[
    str | None, typer.Option("--gallery", help="Search this gallery only; all if not given.", show_default=False)
]
AsOption = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="NAME",
        help="Sign in with this account, before the names of cases, galleries, document and retention. The password is "
        "asked for, or the first line of standard input, or of the file that MATCHER_PASSWORD_FILE names.",
        show_default=False,
    ),
]
IntoGallery = Annotated[str, typer.Option("--gallery", help="The gallery that people belong to.")]
TopOption = Annotated[
    int | None,
    typer.Option("--top", min=1, max=1000, help="Candidates in a list. [MATCHER_TOP, else 20]", show_default=False),
]
FpirOption = Annotated[
    float | None,
    typer.Option(
        "--fpir",
        min=0,
        max=1,
        help="List only candidates whose false-alarm probability is at most this, as in 0.01: at most 1 in 100 "
        "searches for people who are not in the gallery then lists anybody. [MATCHER_FPIR, else all are listed]",
        show_default=False,
    ),
]
AnywayOption = Annotated[
    bool, typer.Option("--anyway", help="Use photos of whatever quality, also those that would be refused for it.")
]
RayOption = Annotated[
    str,
    typer.Option(
        "--ray",
        help="Prepare the photos on a Ray cluster, as in 10.0.0.1:6379; local begins one on this machine.",
        show_default=False,
    ),
]
WorkersOption = Annotated[
    int | None,
    typer.Option("--workers", min=0, max=256, help="Processes; one a core if 0. [MATCHER_WORKERS]", show_default=False),
]
NationalityOption = Annotated[
    list[str] | None,
    typer.Option(
        "--nationality",
        help="Search people of this nationality only (CHN, VNM ...); may be repeated. "
        "People whose nationality is not recorded are left out, unless '' is given too.",
        show_default=False,
    ),
]
SexOption = Annotated[
    list[str] | None,
    typer.Option(
        "--sex",
        help="Search people whose documents say M, F or X only; may be repeated. '' stands for not recorded.",
        show_default=False,
    ),
]
BornOption = Annotated[
    str | None,
    typer.Option(
        "--born",
        help="Search people born in these years only, as in 1960-1970. People without a recorded year are left out.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class Given:
    """What was said before the command's name."""

    home: Path | None = None
    engine: str | None = None
    account: str | None = None


def settings_of(ctx: typer.Context, home: Path | None, engine: str | None, **given: object) -> Settings:
    """The settings for a command; what stands after its name wins. Raises BadSetting.

    The engine is the one that the home's searches use, unless --engine says another.
    """
    settings = settings_as_given(ctx, home, engine, **given)
    before = ctx.obj if isinstance(ctx.obj, Given) else Given()
    return settings if engine or before.engine else as_recorded(settings)


def settings_to_ask(ctx: typer.Context, home: Path | None, engine: str | None, **given: object) -> Settings:
    """The same for a command that asks what is recorded: it makes no home, since a mistyped one would look empty.

    Raises BadSetting, and RecordsUnavailable where there are no records.
    """
    return settings_of(ctx, require_records(settings_as_given(ctx, home, engine)).home, engine, **given)


def settings_as_given(ctx: typer.Context, home: Path | None, engine: str | None, **given: object) -> Settings:
    """The same without a look at the home's records; raises BadSetting."""
    before = ctx.obj if isinstance(ctx.obj, Given) else Given()
    return load_settings(home or before.home, engine=engine or before.engine, **given)


def among_of(gallery: str | None, nationalities: list[str] | None, sexes: list[str] | None, born: str | None) -> Among:
    """Whom a search may find, from the options' texts; raises BadField."""
    return Among(
        gallery=checked_gallery(gallery) if gallery is not None else None,
        nationalities=tuple(nationality_code(text) for text in nationalities or ()),
        sexes=tuple(Person(person_id="any", sex=text).sex for text in sexes or ()),
        birth_years=_years(born) if born is not None else None,
    )


def _years(text: str) -> tuple[int, int]:
    first, _, last = text.replace(" ", "").partition("-")
    last = last or first
    if not (first.isdecimal() and last.isdecimal() and len(first) == len(last) == 4 and first <= last):
        raise BadField("born", f"--born {text!r} is not a span of years; write it as in 1960-1970, or 1965")
    return int(first), int(last)
