"""One person of a gallery: enroll, look up, remove, and the reference photos."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from api.deps import TheDesk, TheGallery, TheMatcher
from api.errors import PhotosRefused, PhotosRefusedBody
from api.forms import PHOTO, UploadedPhoto, UploadLimits
from api.pictures import jpeg_view
from api.routes import described
from api.routes.asking import ANYWAY, flag
from api.uploads import Upload
from api.wire import PersonRecordOut, RefusedPhotoOut, person_record_out
from api.wire_quality import PoorPhotoOut, Wire, quality_out
from matcher.build import photo_limits
from matcher.errors import BadField, NotFound
from matcher.gallery import utc_now
from matcher.person import FIELDS, Person, read_person, shown
from matcher.photo_date import TAKEN_ON, checked_photo_date
from matcher.pipeline import Enrolled, Matcher
from matcher.preparing import PhotoState, PreparedPhoto, why_refused
from matcher.records.values import PersonOutcome
from matcher.scoring.fusion import Agreement

router = APIRouter(prefix="/v1", tags=["persons"])
MOST_PHOTOS = 16
UPDATE = "update"
MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "TIFF": "image/tiff"}
MEDIA_TYPES |= {"BMP": "image/bmp", "HEIC": "image/heic"}
_WHY = {
    PhotoState.NO_FACE: "no face was found; use a photo that shows the face from the front, sharp and well lit",
    PhotoState.SEVERAL_FACES: "several faces of similar size; cut the photo to the person who is meant",
}

PersonId = Annotated[str, Path(description="the operator's own id of the person", examples=["drawn-000017"])]
Digest = Annotated[str, Path(description="SHA-256 of the photo's bytes, 64 hexadecimal digits")]


class InGallery(Wire):
    """Which gallery is meant; any other name in the query is an error, so that a slip never means another gallery."""

    gallery: str = Field("main", description="the gallery that the person is in")


class PhotoAsked(InGallery):
    """Which gallery, and in which form the photo is wanted."""

    view: Literal["", "jpeg"] = Field("", alias="as", description="jpeg: upright, as browsers show it")


class UnlikePhotoOut(Wire):
    """A photo that was taken although it does not look like the person's others; a person should compare."""

    photo: str = Field(description="its name as given, else its position, from 1")
    agreement: Agreement = Field(description="doubtful: few strangers are so alike; disagree: many are")


class PersonEnrolledOut(PersonRecordOut):
    """A person as recorded now, and what the request did."""

    outcome: PersonOutcome
    refused: tuple[RefusedPhotoOut, ...] = ()
    unlike: tuple[UnlikePhotoOut, ...] = ()
    poor: tuple[PoorPhotoOut, ...] = ()


@router.post(
    "/persons",
    summary="Enroll a person",
    status_code=201,
    openapi_extra={"requestBody": described.PERSON},
    responses={
        200: {"model": PersonEnrolledOut, "description": "the person was there: photos were added, or nothing changed"},
        201: {"content": {"application/json": {"example": described.ENROLLED}}},
        422: {
            "model": PhotosRefusedBody,
            "description": "a field is not valid, or no photo can serve",
        },
        **described.errors(409, 413, 415, 503),
    },
)
async def enroll(request: Request, response: Response, desk: TheDesk, matcher: TheMatcher) -> PersonEnrolledOut:
    """Add a person with one photo or more; photos that can't serve as a reference are refused and named, the others
    kept. With none that can, nothing is written. taken_on: the day of taking, once for each photo in their order.

    201: the person is new. 200: was there already, and now has these photos too; sending the same again changes
    nothing. A field that differs from the recorded one is refused with 409, since two people might share an id by
    mistake; with `update=true` it is changed. A field that is left empty keeps its recorded value.
    A photo of unfit quality is refused (code `quality`) unless `anyway=true`; a poor one is taken and named.
    """
    async with desk.upload(request, _person_limits(desk)) as upload:
        if not upload.photos:
            raise BadField(PHOTO, f"there is no photo; send one part named {PHOTO} for each")
        person = _person(upload)
        taken_on = [checked_photo_date(day, today=_today()) for day in upload.every(TAKEN_ON)]
        update, anyway = flag(upload, UPDATE), flag(upload, ANYWAY)
        enrolled = await desk.work(
            lambda: _enrolled(
                matcher,
                person,
                upload,
                update=update,
                keep_photos=desk.settings.keep_photos,
                anyway=anyway,
                taken_on=taken_on,
            )
        )
        refused = tuple(
            _refused(upload.photos[place], place, photo) for place, photo in sorted(enrolled.refused.items())
        )
        unlike = tuple(
            UnlikePhotoOut(photo=upload.photos[place].name or str(place + 1), agreement=agreement)
            for place, agreement in sorted(enrolled.unlike.items())
        )
        poor = tuple(
            PoorPhotoOut(photo=upload.photos[place].name or str(place + 1), quality=quality_out(quality))
            for place, quality in sorted(enrolled.poor.items())
        )
    if enrolled.result is None:
        raise PhotosRefused(refused)
    if enrolled.result.person is not PersonOutcome.NEW:
        response.status_code = 200
    response.headers["Location"] = f"/v1/persons/{quote(person.person_id, safe='')}?gallery={quote(person.gallery)}"
    record = await desk.work(lambda: matcher.gallery.person(person.gallery, person.person_id))
    return PersonEnrolledOut(
        **person_record_out(record).model_dump(),
        outcome=enrolled.result.person,
        refused=refused,
        unlike=unlike,
        poor=poor,
    )


