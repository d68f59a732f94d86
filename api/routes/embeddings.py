"""Templates of a gallery in bulk, without photos: in from elsewhere, and out."""

import tempfile
from collections.abc import Iterator
from functools import partial

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import Field

from api.deps import TheActor, TheDesk, TheGallery
from api.job_uploads import must_have_room, to_disk
from api.routes import described
from api.routes.gallery_terms import GalleryName
from api.wire_quality import Wire
from matcher.exporting import streamed_embeddings
from matcher.own_process import Inherited
from matcher.person import checked_gallery
from matcher.service_tasks import Imported, import_parquet

router = APIRouter(prefix="/v1/galleries/{name}/embeddings", tags=["galleries"])
PARQUET = "application/vnd.apache.parquet"
_FILE = {"type": "string", "format": "binary", "description": "a Parquet file, whatever its type is called"}
_BODY = {"required": True, "content": {"application/octet-stream": {"schema": _FILE}}}


class RefusedRowOut(Wire):
    """A row that was not imported."""

    row: int = Field(description="its number in the file, from 0")
    person_id: str
    code: str
    reason: str


class ImportedOut(Wire):
    """What an import did; what it counts is kept. added, known: templates."""

    rows: int
    added: int
    known: int = Field(description="there already, and not added again")
    refused: int
    people_new: int
    people_updated: int
    refused_rows: tuple[RefusedRowOut, ...] = Field(description="the first 1,000 of those that were refused")
    held: bool = Field(description="whether no search may use the gallery, as it looks like a list of wanted people")


@router.post(
    "",
    summary="Import embeddings",
    openapi_extra={"requestBody": _BODY},
    responses=described.errors(400, 404, 408, 409, 413, 422, 503),
)
async def bring(*, request: Request, desk: TheDesk, actor: TheActor, name: GalleryName) -> ImportedOut:
    """As `matcher import-embeddings`: a Parquet file with `person_id`, `vector`, and any of a person's fields, of the
    engine in use. Rows that name no `gallery` go into this one, which is made where there is none. The same vector of
    the same person is known and not added again, so that an import that was broken off is simply sent again.

    One purge or import at a time; others wait for their turn.
    """
    into, settings = checked_gallery(name), desk.settings
    await to_thread.run_sync(desk.open)
    must_have_room(request, settings.home, most_bytes=settings.max_job_bytes)
    # Without a name: nobody else can open it, and it is gone with this request, whatever ends it.
    with tempfile.TemporaryFile(dir=settings.home) as file:
        await to_disk(request, file, settings.max_job_bytes)
        file.flush()
        task = partial(import_parquet, settings, actor.audit_name, into, Inherited(file))
        return _imported_out(await desk.apart(task))


@router.get(
    "",
    summary="Export embeddings",
    response_class=StreamingResponse,
    responses={200: {"content": {PARQUET: {}}, "description": "a row a template"},
               **described.errors(404, 409, 422, 503)},
)  # fmt: skip
def give(gallery: TheGallery, name: GalleryName) -> StreamingResponse:
    """Every template of the engine in use, as it made it, with its person's fields, in the order of adding; recorded as
    an export. It is biometric data: keep it as safe as the records. A held gallery is not given out."""
    pieces: Iterator[bytes] = streamed_embeddings(gallery, name)
    headers = {
        "Cache-Control": "private, no-store",
        "Content-Disposition": 'attachment; filename="embeddings.parquet"',
    }
    return StreamingResponse(pieces, headers=headers, media_type=PARQUET)


def _imported_out(done: Imported) -> ImportedOut:
    tally = done.tally
    return ImportedOut(
        rows=tally.rows, added=tally.added, known=tally.known, refused=tally.refused, people_new=tally.people_new,
        people_updated=tally.people_updated, held=done.is_held,
        refused_rows=tuple(
            RefusedRowOut(row=one.row, person_id=one.person_id, code=one.code, reason=one.reason)
            for one in done.refused
        ),
    )  # fmt: skip
