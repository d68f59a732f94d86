"""Jobs as they go over the wire."""

from pydantic import Field

from api.wire_quality import Wire
from matcher.jobs.estimate import estimate
from matcher.jobs.job import MOST_PRIORITY, Job, JobKind, JobState, Progress
from matcher.records.job_pairs import Found


class JobIn(Wire):
    """A job to make; its photos are sent afterwards."""

    name: str = Field(min_length=1, max_length=128, examples=["spring backlog"])
    kind: JobKind = Field(JobKind.PHOTOS, description="cases: each photo is of a person in custody, in the case named")
    gallery: str = Field("", max_length=64, description="search in this gallery only; with cases it must be given")
    top: int = Field(20, ge=1, le=200)
    fpir: float | None = Field(None, gt=0, lt=1)
    anyway: bool = Field(False, description="search with photos of whatever quality")
    priority: int = Field(0, ge=-MOST_PRIORITY, le=MOST_PRIORITY)


class PriorityIn(Wire):
    priority: int = Field(ge=-MOST_PRIORITY, le=MOST_PRIORITY, description="higher ones are worked on first")


class WorkOut(Wire):
    """The reviewing to expect: searches x list length x FPIR."""

    lists: float
    comparisons: float
    seconds_a_comparison: float
    hours: float


class JobOut(Wire):
    """A job and how far it has come."""

    id: str = Field(examples=["J-00AB3-Q2XWD"])
    name: str
    kind: JobKind
    state: JobState
    reason: str = Field(description="why it failed")
    priority: int
    gallery: str
    top: int
    fpir: float | None
    made_by: str
    made_at: int
    started_at: int
    ended_at: int
    total: int = Field(description="photos")
    done: int
    outcomes: dict[str, int]
    workers: int = Field(description="how many work on it at this moment")
    photos_a_second: float
    seconds_left: float | None
    work: WorkOut


class JobsOut(Wire):
    """A page of them: those that are worked on first, then the newest."""

    jobs: tuple[JobOut, ...]
    next: str = Field("", description="the cursor of the next page; empty where this is the last")


class JobPhotoOut(Wire):
    """One photo of a job, in the order of review; candidates are in the results, those of cases with reviewers."""

    number: int = Field(description="its place in the manifest, from 0")
    review_order: int
    case_id: str
    photo: str
    deadline: str
    outcome: str
    code: str
    reason: str
    quality: float | None
    same_face_as: tuple[str, ...]


class JobPhotosOut(Wire):
    """A page of them; next: to ask for after it, None behind the last."""

    photos: tuple[JobPhotoOut, ...]
    next: int | None


def job_out(job: Job, far: Progress) -> JobOut:
    options = job.options
    work = estimate(job.total, options.top, options.fpir)
    return JobOut(
        id=job.id, name=job.name, kind=job.kind, state=job.state, reason=job.reason, priority=job.priority,
        gallery=options.among.gallery or "", top=options.top, fpir=options.fpir, made_by=job.made_by,
        made_at=job.made_at, started_at=job.started_at, ended_at=job.ended_at, total=job.total, done=far.done,
        outcomes=far.outcomes, workers=far.workers, photos_a_second=round(far.a_second, 2),
        seconds_left=far.seconds_left,
        work=WorkOut(
            lists=work.lists, comparisons=work.comparisons, seconds_a_comparison=work.seconds_a_comparison,
            hours=round(work.hours, 2),
        ),
    )  # fmt: skip


def photo_out(found: Found, order: int, same_faces: tuple[str, ...]) -> JobPhotoOut:
    answer = found.answer
    return JobPhotoOut(
        number=found.number, review_order=order, case_id=found.case_id, photo=found.photo, deadline=found.deadline,
        outcome=found.outcome or "not_searched", code=found.code or (answer.code if answer else ""),
        reason=found.reason or (answer.reason if answer else ""), quality=found.quality, same_face_as=same_faces,
    )  # fmt: skip
