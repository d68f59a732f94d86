"""Many photos searched: prepared by all cores, searched in batches, resumable; backlog_table.py lists what is found."""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from matcher.among import EVERYBODY, Among
from matcher.answers import Answer, AnswerFile, Conditions, Lead
from matcher.backlog_table import Listing
from matcher.batches import in_batches
from matcher.identification import Identification, Scoring
from matcher.manifest import Case
from matcher.photo import PhotoLimits
from matcher.photo_work import FileTask, Known, PhotoWorkforce, Worked
from matcher.pipeline import Matcher
from matcher.preparing import PreparedPhoto
from matcher.records.coding import vector_bytes, vectors_of
from matcher.same_faces import SameFace, same_faces

ANSWERS_FILE = "answers.jsonl"
CANDIDATES_FILE = "candidates.csv"
REPORT_FILE = "report.html"
PARQUET_FILE = "candidates.parquet"
_Search = Callable[[Sequence[PreparedPhoto]], tuple[Identification, ...]]


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
    searched = 0

    def answer(batch: Sequence[tuple[Case, Worked | Known]]) -> None:
        nonlocal searched
        ready = [(case, done) for case, done in batch if isinstance(done, Worked)]
        searched += _answer(ready, answers, search)

    in_batches(
        ((case, _task(case, answers)) for case in waiting),
        crew,
        answer,
        told=lambda done: progress(done + len(cases) - len(waiting), len(cases)),
    )
    return searched


def _task(case: Case, answers: AnswerFile) -> FileTask:
    digest = answers.digest(case.key)
    return FileTask(case.path, frozenset((digest,)) if digest else frozenset(), draw=True)


def _answer(batch: Sequence[tuple[Case, Worked]], answers: AnswerFile, search: _Search) -> int:
    if batch:
        found = search([worked.prepared for _, worked in batch])
        answers.add(
            replace(
                answer_of_case(case.case_id, case.photo, identification, worked.picture),
                template=b"" if worked.prepared.template is None else vector_bytes(worked.prepared.template.vector),
            )
            for (case, worked), identification in zip(batch, found, strict=True)
        )
    return len(batch)


def answer_of_case(case_id: str, photo: str, found: Identification, picture: bytes) -> Answer:
    """What a search found, as a backlog keeps it. picture: of the probe, small."""
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
        case_id=case_id,
        photo=photo,
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


def with_same_faces(listing: Listing, matcher: Matcher, among: Among) -> Listing:
    """The same with the earlier cases that show the same face; the answers are read once more for it."""
    case_ids, numbers, templates = [], [], []
    for number, item in enumerate(listing()):
        case_ids.append(item.case.case_id)
        if item.answer.template:
            numbers.append(number)
            templates.append(item.answer.template)
    pairs: dict[int, list[SameFace]] = defaultdict(list)
    for one in same_faces(matcher, among, numbers, vectors_of(templates, matcher.gallery.dimension)):
        pairs[one.number].append(one)

    def earlier(number: int) -> tuple[str, ...]:
        ordered = sorted(pairs.get(number, ()), key=lambda one: (-one.score, one.other))
        return tuple(dict.fromkeys(case_ids[one.other] for one in ordered))

    return lambda: (replace(item, same_face_as=earlier(number)) for number, item in enumerate(listing()))


def files_in(folder: Path) -> tuple[Path, Path]:
    """Where a backlog's table and report are."""
    return folder / CANDIDATES_FILE, folder / REPORT_FILE
