"""What a backlog found, as a table for people's programs: CSV and Parquet, in the order of the manifest."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from matcher.answers import Answer, AnswerFile, Lead
from matcher.gallery import Gallery
from matcher.identification import Outcome
from matcher.manifest import Case
from matcher.person import Person
from matcher.records.case_tables import NO_DEADLINE
from matcher.records.values import PersonKey
from matcher.tables import cell, path_cell, write_table, writing_bytes_whole
from matcher.wording import counted

NOT_SEARCHED = "not_searched"
"""In the place of an outcome: the run ended before this case's turn."""

COLUMNS = (
    "case_id", "photo", "outcome", "rank", "person_id", "score",
    "distance", "gallery", "name", "native_name", "date_of_birth", "sex", "nationality",
    "photos_compared", "best_photo", "photo_sha256", "code", "reason", "notes", "same_photo_as",
    "false_alarm_probability", "false_alarm_reach", "log10_likelihood_ratio", "likelihood_bound", "confidence",
    "nobody", "meaning", "quality", "quality_reasons", "searched_anyway", "agreement",
    "deadline", "review_order", "same_face_as",
)  # fmt: skip

_NUMBERS = (
    "score", "distance", "false_alarm_probability", "log10_likelihood_ratio", "confidence", "nobody", "quality",
)  # fmt: skip
_COUNTS = ("rank", "photos_compared", "review_order")
_AT_ONCE = 256
_ROWS_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Listed:
    """A case with what is known of it: its answer, and an earlier case with the very same photo, or empty.

    review_order: its place, from 1, when the list is gone through by deadline, strength and quality; 0 if not known.
    same_face_as: earlier cases whose photos show the same face, the likeliest first.
    """

    case: Case
    answer: Answer
    same_photo_as: str
    review_order: int = 0
    same_face_as: tuple[str, ...] = ()


Listing = Callable[[], Iterator[Listed]]
"""Every case in the order of the manifest, from the beginning each time that it is called."""


def listed(cases: Sequence[Case], answers: AnswerFile) -> Iterator[Listed]:
    """Every case in the order of the manifest, those with nothing to search with and those not searched too."""
    first: dict[str, str] = {}
    for case in cases:
        answer = unusable(case) if case.code else answers.get(case.key) or not_searched(case)
        before = first.setdefault(answer.sha256, case.case_id) if answer.sha256 else ""
        yield Listed(case, answer, before if before != case.case_id else "")


def in_review_order(listing: Listing) -> Listing:
    """The same with each case's place in the order of review; the answers are read once more for it."""
    order = review_order([review_key(item.case.deadline, *_strength(item.answer)) for item in listing()])
    return lambda: (replace(item, review_order=order[place]) for place, item in enumerate(listing()))


def review_key(deadline: str, strength: float | None, quality: float | None) -> tuple[object, ...]:
    """By what cases are gone through: nearest deadlines first, then the strongest candidates, then the best photos."""
    return (
        deadline or NO_DEADLINE,
        strength is None,
        0.0 if strength is None else -strength,
        0.0 if quality is None else -quality,
    )


def review_order(keys: Sequence[tuple[object, ...]]) -> list[int]:
    """The place of each case, from 1; those with equal keys stay in the order of the manifest."""
    places = [0] * len(keys)
    for order, place in enumerate(sorted(range(len(keys)), key=lambda place: keys[place]), start=1):
        places[place] = order
    return places


def write_candidates(path: Path, listing: Listing, gallery: Gallery) -> None:
    """Write candidates.csv, whole or not at all: a row for each candidate, one with an empty rank where there is none.

    Raises OSError.
    """
    write_table(path, COLUMNS, _rows(listing(), gallery, _FOR_SPREADSHEETS))


