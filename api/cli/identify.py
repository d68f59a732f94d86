"""``matcher identify`` and ``matcher compare``: one photo against the gallery, two photos against each other."""

import os
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import out, remark, say, table
from api.cli.exits import Exit, plain
from api.cli.options import (
    AnywayOption,
    BornOption,
    EngineOption,
    FpirOption,
    GalleryOption,
    HomeOption,
    NationalityOption,
    SexOption,
    TopOption,
    among_of,
    settings_of,
    settings_to_ask,
)
from api.wire import identification_out
from matcher.among import Among
from matcher.build import build_engine, open_matcher, photo_limits
from matcher.comparing import MEANING, CanNotCompare, compared
from matcher.errors import PhotoUnreadable
from matcher.identification import Candidate, Identification, Outcome
from matcher.photo import read_bytes
from matcher.pipeline import Matcher
from matcher.preparing import PreparedPhoto, prepare, unusable
from matcher.quality import Quality
from matcher.scoring.falsematch import Reach
from matcher.settings import Settings
from matcher.wording import counted

_SEARCHED = (Outcome.CANDIDATES, Outcome.NOBODY, Outcome.SEVERAL_FACES)
_COLUMNS = ("rank", "person_id", "name", "native name", "born", "sex", "nationality", "gallery", "score",
            "confidence", "false alarms")  # fmt: skip
_SAYS = {
    Outcome.NOBODY: "nobody: the gallery holds no one who could be searched",
    Outcome.NO_FACE: "no face was found; use a photo that shows the face from the front",
    Outcome.SEVERAL_FACES: "several faces of similar size; the candidates are for the one in the box",
}


def identify(
    ctx: typer.Context,
    *,
    photos: Annotated[list[Path], typer.Argument(help="Photos to search with.", show_default=False)],
    top: TopOption = None,
    fpir: FpirOption = None,
    gallery: GalleryOption = None,
    nationality: NationalityOption = None,
    sex: SexOption = None,
    born: BornOption = None,
    anyway: AnywayOption = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a photo and line, as HTTP answers.")] = False,
    home: HomeOption = None,
    engine: EngineOption = None,
) -> None:
    """List the people who are likest the face in each photo. Changes no record."""
    settings = settings_to_ask(ctx, home, engine, top=top, fpir=fpir)
    among = among_of(gallery, nationality, sex, born)
    searched = False
    with open_matcher(settings) as matcher:
        # The first photo's timings are then its own, not those of loading the models.
        matcher.warm(among=among)
        for path in photos:
            answer = _answer(matcher, settings, path, among, anyway=anyway)
            searched = searched or answer.outcome in _SEARCHED
            name = shown_path(path)
            if json:
                print(identification_out(answer, photo=name).model_dump_json(), flush=True)
            else:
                show_answer(answer, name)
    if not searched:
        raise typer.Exit(Exit.NOTHING_DONE)


def compare(
    ctx: typer.Context,
    *,
    first: Annotated[Path, typer.Argument(help="A photo of a face.", show_default=False)],
    second: Annotated[Path, typer.Argument(help="Another one.", show_default=False)],
    home: HomeOption = None,
    engine: EngineOption = None,
) -> None:
    """The distance between the faces of two photos, and what it can tell."""
    settings = settings_of(ctx, home, engine)
    loaded = build_engine(settings)
    prepared = []
    for path in (first, second):
        try:
            data = read_bytes(path, limits=photo_limits(settings))
        except PhotoUnreadable as exc:
            raise CanNotCompare(f"{path}: {exc}") from exc
        prepared.append(prepare(loaded, data, limits=photo_limits(settings)))
    found = compared(*prepared, names=(str(first), str(second)))
    for path, photo in zip((first, second), prepared, strict=True):
        for note in _notes(photo):
            remark(f"{path}: {note}")
    say(f"Distance {found.distance:.4f} by {found.engine}: smaller is more alike, 0 is the same picture.")
    say(MEANING)


