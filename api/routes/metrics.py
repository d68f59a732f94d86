"""What Prometheus asks for."""

from contextlib import suppress

from fastapi import APIRouter, Response

from api.deps import TheDesk
from index.base import IndexFault
from matcher.errors import MatcherError
from matcher.records import job_rows, job_tallies

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    summary="Counts and times for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "the exposition format of Prometheus"}},
)
def metrics(desk: TheDesk) -> Response:
    """Searches, latencies, queue, sizes and recall; what can't be asked now is left as it was, or out."""
    with suppress(MatcherError, IndexFault):
        gallery = desk.open().gallery
        desk.metrics.stands(gallery.state(), gallery.index_stats(), waiting=desk.waiting)
    with suppress(MatcherError), desk.database.reading() as connection:
        desk.metrics.queued(job_rows.queue(connection))
        desk.metrics.worked(job_tallies.tallies(connection))
    text, kind = desk.metrics.text()
    return Response(text, media_type=kind)
