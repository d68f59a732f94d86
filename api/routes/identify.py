"""A photo in, ranked candidates out."""

from anyio import to_thread
from fastapi import APIRouter, Request, Response

from api.deps import TheActor, TheDesk, TheMatcher
from api.errors import ErrorBody
from api.forms import PHOTO, UploadedPhoto, UploadLimits
from api.pictures import jpeg_view
from api.routes import described
from api.routes.asking import SEARCH_FIELDS, asked
from api.uploads import Upload
from api.wire import IdentificationOut, identification_out
from matcher.accounts.actor import Actor
from matcher.among import Among
from matcher.audit.entry import Action, Entry, gallery_subject
from matcher.build import photo_limits
from matcher.casework.faults import NotAllowed
from matcher.errors import BadField
from matcher.gallery import Gallery
from matcher.outside import must_be_own
from matcher.settings import Settings

router = APIRouter(prefix="/v1", tags=["search"])


@router.post(
    "/identify",
    summary="Search for the person in a photo",
    openapi_extra={"requestBody": described.PROBE, "parameters": described.SEARCH_PARAMETERS},
    responses={
        200: {"content": {"application/json": {"examples": described.IDENTIFICATIONS}}},
        **described.errors(403, 404, 409, 413, 415, 422, 503),
    },
)
async def identify(request: Request, desk: TheDesk, matcher: TheMatcher, actor: TheActor) -> IdentificationOut:
    """The likeliest people for a photo, best first; a person must confirm or reject them.

    Send a form with the part `photo`, or the image itself as the body. The other fields may stand in the form or in
    the query. A photo without a face, with several, or one that can't be used is an answer too: see `outcome`.
    A photo whose quality is too low is not searched with (`photo_unusable`, code `quality`) unless `anyway` is true.
    People whose year of birth is not recorded are left out where `born_from` or `born_to` is given.
    Nothing is written to the gallery. A gallery that is not stated to be the operator's own needs the right
    `search:foreign`; a photo of a case whose protection is not lifted is not searched with there (`photo_unusable`,
    code `only_in_a_case`).
    """
    async with desk.upload(request, probe_limits(desk.settings)) as upload:
        photo = only_photo(upload)
        search = asked(upload, desk.settings)
        await to_thread.run_sync(lambda: may_search(matcher.gallery, actor, search.among))
        answer = await desk.work(
            lambda: matcher.identify(
                photo.content, top=search.top, fpir=search.fpir, among=search.among, anyway=search.anyway
            )
        )
    desk.metrics.searched(answer)
    return identification_out(answer, photo=photo.name)


@router.post(
    "/preview",
    summary="A photo as every browser shows it",
    response_class=Response,
    openapi_extra={"requestBody": described.PROBE},
    responses={
        200: {"content": {"image/jpeg": {}}, "description": "the upright photo, at most 1,024 pixels a side"},
        422: {"model": ErrorBody, "description": "the photo can't be used; `code` says why"},
        **described.errors(413, 415, 503),
    },
)
async def preview(request: Request, desk: TheDesk) -> Response:
    """The photo sent, upright and as a JPEG: browsers show neither HEIC nor TIFF. Nothing is kept."""
    async with desk.upload(
        request, UploadLimits(desk.settings.max_photo_bytes, photos=1, names=(), alone=True)
    ) as upload:
        photo = only_photo(upload)
        picture = await desk.work(lambda: jpeg_view(photo.content, limits=photo_limits(desk.settings)))
    return Response(picture, media_type="image/jpeg")


def may_search(gallery: Gallery, actor: Actor, among: Among) -> None:
    """Raises NotAllowed, and records it, where this search outside a case takes another right; looks at no photo."""
    try:
        with gallery.database.reading() as connection:
            must_be_own(connection, actor.rights, among.gallery)
    except NotAllowed as refusal:
        subjects = [gallery_subject(among.gallery)] if among.gallery else []
        gallery.trail.record(Entry(Action.REFUSAL, subjects, {"refused": "search", "error": type(refusal).__name__}))
        raise


def probe_limits(settings: Settings) -> UploadLimits:
    return UploadLimits(settings.max_photo_bytes, photos=1, names=SEARCH_FIELDS, alone=True)


def only_photo(upload: Upload) -> UploadedPhoto:
    """The one photo of a request; raises BadField where there is none."""
    if not upload.photos:
        raise BadField(PHOTO, f"there is no photo; send it as the form's part {PHOTO}, or as the body")
    return upload.photos[0]
