"""``matcher demo``: the whole way with drawn people, who belong to nobody."""

import csv
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from api.cli.backlog import run_backlog
from api.cli.console import progress, say
from api.cli.enroll import enroll_found
from api.cli.identify import show_answer
from api.cli.options import EngineOption, HomeOption, settings_of
from api.cli.serve import serve_settings
from matcher.among import EVERYBODY
from matcher.backlog import files_in
from matcher.build import open_matcher
from matcher.drawn import DemoSet, write_demo
from matcher.manifest import read_manifest
from matcher.settings import Settings
from matcher.sources import REFUSED_FILE, latest_day, read_source
from matcher.wording import counted

_SHARE_NOT_ENROLLED = 0.3
_SHOWN = 3


def demo(
    ctx: typer.Context,
    *,
    people: Annotated[int, typer.Option("--people", min=1, max=100_000, help="How many to enroll.")] = 1000,
    cases: Annotated[int, typer.Option("--cases", min=1, max=10_000, help="How many photos to search with.")] = 100,
    folder: Annotated[
        Path | None,
        typer.Option("--folder", help="Where to draw and to keep the records; HOME/demo if not given."),
    ] = None,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the page when all is done.")] = True,
    home: HomeOption = None,
    engine: EngineOption = None,
) -> None:
    """Draw people, enroll them, search, run a backlog, compare with the truth. Real records are not touched."""
    given = settings_of(ctx, home, engine)
    place = ((folder or given.home / "demo") / f"{people}-people").absolute()
    # Apart from all others: drawn people never come among those of a server.
    settings = given.model_copy(update={"home": place / "home", "database_url": None})
    started = time.monotonic()
    drawn = _draw(place, people, cases)
    say("")
    say(f"Enrolling {_people(people, 'drawn ')}; the records are in {settings.home}, apart from all others.")
    refused = place / REFUSED_FILE
    source = read_source(drawn.people, gallery="main", today=latest_day())
    enroll_found(settings, source, drawn.people, refused)
    _identify(settings, drawn, place)
    say("")
    say(f"Running a backlog of {counted(cases, 'case')}.")
    out = place / "backlog"
    run_backlog(settings, read_manifest(drawn.backlog), manifest=drawn.backlog, out=out, among=EVERYBODY)
    for line in _compared(drawn.answers, files_in(out)[0]):
        say(line)
    say("")
    say(f"All of it took {time.monotonic() - started:.0f} s.")
    if serve:
        say("Drop one of the case photos on the page:")
        # Nobody needs an account for drawn people, on this machine.
        serve_settings(settings.model_copy(update={"without_accounts": True}))


def _draw(place: Path, people: int, cases: int) -> DemoSet:
    unknown = max(cases - people, round(cases * _SHARE_NOT_ENROLLED))
    say(f"Drawing {_people(people)} and {counted(cases, 'case photo')} into {place}.")
    say(f"Of the cases, {unknown} {'shows' if unknown == 1 else 'show'} people who will not be enrolled.")
    with progress("Drawing") as told:
        return write_demo(place, people=people, cases=cases, not_enrolled=unknown, progress=told)


def _identify(settings: Settings, drawn: DemoSet, place: Path) -> None:
    say("")
    say("Searching with a few photos, three candidates each:")
    with open_matcher(settings) as matcher:
        for row in _rows(drawn.backlog)[:_SHOWN]:
            answer = matcher.identify((place / row["photo"]).read_bytes(), top=3)
            show_answer(answer, row["photo"], notes=False)


@dataclass(frozen=True, slots=True)
class _Case:
    """A case's true person, empty for one who is not enrolled, and the candidates in their order."""

    truth: str
    listed: tuple[str, ...]


def _compared(answers: Path, candidates: Path) -> list[str]:
    """What the backlog found beside who the cases really are."""
    found: dict[str, list[str]] = {}
    for row in _rows(candidates):
        found.setdefault(row["case_id"], []).extend([row["person_id"]] if row["rank"] else [])
    cases = [_Case(row["person_id"], tuple(found.get(row["case_id"], ()))) for row in _rows(answers)]
    known = [case for case in cases if case.truth]
    unknown = [case for case in cases if not case.truth]
    first = sum(case.listed[:1] == (case.truth,) for case in known)
    anywhere = sum(case.truth in case.listed for case in known)
    empty = sum(not case.listed for case in unknown)
    return [
        f"Compared with the truth: {counted(len(known), 'case shows', 'cases show')} enrolled people; the right "
        f"one is first in {first} of them and listed in {anywhere}.",
        f"{counted(len(unknown), 'case shows', 'cases show')} people who are not enrolled; candidates "
        f"are listed in {len(unknown) - empty} of them all the same. A list is always the nearest "
        "people there are, strangers if need be: only a person's comparison tells.",
    ]


def _people(count: int, drawn: str = "") -> str:
    return counted(count, f"{drawn}person", f"{drawn}people")


def _rows(path: Path) -> Sequence[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
