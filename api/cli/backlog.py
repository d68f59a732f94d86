"""``matcher backlog``: many photos searched, listed in a table and on a page."""

import time
from collections import Counter
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import progress, rate, remark, say
from api.cli.exits import Exit, tell
from api.cli.options import (
    AnywayOption,
    EngineOption,
    FpirOption,
    GalleryOption,
    HomeOption,
    RayOption,
    TopOption,
    WorkersOption,
    among_of,
    settings_to_ask,
)
from matcher.among import Among
from matcher.answers import AnswerFile
from matcher.audit.entry import Action, Entry, path_text
from matcher.backlog import conditions, files_in, open_answers, search_cases, with_same_faces
from matcher.backlog_table import NOT_SEARCHED, Listing, in_review_order, listed, write_candidates
from matcher.build import open_matcher, photo_limits
from matcher.identification import Outcome
from matcher.manifest import Case, read_manifest
from matcher.pipeline import Matcher
from matcher.ray_photos import photo_workforce
from matcher.report import ReportFacts, write_report
from matcher.settings import Settings
from matcher.wording import counted

_OUTCOMES = {
    Outcome.CANDIDATES.value: "with candidates",
    Outcome.SEVERAL_FACES.value: "with several faces, candidates for one of them",
    Outcome.NOBODY.value: "with nobody alike enough",
    Outcome.NO_FACE.value: "without a face",
    Outcome.PHOTO_UNUSABLE.value: "with a photo that can't be used",
    NOT_SEARCHED: "not searched",
}


def backlog(
    ctx: typer.Context,
    *,
    manifest: Annotated[
        Path,
        typer.Argument(help="A CSV with case_id,photo; its photo paths are relative to it.", show_default=False),
    ],
    out: Annotated[
        Path, typer.Option("--out", help="The folder for candidates.csv and report.html.", show_default=False)
    ],
    top: TopOption = None,
    fpir: FpirOption = None,
    gallery: GalleryOption = None,
    workers: WorkersOption = None,
    encoding: Annotated[
        str, typer.Option("--encoding", help="The CSV's text encoding if it is not UTF-8, as in gb18030.")
    ] = "",
    anyway: AnywayOption = False,
    ray: RayOption = "",
    home: HomeOption = None,
    engine: EngineOption = None,
) -> None:
    """Search every photo of a list. May be interrupted and run again: finished cases are not searched twice."""
    settings = settings_to_ask(ctx, home, engine, top=top, fpir=fpir, workers=workers)
    cases = read_manifest(manifest, encoding=encoding)
    among = among_of(gallery, None, None, None)
    outcomes = run_backlog(settings, cases, manifest=manifest, out=out, among=among, anyway=anyway, ray=ray)
    if set(outcomes) <= {Outcome.PHOTO_UNUSABLE.value, Outcome.NO_FACE.value}:
        tell(f"no photo could be searched with; {files_in(out)[0]} says why for each")
        raise typer.Exit(Exit.NOTHING_DONE)


def run_backlog(
    settings: Settings,
    cases: tuple[Case, ...],
    *,
    manifest: Path,
    out: Path,
    among: Among,
    anyway: bool = False,
    ray: str = "",
) -> Counter[str]:
    """Search, write both files and say what came of it; how many cases ended with each outcome.

    ray: the address of a cluster that prepares the photos; empty for processes of this machine.
    """
    started = time.monotonic()
    with open_matcher(settings) as matcher:
        limits = photo_limits(settings)
        now, scoring = conditions(
            matcher, limits=limits, among=among, top=settings.top, fpir=settings.fpir, anyway=anyway
        )
        with open_answers(out, now) as answers, photo_workforce(settings, photos=len(cases), ray=ray) as crew:
            waiting = [case for case in cases if not case.code]
            found: Listing = partial(listed, cases, answers)
            _remark_resumed(answers, waiting)
            matcher.gallery.trail.record(_export(cases, out))
            try:
                with progress("Searching photos") as told:
                    searched = search_cases(
                        cases,
                        matcher,
                        crew,
                        answers,
                        top=settings.top,
                        fpir=settings.fpir,
                        among=among,
                        anyway=anyway,
                        progress=told,
                    )
            except BaseException:
                write_candidates(files_in(out)[0], in_review_order(found), matcher.gallery)
                remark(f"ended early; {counted(len(answers), 'case')} answered, the same command goes on from there")
                raise
            table, page = files_in(out)
            found = with_same_faces(in_review_order(found), matcher, among)
            write_candidates(table, found, matcher.gallery)
            facts = _facts(matcher, manifest, among, scoring.note)
            with progress("Drawing the report") as told:
                write_report(page, found, matcher.gallery, crew, facts=facts, progress=told)
            outcomes = Counter(item.answer.outcome for item in found())
            changed = matcher.gallery.state().version != now.version
    seconds = time.monotonic() - started
    _summary(outcomes, searched, len(waiting) - searched, seconds, out)
    if changed:
        remark("the gallery changed while this ran; run the same command again to search those cases anew")
    return outcomes


def _export(cases: tuple[Case, ...], out: Path) -> Entry:
    """That people's fields and small pictures go into files; the searches have entries of their own."""
    return Entry(Action.EXPORT, (), {"what": "backlog", "cases": len(cases), "folder": path_text(out)})


def _facts(matcher: Matcher, manifest: Path, among: Among, note: str) -> ReportFacts:
    state = matcher.gallery.state()
    return ReportFacts(
        made_at=datetime.now().astimezone(),
        manifest=manifest.name,
        engine=state.engine,
        gallery=among.gallery or "",
        people=state.people if among.gallery is None else state.galleries[among.gallery].people,
        note=note,
    )


def _remark_resumed(answers: AnswerFile, waiting: list[Case]) -> None:
    if answers.outdated:
        remark(
            f"{counted(answers.outdated, 'answer')} from before can't be used: the gallery, the engine, the "
            "calibration, --top, --fpir, --anyway, the limits of photos or of their quality have changed since; "
            "those cases are searched again"
        )
        return
    finished = sum(bool(answers.digest(case.key)) for case in waiting)
    if finished:
        left = len(waiting) - finished
        rest = (
            f"{left:,} {'is' if left == 1 else 'are'} left" if left else "only photos that changed are searched again"
        )
        remark(f"{finished:,} of {counted(len(waiting), 'photo')} answered before; {rest}")


def _summary(outcomes: Counter[str], searched: int, known: int, seconds: float, out: Path) -> None:
    total = outcomes.total()
    said = ", ".join(f"{outcomes[name]:,} {words}" for name, words in _OUTCOMES.items() if outcomes[name])
    rest = f"; {known:,} answered before" if known else ""
    say(f"{counted(total, 'case')}: {said}.")
    speed = f" ({rate(searched, seconds)})" if searched else ""
    say(f"{searched:,} searched in {seconds:.1f} s{speed}{rest}.")
    table, page = files_in(out)
    say(f"Candidates: {table}")
    say(f"To look through: {page}")
