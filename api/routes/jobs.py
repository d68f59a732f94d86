"""Jobs: many photos sent at once and searched by workers; steered, watched, and what was found."""

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from api.deps import TheActor, TheDesk, TheGallery
from api.job_uploads import receive_photos
from api.paging import PageAsked, page_of
from api.routes import described
from api.routes.identify import may_search
from api.wire_jobs import JobIn, JobOut, JobPhotosOut, JobsOut, PriorityIn, job_out, photo_out
from matcher.accounts.roles import Right
from matcher.among import Among
from matcher.backlog import CANDIDATES_FILE, PARQUET_FILE, REPORT_FILE
from matcher.build import photo_limits
from matcher.casework.faults import NotAllowed
from matcher.errors import AlreadyThere, BadField
from matcher.jobs.job import Job, JobKind, JobOptions, JobState
from matcher.jobs.register import Jobs
from matcher.jobs.results import write_results
from matcher.jobs.reviewing import Sorting, to_review
from matcher.jobs.sight import OwnJobs
from matcher.photo_work import Drawing
from matcher.upload_cases import read_upload

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])
_FILES = {
    "csv": (CANDIDATES_FILE, "text/csv; charset=utf-8"),
    "parquet": (PARQUET_FILE, "application/vnd.apache.parquet"),
    "report": (REPORT_FILE, "text/html; charset=utf-8"),
}
_PHOTOS = {
    "required": True,
    "content": {
        "application/octet-stream": {
            "schema": {
                "type": "string",
                "format": "binary",
                "description": "a zip or a tar, whatever its type is called",
            }
        }
    },
}


def own_jobs(desk: TheDesk, actor: TheActor) -> OwnJobs:
    return OwnJobs(Jobs(desk.database, desk.settings.home), actor)


TheJobs = Annotated[OwnJobs, Depends(own_jobs)]


@router.post("", summary="Make a job", status_code=201, responses=described.errors(403, 404, 409, 422, 503))
def make(*, actor: TheActor, mine: TheJobs, gallery: TheGallery, given: JobIn, response: Response) -> JobOut:
    """A job without photos; send them to its `photos`. Workers (`matcher work`) begin when they are there."""
    if given.gallery:
        gallery.must_have(given.gallery)
    if given.kind is JobKind.CASES and not actor.may(Right.WORK_CASES):
        raise NotAllowed("this needs the right cases:work, which this account does not have; ask who has it")
    if given.kind is JobKind.PHOTOS:
        may_search(gallery, actor, Among(gallery=given.gallery or None))
    options = JobOptions(gallery.engine, given.top, given.fpir, given.anyway, Among(gallery=given.gallery or None))
    made = mine.jobs.begin(
        given.name, options, made_by=actor.account, source="upload", kind=given.kind, priority=given.priority,
        uploads=True, mandate=mine.mandate,
    )  # fmt: skip
    response.headers["Location"] = f"/v1/jobs/{made.id}"
    return _out(mine, made)


@router.get("", summary="Your jobs", responses=described.errors(422, 503))
def jobs(mine: TheJobs, asked: Annotated[PageAsked, Query()]) -> JobsOut:
    """The jobs that you made, or all of them for those who supervise: first those that are worked on."""
    page, following = page_of(mine.listed(), asked, lambda one: one.id)
    return JobsOut(jobs=tuple(_out(mine, one) for one in page), next=following)


@router.get("/{job}", summary="A job and its progress", responses=described.errors(404, 422, 503))
def job(mine: TheJobs, job: str) -> JobOut:
    """How far it has come, how fast it goes, and how long it will take."""
    return _out(mine, mine.get(job))


@router.put(
    "/{job}/photos",
    summary="Send a job's photos",
    openapi_extra={"requestBody": _PHOTOS},
    responses=described.errors(400, 404, 408, 409, 413, 422, 503),
)
async def send(*, request: Request, desk: TheDesk, mine: TheJobs, job: str) -> JobOut:
    """A zip or a tar (plain, or with gzip, bzip2 or xz) with the photos; one CSV with `case_id` and `photo` at its top
    says which photo is whose. Once it is there the job is queued; a broken upload can be sent again."""
    made = await to_thread.run_sync(mine.get, job)
    if made.state is not JobState.UPLOADING:
        raise AlreadyThere(f"job {made.id} has its photos already; make another one")
    place = mine.jobs.upload_place(made)
    await receive_photos(request, place, most_bytes=desk.settings.max_job_bytes)

    def fill() -> JobOut:
        try:
            cases = read_upload(place, limits=photo_limits(desk.settings))
            return _out(mine, mine.jobs.fill(made.number, cases, by=mine.mandate))
        except BaseException:
            place.unlink(missing_ok=True)
            raise

    return await to_thread.run_sync(fill)


