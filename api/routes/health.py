"""Whether the service lives and whether it can answer, for those who run it."""

import numpy as np
from fastapi import APIRouter

from api.deps import TheDesk, TheMatcher
from api.errors import ErrorBody, NotReady
from api.wire_quality import Wire
from matcher.errors import EngineMismatch

router = APIRouter(tags=["health"])


class Alive(Wire):
    """The process answers."""

    status: str = "alive"


class IndexReady(Wire):
    """The index beside the records. position: of the change log, equal to the records' `version` when in step."""

    in_step: bool
    position: int
    templates: int


class Ready(Wire):
    """Records, index and engine answer. version: the position in the records' change log."""

    status: str = "ready"
    engine: str
    people: int
    templates: int
    version: int
    index: IndexReady


@router.get("/healthz", summary="Is the process alive?")
async def healthz() -> Alive:
    """Always 200 while the process runs; says nothing about records or engine."""
    return Alive()


@router.get(
    "/readyz",
    summary="Can it answer?",
    responses={
        503: {"model": ErrorBody, "description": "records, index or engine can't be used; the message says why"}
    },
)
def readyz(desk: TheDesk, matcher: TheMatcher) -> Ready:
    """The engine is loaded, the records can be read, and the index is in step with them; 503 otherwise.

    503 also from when the service was told to end, while it still answers: requests are to be passed to
    others.
    """
    if desk.is_ending:
        raise NotReady("this service is ending; ask another")
    gallery = matcher.gallery
    try:
        # A search brings the index in step or says why it can't.
        gallery.search(np.zeros(gallery.dimension, dtype=np.float32), 1)
    except EngineMismatch as exc:
        raise NotReady(str(exc)) from exc
    step = gallery.step()
    if not step.is_in_step:
        raise NotReady(
            f"the index stands at {step.indexed} with {step.entries:,} templates, the records at {step.recorded} with "
            f"{step.templates:,}; where this stays so, run matcher doctor --rebuild"
        )
    state = gallery.state()
    return Ready(
        engine=state.engine,
        people=state.people,
        templates=state.templates,
        version=state.version,
        index=IndexReady(in_step=True, position=step.indexed, templates=step.entries),
    )
