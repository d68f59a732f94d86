"""What the galleries hold: their sizes, and their people page by page."""

import base64
import binascii
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from api.deps import TheGallery
from api.paging import PageAsked, page_of
from api.routes import described
from api.wire import ListedPersonOut, listed_person_out
from api.wire_quality import Wire
from matcher.errors import BadField

router = APIRouter(prefix="/v1", tags=["persons"])
MOST_LISTED = 1000
_CURSOR = "cursor"


class GalleryOut(Wire):
    """A gallery and how much it holds."""

    name: str
    people: int
    photos: int


class GalleriesOut(Wire):
    """A page of galleries, by name."""

    galleries: tuple[GalleryOut, ...]
    next: str = Field("", description="the cursor of the next page; empty where this is the last")


class PeopleAsked(Wire):
    """Which page of which gallery is wanted."""

    gallery: str = Field("main", description="the gallery whose people are listed")
    limit: int = Field(100, ge=1, le=MOST_LISTED, description="people on a page")
    cursor: str = Field("", max_length=1024, description="`next` of the page before; empty for the first")


class PeopleOut(Wire):
    """A page of a gallery's people, in the order of their ids."""

    persons: tuple[ListedPersonOut, ...]
    next: str = Field(description="the cursor of the next page; empty where this is the last")


@router.get("/galleries", summary="The galleries and their sizes", responses=described.errors(422, 503))
def galleries(records: TheGallery, asked: Annotated[PageAsked, Query()]) -> GalleriesOut:
    """Every gallery with the number of its people and photos, in the order of the names."""
    page, following = page_of(list(records.state().galleries.items()), asked, lambda one: one[0])
    found = tuple(GalleryOut(name=name, people=size.people, photos=size.photos) for name, size in page)
    return GalleriesOut(galleries=found, next=following)


@router.get("/persons", summary="The people of a gallery", responses=described.errors(404, 422, 503))
def people(records: TheGallery, asked: Annotated[PeopleAsked, Query()]) -> PeopleOut:
    """A gallery's people, a page at a time: give `next` of one page as `cursor` of the following one.

    People who are added or removed meanwhile are on the page where their id belongs, if that is still to come; nobody
    else is left out or listed twice.
    """
    # One more than asked for tells whether there is another page.
    found = records.people(asked.gallery, after=_after(asked.cursor), limit=asked.limit + 1)
    page = found[: asked.limit]
    more = len(found) > len(page)
    return PeopleOut(
        persons=tuple(listed_person_out(entry) for entry in page),
        next=_cursor(page[-1].person.person_id) if more else "",
    )


def _cursor(person_id: str) -> str:
    return base64.urlsafe_b64encode(person_id.encode()).decode("ascii")


def _after(cursor: str) -> str:
    try:
        return base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True).decode("utf-8")
    except (UnicodeError, binascii.Error) as exc:
        raise BadField(_CURSOR, "cursor is not the `next` of a page; begin without one") from exc
