"""How long a person is kept, all that is kept of them, and single photos that go."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from api.deps import TheDesk, TheGallery
from api.paging import PageAsked, page_of
from api.routes import described
from api.routes.gallery_terms import GalleryName
from api.routes.persons import Digest, InGallery, PersonId
from api.wire_quality import Wire
from matcher.keeping import MOST_DAYS, hold, release, set_rule
from matcher.person import checked_gallery, checked_person_id
from matcher.person_export import person_archive
from matcher.records import retaining
from matcher.retention import due

router = APIRouter(prefix="/v1", tags=["retention"])


class HoldIn(Wire):
    """Why a person is kept."""

    reason: str = Field(min_length=1, max_length=1000, description="by what order, and whose")


class HoldOut(Wire):
    """A person who can be neither purged nor removed, nor lose a photo."""

    gallery: str
    person_id: str
    reason: str
    since: int = Field(description="seconds since 1970, UTC")


class HoldsOut(Wire):
    """A page of holds, by gallery and person."""

    holds: tuple[HoldOut, ...]
    next: str = Field(description="the cursor of the next page; empty where this is the last")


class RuleIn(Wire):
    """After how many days without a change people are purged."""

    days: int | None = Field(ge=1, le=MOST_DAYS, description="null: never")


class RuleOut(Wire):
    """A gallery's rule."""

    gallery: str
    days: int | None


class RulesOut(Wire):
    """A page of the galleries that have a rule, by name, and how many people a purge would remove now from all."""

    rules: tuple[RuleOut, ...]
    due: int
    next: str = Field("", description="the cursor of the next page; empty where this is the last")


class DueOut(Wire):
    """Somebody whose time is over."""

    gallery: str
    person_id: str


class DueListOut(Wire):
    """A page of whom a purge would remove now."""

    due: tuple[DueOut, ...]
    next: str


@router.delete(
    "/persons/{person_id}/photos/{sha256}", summary="Remove a photo", status_code=204,
    responses=described.errors(404, 409, 422, 503),
)  # fmt: skip
def remove_photo(
    records: TheGallery, person_id: PersonId, sha256: Digest, where: Annotated[InGallery, Query()]
) -> None:
    """Remove one photo of a person, with the templates made of it."""
    records.remove_photo(where.gallery, person_id, sha256)


@router.get(
    "/persons/{person_id}/export",
    summary="Everything about a person",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}}, "description": "a ZIP"}, **described.errors(404, 422, 503)},
)
def export(desk: TheDesk, person_id: PersonId, where: Annotated[InGallery, Query()]) -> Response:
    """Fields, photos, templates, a hold, and every entry of the audit that names the person, for that person alone."""
    content = person_archive(desk.database, where.gallery, person_id)
    headers = {"Cache-Control": "private, no-store", "Content-Disposition": 'attachment; filename="person.zip"'}
    return Response(content, headers=headers, media_type="application/zip")


@router.put("/persons/{person_id}/hold", summary="Hold a person", responses=described.errors(404, 409, 422, 503))
def keep(desk: TheDesk, person_id: PersonId, where: Annotated[InGallery, Query()], given: HoldIn) -> HoldOut:
    """Keep a person with every photo, whatever the rules say, until the hold is released."""
    key = checked_gallery(where.gallery), checked_person_id(person_id)
    return _hold_out(hold(desk.database, key, given.reason))


@router.delete("/persons/{person_id}/hold", summary="Release a person", status_code=204,
               responses=described.errors(404, 422, 503))  # fmt: skip
def let_go(desk: TheDesk, person_id: PersonId, where: Annotated[InGallery, Query()]) -> None:
    """End a hold; the gallery's rule counts again."""
    release(desk.database, (checked_gallery(where.gallery), checked_person_id(person_id)))


@router.get("/retention", summary="How long people are kept", responses=described.errors(422, 503))
def rules(desk: TheDesk, asked: Annotated[PageAsked, Query()]) -> RulesOut:
    """The galleries' rules. People are removed by a purge."""
    with desk.database.reading() as connection:
        found = retaining.rules(connection)
    page, following = page_of(found, asked, lambda rule: rule.gallery)
    return RulesOut(
        rules=tuple(RuleOut(gallery=rule.gallery, days=rule.days) for rule in page),
        due=len(due(desk.database, now=datetime.now(UTC))),
        next=following,
    )


@router.get("/retention/holds", summary="Who is held", responses=described.errors(422, 503))
def holds(desk: TheDesk, asked: Annotated[PageAsked, Query()]) -> HoldsOut:
    """Everybody who is kept for the law's sake."""
    with desk.database.reading() as connection:
        found = retaining.holds(connection)
    page, following = page_of(found, asked, lambda one: f"{one.gallery}/{one.person_id}")
    return HoldsOut(holds=tuple(map(_hold_out, page)), next=following)


@router.get("/retention/due", summary="Whose time is over", responses=described.errors(422, 503))
def waiting(desk: TheDesk, asked: Annotated[PageAsked, Query()]) -> DueListOut:
    """Whom a purge would remove now."""
    page, following = page_of(due(desk.database, now=datetime.now(UTC)), asked, "/".join)
    return DueListOut(due=tuple(DueOut(gallery=key[0], person_id=key[1]) for key in page), next=following)


@router.put("/galleries/{name}/retention", summary="Set a gallery's rule", responses=described.errors(404, 422, 503))
def rule(desk: TheDesk, name: GalleryName, given: RuleIn) -> RuleOut:
    """After how many days without a change a gallery's people are purged; nobody is removed before a purge."""
    set_rule(desk.database, checked_gallery(name), given.days)
    return RuleOut(gallery=name, days=given.days)


def _hold_out(one: retaining.Hold) -> HoldOut:
    return HoldOut(gallery=one.gallery, person_id=one.person_id, reason=one.reason, since=one.since)
