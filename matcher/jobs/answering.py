"""What is done with a job's prepared photos: searched as a backlog's are, and kept with the audit's entries at once."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from matcher.answers import answer_bytes
from matcher.audit.chain import append
from matcher.audit.entry import Entry
from matcher.backlog import answer_of_case, conditions
from matcher.casework.faults import CaseError
from matcher.casework.officer import Officer
from matcher.errors import MatcherError, OutsideCalibration, RecordsError, RecordsUnavailable
from matcher.identification import Identification
from matcher.jobs.casework import CaseSearching
from matcher.jobs.job import Item, Job, JobKind, item_id
from matcher.jobs.mandates import worker_for
from matcher.outside import must_be_own
from matcher.photo import PhotoLimits
from matcher.photo_work import Worked
from matcher.pipeline import Matcher
from matcher.records import coding, job_leases, job_tallies
from matcher.records.job_leases import Kept


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a job can't go on as things are."""

    reason: str


@dataclass(frozen=True, slots=True)
class Now:
    """Under what a job's photos are searched at this moment. lasting: all of it but the version of the records."""

    lasting: str
    version: int


class Answering:
    """Searches a job's photos with one matcher. limits: of the photos that are taken."""

    def __init__(self, matcher: Matcher, *, limits: PhotoLimits) -> None:
        self._matcher = matcher
        self.limits = limits
        self._cases = CaseSearching(matcher)

    def keeps(self, job: Job) -> bool:
        """Whether the photos' bytes are needed, beside what was made of them."""
        return job.kind is JobKind.CASES

    def conditions(self, job: Job) -> Now | Refused:
        """Under what this job would be searched now, or why it can't be."""
        if isinstance(who := self._who(job), Refused):
            return who
        options, engine = job.options, self._matcher.engine.spec.key
        if options.engine != engine:
            return Refused(
                f"it was made for the engine {options.engine}, and this home's searches use {engine}; create it anew"
            )
        try:
            found, _ = conditions(
                self._matcher, limits=self.limits, among=options.among, top=options.top, fpir=options.fpir,
                anyway=options.anyway,
            )  # fmt: skip
        except (OutsideCalibration, RecordsError) as refusal:
            return _refused(refusal)
        values = asdict(found)
        version = values.pop("version")
        return Now(json.dumps(values, sort_keys=True), version)

    def answer(self, job: Job, batch: Sequence[tuple[Item, Worked]], worker: int) -> Refused | None:
        """Search these photos and keep the answers of those that the worker still holds; why not, if it can't be."""
        if job.kind is JobKind.CASES:
            return self._answer_in_cases(job, batch, worker)
        if refused := self._not_allowed(job):
            return refused
        options = job.options

        def keep(answers: Sequence[Identification], entries: Sequence[Entry]) -> None:
            kept = [_kept(job, item, done, answer) for (item, done), answer in zip(batch, answers, strict=True)]
            with self._matcher.gallery.database.writing() as connection:
                mine = job_leases.still_mine(connection, worker, [one.item for one in kept])
                job_leases.keep(connection, [one for one in kept if one.item in mine])
                append(connection, *(entry for one, entry in zip(kept, entries, strict=True) if one.item in mine))
                job_tallies.add(connection, (each for one, each in zip(kept, answers, strict=True) if one.item in mine))

        try:
            self._matcher.identify_many(
                [done.prepared for _, done in batch], top=options.top, fpir=options.fpir, among=options.among,
                anyway=options.anyway, keep=keep,
            )  # fmt: skip
        except RecordsUnavailable:
            raise
        except (OutsideCalibration, RecordsError) as refusal:
            return _refused(refusal)
        return None

    def _who(self, job: Job) -> Officer | Refused:
        try:
            with self._matcher.gallery.database.reading() as connection:
                return worker_for(connection, job)
        except RecordsError as refusal:
            return _refused(refusal)

    def _not_allowed(self, job: Job) -> Refused | None:
        """Why whoever made the job may not search there outside cases, as rights and galleries are now."""
        try:
            with self._matcher.gallery.database.reading() as connection:
                must_be_own(connection, worker_for(connection, job).rights, job.options.among.gallery)
        except (CaseError, RecordsError) as refusal:
            return _refused(refusal)
        return None

    def _answer_in_cases(self, job: Job, batch: Sequence[tuple[Item, Worked]], worker: int) -> Refused | None:
        """The same in cases: each search is a transaction of casework, with its own entry of the audit."""
        who = self._who(job)
        if isinstance(who, Refused):
            return who
        database, answered = self._matcher.gallery.database, []
        for item, done in batch:
            number = item_id(job.number, item.number)
            with database.reading() as connection:
                if not job_leases.still_mine(connection, worker, [number]):
                    continue
            ended = self._cases.answer(who, job, item, done)
            answered.append(ended)
            kept = Kept(
                number, done.prepared.sha256, ended.answer.outcome, ended.strength, ended.answer.quality,
                ended.answer.version, answer_bytes(ended.answer), b"",
            )  # fmt: skip
            with database.writing() as connection:
                if job_leases.still_mine(connection, worker, [number]):
                    job_leases.keep(connection, [kept])
                    job_tallies.add(connection, () if ended.found is None else (ended.found,))
        # Together: every other case's templates are read once for all of them.
        self._cases.compare(who, answered)
        return None


def _refused(refusal: MatcherError) -> Refused:
    if isinstance(refusal, RecordsUnavailable):
        raise refusal
    return Refused(str(refusal))


def _kept(job: Job, item: Item, done: Worked, found: Identification) -> Kept:
    answer = answer_of_case(item.case_id, item.photo, found, done.picture)
    template = done.prepared.template
    first = found.candidates[0] if found.candidates else None
    strength = None
    if first is not None:
        strength = first.score if first.log10_likelihood_ratio is None else first.log10_likelihood_ratio
    return Kept(
        item=item_id(job.number, item.number),
        sha256=found.photo_sha256,
        outcome=found.outcome.value,
        strength=strength,
        quality=answer.quality,
        version=answer.version,
        answer=answer_bytes(answer),
        vector=b"" if template is None else coding.vector_bytes(template.vector),
    )