def shown_path(path: Path) -> str:
    """A path as text; bytes that are not UTF-8 are shown by their number."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _answer(matcher: Matcher, settings: Settings, path: Path, among: Among, *, anyway: bool) -> Identification:
    try:
        prepared = matcher.prepare(read_bytes(path, limits=photo_limits(settings)))
    except PhotoUnreadable as refusal:
        prepared = unusable(refusal)
    return matcher.identify_many([prepared], top=settings.top, fpir=settings.fpir, among=among, anyway=anyway)[0]


def _notes(prepared: PreparedPhoto) -> list[str]:
    several = (
        [f"{counted(len(prepared.others), 'other face')}; the largest and most central one is used"]
        if prepared.others
        else []
    )
    return [*prepared.notes, *several]


def show_answer(answer: Identification, name: str, *, notes: bool = True) -> None:
    """The answer for people: candidates on standard output; beside them, where notes are wanted, what to know."""
    say(f"{name}: {_headline(answer)}")
    if notes:
        _remark_photo(answer)
    if not answer.candidates:
        if notes and answer.scoring.fpir is not None and answer.scoring.threshold is not None:
            _remark_scores(answer)
        return
    listed = table(*_COLUMNS, right=("rank", "score", "confidence", "false alarms"))
    for candidate in answer.candidates:
        listed.add_row(*_cells(candidate))
    out().print(listed)
    if notes:
        _remark_scores(answer)
        remark(
            f"  Searched {_searched(answer)} in "
            f"{answer.gallery.name or 'all galleries'} with {answer.engine}. "
            "Candidates are leads: a person has to confirm or reject each."
        )


def _remark_scores(answer: Identification) -> None:
    scoring = answer.scoring
    if answer.candidates and (meaning := answer.candidates[0].meaning):
        remark(f"  Rank 1: {meaning}.")
    torn = [str(one.rank) for one in answer.candidates if one.agreement == "disagree"]
    if torn:
        remark(f"  Rank {', '.join(torn)}: one of the two engines sees this person, the other a stranger.")
    if scoring.nobody is not None:
        elsewhere = f", not in the list but in the gallery: {share(scoring.elsewhere)}" if scoring.elsewhere else ""
        remark(f"  Not in this gallery: {share(scoring.nobody)}{elsewhere}; the confidences make up the rest.")
    remark(f"  {scoring.note}")


def share(value: float | None) -> str:
    """A probability for people, never rounded to certainty; a dash where there is none."""
    if value is None:
        return "-"
    if value < 0.001:
        return "under 0.1 %"
    return "over 99.9 %" if value > 0.999 else f"{100 * value:.1f} %"


def alarms(candidate: Candidate) -> str:
    """A false-alarm probability for people, to two digits."""
    if candidate.false_alarm_probability is None:
        return "-"
    limit = "< " if candidate.false_alarm_reach == Reach.BEYOND else ""
    return f"{limit}{candidate.false_alarm_probability:.2g}"


def _remark_photo(answer: Identification) -> None:
    if answer.face is not None:
        box = answer.face.box
        where = f"face at left {box.left:.0f}, top {box.top:.0f}, {box.width:.0f} wide, {box.height:.0f} high"
        others = f"; other faces: {len(answer.others)}" if answer.others else ""
        remark(f"  {answer.width}x{answer.height} pixels, {where}{others}")
    for note in answer.notes:
        remark(f"  {note}")
    if answer.quality is not None:
        _remark_quality(answer, answer.quality)


def _remark_quality(answer: Identification, quality: Quality) -> None:
    if answer.searched_anyway:
        remark(f"  Searched anyway; the photo would have been refused, since {answer.searched_anyway}.")
    remark(f"  Photo quality {quality.score:.0f} of 100, {quality.verdict.value}.")
    for reason in quality.reasons:
        remark(f"    {reason.text}: {reason.advice}")


def _headline(answer: Identification) -> str:
    if answer.outcome is Outcome.PHOTO_UNUSABLE:
        return f"photo unusable ({answer.code}): {answer.reason}"
    if answer.outcome is Outcome.NOBODY and answer.gallery.people and not answer.scoring.people:
        return f"nobody: none of the {counted(answer.gallery.people, 'person', 'people')} is among those asked for"
    if answer.outcome is Outcome.NOBODY and answer.scoring.threshold is not None and answer.gallery.people:
        return f"nobody: no one is alike enough for a false-alarm probability of at most {answer.scoring.fpir:g}"
    return _SAYS.get(answer.outcome, counted(len(answer.candidates), "candidate"))


def _searched(answer: Identification) -> str:
    """How many could be found, of how many."""
    everybody = counted(answer.gallery.people, "person", "people")
    return everybody if answer.scoring.people == answer.gallery.people else f"{answer.scoring.people:,} of {everybody}"


def _cells(candidate: Candidate) -> tuple[str, ...]:
    person = candidate.person
    texts = (person.person_id, person.name, person.native_name, person.date_of_birth, person.sex, person.nationality,
             person.gallery)  # fmt: skip
    return (str(candidate.rank), *(plain(text) for text in texts), f"{candidate.score:.4f}",
            share(candidate.confidence), alarms(candidate))  # fmt: skip
