"""The backlog's pages: send a manifest with photos, watch the job, go through what it found in the order of review."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.deps import TheDesk, TheGallery
from api.routes.jobs import TheJobs
from api.web.formats import formats
from api.web.languages import N_
from api.web.pages import ThePage
from api.web.strength import brief
from api.wire_jobs import job_out, photo_out
from matcher.accounts.roles import Right
from matcher.jobs.job import MOST_PRIORITY, JobKind, JobState
from matcher.jobs.reviewing import Sorting, to_review

router = APIRouter(include_in_schema=False)
_AT_ONCE = 50
STATES = {
    JobState.UPLOADING: N_("waiting for photos"),
    JobState.QUEUED: N_("waiting for a worker"),
    JobState.RUNNING: N_("being searched"),
    JobState.DONE: N_("done"),
    JobState.CANCELLED: N_("cancelled"),
    JobState.FAILED: N_("stopped"),
}
_SORTINGS = {
    Sorting.DEADLINE: N_("nearest deadlines"),
    Sorting.STRENGTH: N_("strongest candidates"),
    Sorting.QUALITY: N_("best photos"),
}
_MANNERS = {JobState.RUNNING: "accent", JobState.DONE: "good", JobState.FAILED: "fault", JobState.CANCELLED: "warn"}
_OUTCOMES = {
    "candidates": N_("candidates found"),
    "nobody": N_("nobody alike enough"),
    "no_face": N_("no face in the photo"),
    "several_faces": N_("several faces"),
    "photo_unusable": N_("photo can't be used"),
    "not_searched": N_("not searched"),
    "ready": N_("searched before"),
}


@router.get("/backlogs")
def backlogs(page: ThePage, mine: TheJobs, gallery: TheGallery) -> Response:
    """The jobs of whoever asks, and the form for a new one."""
    found = [job_out(job, far) for job, far in mine.every(limit=100)]
    return page.render(
        "backlog/list.html", jobs=found, states=STATES, manners=_MANNERS, galleries=gallery.galleries(),
        may_work_cases=page.may(Right.WORK_CASES),
    )  # fmt: skip


@router.get("/backlogs/{job}")
def backlog(
    *, page: ThePage, desk: TheDesk, mine: TheJobs, job: str, after: Annotated[int, Query(ge=0, le=2**24)] = 0,
    sort: Sorting = Sorting.DEADLINE,
) -> Response:  # fmt: skip
    """One job: how far it is, and its photos in the order that was asked for."""
    found = mine.get(job)
    listed = to_review(desk.database, found, by=sort, after=after, limit=_AT_ONCE)
    here, in_cases = f"/backlogs/{found.id}?sort={sort.value}", found.kind is JobKind.CASES
    number = formats(page.preferences.language).number
    return page.render(
        "backlog/job.html",
        job=job_out(found, mine.jobs.progress(found.number)),
        photos=[photo_out(one.found, one.order, one.same_faces) for one in listed],
        strengths={} if in_cases else {
            one.found.number: brief(one.found.answer.leads[0], page.gettext, number)
            for one in listed if one.found.answer is not None and one.found.answer.leads
        },
        in_cases=in_cases, most_priority=MOST_PRIORITY, listed_by=here,
        sortings=[
            (f"/backlogs/{found.id}?sort={one.value}", page.gettext(title), None)
            for one, title in _SORTINGS.items() if not (in_cases and one is Sorting.STRENGTH)
        ],
        states=STATES, manners=_MANNERS, outcomes=_OUTCOMES,
        first=here if after else "",
        next=f"{here}&after={after + _AT_ONCE}" if after + _AT_ONCE < found.total else "",
    )  # fmt: skip
