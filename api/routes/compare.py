"""Two photos compared with each other."""

from fastapi import APIRouter, Request
from pydantic import Field

from api.deps import TheDesk, TheMatcher
from api.forms import PHOTO, UploadLimits
from api.routes import described
from api.wire_quality import Wire
from matcher.comparing import MEANING, compared
from matcher.errors import BadField

router = APIRouter(prefix="/v1", tags=["search"])
_TWO = 2


class ComparedOut(Wire):
    """The distance between the faces of two photos."""

    distance: float = Field(description="Euclidean, in the engine's unit; smaller is more alike, 0: the same picture")
    engine: str
    note: str = Field(description="what it does not say")


@router.post(
    "/compare",
    summary="Compare two photos",
    openapi_extra={"requestBody": described.TWO_PHOTOS},
    responses=described.errors(413, 415, 422, 503),
)
async def compare(request: Request, desk: TheDesk, matcher: TheMatcher) -> ComparedOut:
    """How alike the faces of two photos are, without any gallery. Nothing is kept of them."""
    limits = UploadLimits(desk.settings.max_photo_bytes, photos=_TWO, names=(), alone=False)
    async with desk.upload(request, limits) as upload:
        if len(upload.photos) != _TWO:
            raise BadField(PHOTO, f"there is {len(upload.photos)} photo; send two parts named {PHOTO}")
        first, second = upload.photos
        names = first.name or "the first photo", second.name or "the second photo"
        found = await desk.work(
            lambda: compared(matcher.prepare(first.content), matcher.prepare(second.content), names=names)
        )
    return ComparedOut(distance=found.distance, engine=found.engine, note=MEANING)
