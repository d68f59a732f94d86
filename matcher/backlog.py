"""Many photos searched: prepared by all cores, searched in batches, resumable, listed in the order of the manifest."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from matcher.among import EVERYBODY, Among
from matcher.answers import Answer, AnswerFile, Conditions, Lead
from matcher.gallery import Gallery
from matcher.identification import Identification, Outcome, Scoring
from matcher.manifest import Case
from matcher.person import Person
from matcher.photo import PhotoLimits
from matcher.photo_work import FileTask, Known, PhotoDone, PhotoWorkforce, Worked, held_bytes, lost_photo
from matcher.pipeline import Matcher
from matcher.preparing import PreparedPhoto
from matcher.records.values import PersonKey
from matcher.tables import cell, path_cell, write_table
from matcher.workers import Lost

ANSWERS_FILE = "answers.jsonl"
CANDIDATES_FILE = "candidates.csv"
REPORT_FILE = "report.html"
NOT_SEARCHED = "not_searched"
"""In the place of an outcome: the run ended before this case's turn."""

COLUMNS = (
    "case_id", "photo", "outcome", "rank", "person_id", "score",
    "distance", "gallery", "name", "native_name", "date_of_birth", "sex", "nationality",
    "photos_compared", "best_photo", "photo_sha256", "code", "reason", "notes", "same_photo_as",
    "false_alarm_probability", "false_alarm_reach", "log10_likelihood_ratio", "likelihood_bound", "confidence",
    "nobody", "meaning", "quality", "quality_reasons", "searched_anyway", "agreement",
)  # fmt: skip

_Search = Callable[[Sequence[PreparedPhoto]], tuple[Identification, ...]]
_BATCH = 64
_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Listed:
    """A case with what is known of it: its answer, and an earlier case with the very same photo, or empty."""

    case: Case
    answer: Answer
    same_photo_as: str


def conditions(
    matcher: Matcher,
    *,
    limits: PhotoLimits,
    among: Among,
    top: int,
    fpir: float | None = None,
    anyway: bool = False,
) -> tuple[Conditions, Scoring]:
    """Under what a backlog would be searched now, and what its scores would be. anyway: with photos of any quality.

    Raises NotFound for a gallery that is not there, OutsideCalibration for a target FPIR that can't be kept.
    """
    # The answer to a photo without a face says how every other would be scored.
    empty = matcher.outlook(top=top, fpir=fpir, among=among)
    scoring = json.dumps(asdict(empty.scoring), sort_keys=True)
    policy = matcher.quality_policy
    accepted = {**asdict(limits), "quality": asdict(policy) if policy else None, "anyway": anyway}
    photos = json.dumps(accepted, sort_keys=True)
    return Conditions(empty.engine, among.gallery or "", empty.gallery.version, top, scoring, photos), empty.scoring


