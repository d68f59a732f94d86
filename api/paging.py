"""A page of what is listed: how much of it, and where it begins."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from pydantic import Field

from api.wire_quality import Wire
from matcher.errors import BadField

MOST_LISTED = 1000
_One = TypeVar("_One")


class PageAsked(Wire):
    """Which page is wanted."""

    limit: int = Field(100, ge=1, le=MOST_LISTED)
    cursor: str = Field("", max_length=256, description="`next` of the page before; empty for the first")


def page_of(found: Sequence[_One], asked: PageAsked, key: Callable[[_One], str]) -> tuple[tuple[_One, ...], str]:
    """A page of a list that is known whole, and the cursor of the next one: the key of the page's last, each key once.

    Raises BadField for a cursor of something that is not, or no longer, listed.
    """
    start = 0
    if asked.cursor:
        place = next((place for place, one in enumerate(found) if key(one) == asked.cursor), None)
        if place is None:
            raise BadField("cursor", "cursor is not the `next` of a page of this list as it is now; begin without one")
        start = place + 1
    page = tuple(found[start : start + asked.limit])
    more = start + len(page) < len(found)
    return page, key(page[-1]) if more and page else ""
