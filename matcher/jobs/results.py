"""What a job found, in the files of a backlog: candidates.csv and .parquet in the manifest's order, and the report."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from matcher.answers import Answer
from matcher.audit.entry import Action, Entry
from matcher.backlog import CANDIDATES_FILE, PARQUET_FILE, REPORT_FILE
from matcher.backlog_table import (
    Listed,
    Listing,
    not_searched,
    review_key,
    review_order,
    unusable,
    write_candidates,
    write_parquet,
)
from matcher.gallery import Gallery
from matcher.jobs.job import Job
from matcher.manifest import Case
from matcher.photo_work import PhotoWorkforce
from matcher.records import job_pairs
from matcher.records.database import Database
from matcher.report import ReportFacts, write_report

WAITS = "nobody has searched with it yet; the job is not done"
Told = Callable[[int, int], None]


def listing_of(database: Database, job: Job) -> Listing:
    """What a job found, photo by photo in the order of its manifest; read anew each time, a part at a time."""
    with database.reading() as connection:
        facts = job_pairs.facts(connection, job.number)
        pairs = job_pairs.same_faces(connection, job.number)
    order = review_order([review_key(row.deadline, row.strength, row.quality) for row in facts])
    case_ids = [row.case_id for row in facts]
    first: dict[str, int] = {}
    for place, row in enumerate(facts):
        if row.sha256:
            first.setdefault(row.sha256, place)
    digests = [row.sha256 for row in facts]

    def listing() -> Iterator[Listed]:
        with database.reading() as connection:
            for place, one in enumerate(job_pairs.found(connection, job.number)):
                case = Case(0, one.case_id, one.photo, "", one.code, one.reason, one.deadline)
                before = case_ids[first.get(digests[place], place)]
                yield Listed(
                    case,
                    _answer(one, case),
                    before if before != one.case_id else "",
                    order[place],
                    tuple(dict.fromkeys(case_ids[other] for other in pairs.get(one.number, ()))),
                )

    return listing


def write_results(
    database: Database,
    job: Job,
    gallery: Gallery,
    folder: Path,
    *,
    crew: PhotoWorkforce | None = None,
    told: Told = lambda _done, _total: None,
) -> tuple[Path, ...]:
    """Write everything that a job found so far into a folder, which is made for its owner alone; the files' paths.

    crew: draws the candidates for the report, which is left out without one. That people's fields go into files is
    recorded first. Raises OSError and what the gallery raises.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    gallery.trail.record(export_entry(job, folder.name))
    listing = listing_of(database, job)
    table, columns, page = (folder / name for name in (CANDIDATES_FILE, PARQUET_FILE, REPORT_FILE))
    write_candidates(table, listing, gallery)
    write_parquet(columns, listing, gallery)
    if crew is None:
        return table, columns
    write_report(page, listing, gallery, crew, facts=_facts(job, gallery), progress=told)
    return table, columns, page


def export_entry(job: Job, where: str) -> Entry:
    """That a job's findings leave the records; the searches have entries of their own."""
    return Entry(Action.EXPORT, (), {"what": "job", "job": job.id, "photos": job.total, "to": ascii(where)[1:-1][:200]})


def _answer(one: job_pairs.Found, case: Case) -> Answer:
    if one.code:
        return unusable(case)
    return not_searched(case, WAITS) if one.answer is None else one.answer


def _facts(job: Job, gallery: Gallery) -> ReportFacts:
    state, among = gallery.state(), job.options.among
    searched = state.galleries.get(among.gallery) if among.gallery else None
    return ReportFacts(
        made_at=datetime.now().astimezone(),
        manifest=f"{job.name} ({job.id})",
        engine=job.options.engine,
        gallery=among.gallery or "",
        people=state.people if searched is None else searched.people,
        note="",
    )