def open_answers(folder: Path, now: Conditions) -> AnswerFile:
    """The answers in a backlog's folder, which is made where there is none, for its owner alone. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return AnswerFile(folder / ANSWERS_FILE, now)


def search_cases(
    cases: Sequence[Case],
    matcher: Matcher,
    crew: PhotoWorkforce,
    answers: AnswerFile,
    *,
    top: int,
    fpir: float | None = None,
    among: Among = EVERYBODY,
    anyway: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> int:
    """Search every case that is not answered yet; how many were searched.

    Answers are kept as they come. A photo that was answered is read and its digest compared, not searched again.
    anyway: search with photos of whatever quality.
    """
    search = partial(matcher.identify_many, top=top, fpir=fpir, among=among, anyway=anyway)
    waiting = [case for case in cases if not case.code]
    tasks = (_task(case, answers) for case in waiting)
    batch: list[tuple[Case, Worked]] = []
    searched = 0
    with closing(crew.run(tasks, weigh=held_bytes)) as results:
        try:
            for done, (case, result) in enumerate(zip(waiting, results, strict=True), start=1):
                if not isinstance(result, Known):
                    batch.append((case, _worked(result)))
                if len(batch) >= _BATCH:
                    ready, batch = batch, []
                    searched += _answer(ready, answers, search)
                progress(done + len(cases) - len(waiting), len(cases))
        finally:
            # After an interruption too: what is prepared need not be prepared again.
            searched += _answer(batch, answers, search)
    return searched


def listed(cases: Sequence[Case], answers: AnswerFile) -> Iterator[Listed]:
    """Every case in the order of the manifest, those with nothing to search with and those not searched too."""
    first: dict[str, str] = {}
    for case in cases:
        answer = _unusable(case) if case.code else answers.get(case.key) or _not_searched(case)
        before = first.setdefault(answer.sha256, case.case_id) if answer.sha256 else ""
        yield Listed(case, answer, before if before != case.case_id else "")


def write_candidates(path: Path, cases: Sequence[Case], answers: AnswerFile, gallery: Gallery) -> None:
    """Write candidates.csv, whole or not at all: a row for each candidate, one with an empty rank where there is none.

    Raises OSError.
    """
    write_table(path, COLUMNS, _rows(listed(cases, answers), gallery))


def with_people(items: Iterator[Listed], gallery: Gallery) -> Iterator[tuple[Listed, dict[PersonKey, Person]]]:
    """Each case with the fields of its candidates, read for many cases at once."""
    while part := list(islice(items, _AT_ONCE)):
        people = gallery.persons({lead.key for item in part for lead in item.answer.leads})
        for item in part:
            yield item, people


def _task(case: Case, answers: AnswerFile) -> FileTask:
    digest = answers.digest(case.key)
    return FileTask(case.path, frozenset((digest,)) if digest else frozenset(), draw=True)


def _worked(result: PhotoDone | Lost) -> Worked:
    done = lost_photo(result) if isinstance(result, Lost) else result
    if not isinstance(done, Worked):
        raise TypeError(f"a photo to search with came back as {type(done).__name__}")
    return done


def _answer(batch: Sequence[tuple[Case, Worked]], answers: AnswerFile, search: _Search) -> int:
    if batch:
        found = search([worked.prepared for _, worked in batch])
        answers.add(
            _kept(case, identification, worked.picture)
            for (case, worked), identification in zip(batch, found, strict=True)
        )
    return len(batch)


def _kept(case: Case, found: Identification, picture: bytes) -> Answer:
    leads = tuple(
        Lead(
            candidate.person.gallery,
            candidate.person.person_id,
            candidate.score,
            candidate.distance,
            candidate.best_photo,
            candidate.photos,
            candidate.false_alarm_probability,
            candidate.false_alarm_reach,
            candidate.log10_likelihood_ratio,
            candidate.likelihood_bound,
            candidate.confidence,
            candidate.meaning,
            candidate.agreement,
        )
        for candidate in found.candidates
    )
    quality = found.quality
    return Answer(
        case_id=case.case_id,
        photo=case.photo,
        sha256=found.photo_sha256,
        version=found.gallery.version,
        outcome=found.outcome.value,
        code=found.code,
        reason=found.reason,
        notes=found.notes,
        others=len(found.others),
        leads=leads,
        picture=picture,
        nobody=found.scoring.nobody,
        quality=quality.score if quality else None,
        verdict=quality.verdict.value if quality else "",
        quality_reasons=tuple(reason.text for reason in quality.reasons) if quality else (),
        advice=tuple(reason.advice for reason in quality.reasons) if quality else (),
        searched_anyway=found.searched_anyway,
    )


def _unusable(case: Case) -> Answer:
    outcome = Outcome.PHOTO_UNUSABLE.value
    return Answer(case.case_id, case.photo, "", 0, outcome, case.code, case.reason, (), 0, (), b"")


def _not_searched(case: Case) -> Answer:
    reason = "the run ended before; run the same command again"
    return Answer(case.case_id, case.photo, "", 0, NOT_SEARCHED, NOT_SEARCHED, reason, (), 0, (), b"")


def _rows(items: Iterator[Listed], gallery: Gallery) -> Iterator[tuple[str, ...]]:
    for item, people in with_people(items, gallery):
        answer = item.answer
        before = (cell(answer.case_id), path_cell(answer.photo), answer.outcome)
        after = (
            answer.sha256,
            answer.code,
            cell(answer.reason),
            cell("; ".join(answer.notes)),
            cell(item.same_photo_as),
        )
        nobody, quality = _probability(answer.nobody), _quality_cells(answer)
        for rank, lead in enumerate(answer.leads, start=1):
            found = (*_lead_cells(lead, people.get(lead.key)), *after, *_score_cells(lead, nobody))
            yield (*before, str(rank), *found, *quality, lead.agreement)
        if not answer.leads:
            scores = (*_score_cells(None, nobody), *quality, "")
            between = len(COLUMNS) - len(before) - len(after) - len(scores)
            yield (*before, *[""] * between, *after, *scores)


def _quality_cells(answer: Answer) -> tuple[str, ...]:
    score = "" if answer.quality is None else f"{answer.quality:.1f}"
    return (score, cell("; ".join(answer.quality_reasons)), cell(answer.searched_anyway))


def _lead_cells(lead: Lead, person: Person | None) -> tuple[str, ...]:
    # A person who was removed since the search has an id and nothing else.
    fields = ("name", "native_name", "date_of_birth", "sex", "nationality")
    texts = [cell(getattr(person, name)) if person else "" for name in fields]
    numbers = (f"{lead.score:.4f}", f"{lead.distance:.4f}")
    return (cell(lead.person_id), *numbers, cell(lead.gallery), *texts, str(lead.photos), lead.best_photo)


def _score_cells(lead: Lead | None, nobody: str) -> tuple[str, ...]:
    if lead is None:
        return ("", "", "", "", "", nobody, "")
    ratio = "" if lead.log10_likelihood_ratio is None else f"{lead.log10_likelihood_ratio:.3f}"
    alarm, sure = _probability(lead.false_alarm_probability), _probability(lead.confidence)
    return (alarm, lead.false_alarm_reach, ratio, lead.likelihood_bound, sure, nobody, cell(lead.meaning))


def _probability(value: float | None) -> str:
    """Four digits; as many as there are where these would round to certainty."""
    if value is None:
        return ""
    short = f"{value:.4g}"
    return repr(value) if short == "1" else short


def files_in(folder: Path) -> tuple[Path, Path]:
    """Where a backlog's table and report are."""
    return folder / CANDIDATES_FILE, folder / REPORT_FILE