@router.post("/{job}/cancel", summary="Cancel a job", responses=described.errors(404, 422, 503))
def cancel(mine: TheJobs, job: str) -> JobOut:
    """Nobody works on it any more; what was found stays."""
    return _changed(mine, job, mine.jobs.cancel)


@router.post("/{job}/resume", summary="Go on with a job", responses=described.errors(404, 422, 503))
def resume(mine: TheJobs, job: str) -> JobOut:
    """One that was cancelled, or has failed."""
    return _changed(mine, job, lambda number: mine.jobs.resume(number, by=mine.mandate))


@router.post("/{job}/again", summary="Search anew", responses=described.errors(404, 422, 503))
def again(mine: TheJobs, job: str) -> JobOut:
    """Of a job that is done, what a change of the gallery may have made out of date; not for uploads, whose photos are
    gone."""
    return _changed(mine, job, mine.jobs.again)


@router.post("/{job}/priority", summary="Which job goes first", responses=described.errors(404, 422, 503))
def priority(mine: TheJobs, job: str, given: PriorityIn) -> JobOut:
    """Workers heed it at their next photos."""
    return _changed(mine, job, lambda number: mine.jobs.prioritise(number, given.priority))


@router.delete("/{job}", summary="Remove a job", status_code=204, responses=described.errors(404, 422, 503))
def remove(mine: TheJobs, job: str) -> None:
    """With everything that it found. One that is open is cancelled first."""
    found = mine.get(job)
    with suppress(BadField):
        mine.jobs.cancel(found.number)
    mine.jobs.remove(found.number)


@router.get("/{job}/photos", summary="A job's photos in the order of review", responses=described.errors(404, 422, 503))
def photos(
    *, desk: TheDesk, mine: TheJobs, job: str,
    after: Annotated[int, Query(ge=0, le=2**24)] = 0, limit: Annotated[int, Query(ge=1, le=500)] = 50,
    sort: Annotated[Sorting, Query(description="what comes first; strength: not of cases")] = Sorting.DEADLINE,
) -> JobPhotosOut:  # fmt: skip
    """Nearest deadlines first, then the strongest candidates, then the best photos; or another of the three first."""
    found = mine.get(job)
    page = to_review(desk.database, found, by=sort, after=after, limit=limit)
    return JobPhotosOut(
        photos=tuple(photo_out(one.found, one.order, one.same_faces) for one in page),
        next=after + limit if after + limit < found.total else None,
    )


@router.get(
    "/{job}/results",
    summary="What a job found",
    response_class=Response,
    responses={
        200: {"content": {kind.partition(";")[0]: {} for _, kind in _FILES.values()}, "description": "the file"},
        **described.errors(404, 422, 503),
    },
)
async def results(
    *, desk: TheDesk, gallery: TheGallery, mine: TheJobs, job: str,
    kind: Annotated[str, Query(alias="as", pattern="^(csv|parquet|report)$")] = "csv",
) -> Response:  # fmt: skip
    """The file candidates.csv or candidates.parquet as `matcher jobs results` writes it, or the report; so far as the
    job has come. Recorded as an export."""
    found = await to_thread.run_sync(mine.get, job)
    folder = tempfile.TemporaryDirectory()
    drawing = Drawing(photo_limits(desk.settings)) if kind == "report" else None
    try:
        await desk.work(lambda: write_results(desk.database, found, gallery, Path(folder.name), crew=drawing))
    except BaseException:
        folder.cleanup()
        raise
    name, media = _FILES[kind]
    return FileResponse(
        Path(folder.name) / name, media_type=media, filename=f"{found.id}-{name}",
        background=BackgroundTask(folder.cleanup), headers={"Cache-Control": "private, no-store"},
    )  # fmt: skip


def _out(mine: OwnJobs, job: Job) -> JobOut:
    return job_out(job, mine.jobs.progress(job.number))


def _changed(mine: OwnJobs, job: str, change: Callable[[int], Job]) -> JobOut:
    return _out(mine, change(mine.get(job).number))