def write_parquet(path: Path, listing: Listing, gallery: Gallery) -> None:
    """The same as Parquet: numbers are numbers, what is empty is null, and no text has an apostrophe before it.

    Raises OSError.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {name: pa.float64() for name in _NUMBERS} | {name: pa.int64() for name in _COUNTS}
    schema = pa.schema([pa.field(name, kinds.get(name, pa.string())) for name in COLUMNS])
    rows = _rows(listing(), gallery, _AS_THEY_ARE)
    with writing_bytes_whole(path) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        while part := list(islice(rows, _ROWS_AT_ONCE)):
            columns = [
                pa.array([_value(name, row[place]) for row in part], type=schema.field(name).type)
                for place, name in enumerate(COLUMNS)
            ]
            writer.write_table(pa.table(columns, schema=schema))


def with_people(items: Iterator[Listed], gallery: Gallery) -> Iterator[tuple[Listed, dict[PersonKey, Person]]]:
    """Each case with the fields of its candidates, read for many cases at once.

    Candidates who were removed from the gallery since are left out: what is told of them went with them.
    """
    while part := list(islice(items, _AT_ONCE)):
        people = gallery.persons({lead.key for item in part for lead in item.answer.leads})
        for item in part:
            yield _with_those(item, people), people


def _with_those(item: Listed, people: dict[PersonKey, Person]) -> Listed:
    answer = item.answer
    leads = tuple(lead for lead in answer.leads if lead.key in people)
    if len(leads) == len(answer.leads):
        return item
    note = f"{counted(len(answer.leads) - len(leads), 'candidate')} removed from the gallery since"
    return replace(item, answer=replace(answer, leads=leads, notes=(*answer.notes, note)))


def unusable(case: Case) -> Answer:
    """The answer of a case with nothing to search with."""
    outcome = Outcome.PHOTO_UNUSABLE.value
    return Answer(case.case_id, case.photo, "", 0, outcome, case.code, case.reason, (), 0, (), b"")


def not_searched(case: Case, reason: str = "the run ended before; run the same command again") -> Answer:
    """The answer of a case whose turn has not come."""
    return Answer(case.case_id, case.photo, "", 0, NOT_SEARCHED, NOT_SEARCHED, reason, (), 0, (), b"")


@dataclass(frozen=True, slots=True)
class _Texts:
    """How texts and paths are written."""

    text: Callable[[str], str]
    path: Callable[[str], str]


_FOR_SPREADSHEETS = _Texts(cell, path_cell)
_AS_THEY_ARE = _Texts(str, str)


def _rows(items: Iterator[Listed], gallery: Gallery, texts: _Texts) -> Iterator[tuple[str, ...]]:
    for item, people in with_people(items, gallery):
        answer, cell = item.answer, texts.text
        before = (cell(answer.case_id), texts.path(answer.photo), answer.outcome)
        after = (
            answer.sha256,
            answer.code,
            cell(answer.reason),
            cell("; ".join(answer.notes)),
            cell(item.same_photo_as),
        )
        nobody, quality = _probability(answer.nobody), _quality_cells(answer, cell)
        last = (item.case.deadline, str(item.review_order or ""), cell("; ".join(item.same_face_as)))
        for rank, lead in enumerate(answer.leads, start=1):
            found = (*_lead_cells(lead, people[lead.key], cell), *after, *_score_cells(lead, nobody, cell))
            yield (*before, str(rank), *found, *quality, lead.agreement, *last)
        if not answer.leads:
            scores = (*_score_cells(None, nobody, cell), *quality, "", *last)
            between = len(COLUMNS) - len(before) - len(after) - len(scores)
            yield (*before, *[""] * between, *after, *scores)


def _value(name: str, text: str) -> object:
    if name in _NUMBERS:
        return float(text) if text else None
    if name in _COUNTS:
        return int(text) if text else None
    return text or None


def _strength(answer: Answer) -> tuple[float | None, float | None]:
    """How strong the first candidate is, and the photo's quality."""
    if not answer.leads:
        return None, answer.quality
    first = answer.leads[0]
    return first.score if first.log10_likelihood_ratio is None else first.log10_likelihood_ratio, answer.quality


def _quality_cells(answer: Answer, cell: Callable[[str], str]) -> tuple[str, ...]:
    score = "" if answer.quality is None else f"{answer.quality:.1f}"
    return (score, cell("; ".join(answer.quality_reasons)), cell(answer.searched_anyway))


def _lead_cells(lead: Lead, person: Person, cell: Callable[[str], str]) -> tuple[str, ...]:
    fields = ("name", "native_name", "date_of_birth", "sex", "nationality")
    texts = [cell(getattr(person, name)) for name in fields]
    numbers = (f"{lead.score:.4f}", f"{lead.distance:.4f}")
    return (cell(lead.person_id), *numbers, cell(lead.gallery), *texts, str(lead.photos), lead.best_photo)


def _score_cells(lead: Lead | None, nobody: str, cell: Callable[[str], str]) -> tuple[str, ...]:
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