@router.get(
    "/persons/{person_id}",
    summary="A person's record",
    responses={
        200: {"content": {"application/json": {"example": described.RECORD}}},
        **described.errors(404, 422, 503),
    },
)
def person(records: TheGallery, person_id: PersonId, where: Annotated[InGallery, Query()]) -> PersonRecordOut:
    """A person's fields and what is kept of the photos; not the photos themselves."""
    return person_record_out(records.person(where.gallery, person_id))


@router.delete(
    "/persons/{person_id}",
    summary="Remove a person",
    status_code=204,
    responses=described.errors(404, 409, 422, 503),
)
def remove(records: TheGallery, person_id: PersonId, where: Annotated[InGallery, Query()]) -> None:
    """Remove a person with every photo and template; searches that begin afterwards don't find them."""
    records.remove_person(where.gallery, person_id)


@router.get(
    "/persons/{person_id}/photos/{sha256}",
    summary="A reference photo",
    response_class=Response,
    responses={
        200: {"content": {kind: {} for kind in sorted(MEDIA_TYPES.values())}, "description": "the photo"},
        **described.errors(404, 422, 503),
    },
)
def photo(
    desk: TheDesk, records: TheGallery, person_id: PersonId, sha256: Digest, asked: Annotated[PhotoAsked, Query()]
) -> Response:
    """The original bytes; with `as=jpeg` an upright JPEG of at most 1,024 pixels a side, for HEIC and TIFF too."""
    gallery = asked.gallery
    content = records.photo_content(gallery, person_id, sha256)
    headers = {"Cache-Control": "private, no-store"}
    if asked.view == "jpeg":
        return Response(
            jpeg_view(content, limits=photo_limits(desk.settings)), headers=headers, media_type="image/jpeg"
        )
    kept = next((kept for kept in records.person(gallery, person_id).photos if kept.sha256 == sha256.lower()), None)
    if kept is None:
        raise NotFound(f"person {shown(person_id)} in gallery {shown(gallery)} has no photo {sha256[:12]}...")
    return Response(content, headers=headers, media_type=MEDIA_TYPES.get(kept.format, "application/octet-stream"))


def _person_limits(desk: TheDesk) -> UploadLimits:
    return UploadLimits(
        desk.settings.max_photo_bytes, MOST_PHOTOS, names=(UPDATE, ANYWAY, TAKEN_ON, *FIELDS), alone=False
    )


def _person(upload: Upload) -> Person:
    fields = {name: upload.one(name) for name in FIELDS}
    fields["gallery"] = fields["gallery"] or "main"
    return read_person(fields, today=_today())


def _today() -> date:
    """The latest date that it is anywhere on Earth, as the gallery counts."""
    return (utc_now() + timedelta(hours=14)).date()


def _enrolled(
    matcher: Matcher, person: Person, upload: Upload, *, update: bool, keep_photos: bool, anyway: bool,
    taken_on: Sequence[str],
) -> Enrolled:  # fmt: skip
    contents = [photo.content for photo in upload.photos]
    return matcher.enroll(person, contents, keep_photos=keep_photos, anyway=anyway, update=update, taken_on=taken_on)


def _refused(photo: UploadedPhoto, place: int, prepared: PreparedPhoto) -> RefusedPhotoOut:
    code, reason = why_refused(prepared)
    return RefusedPhotoOut(photo=photo.name or str(place + 1), code=code, reason=_WHY.get(prepared.state, reason))
