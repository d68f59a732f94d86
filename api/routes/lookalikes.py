"""People of a gallery who are more alike than chance allows, and photos unlike their person's others."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from api.deps import Desk, TheDesk, TheMatcher
from api.routes import described
from api.routes.gallery_terms import GalleryName
from api.wire_quality import Wire
from matcher.audit.searches import audited_entries
from matcher.gallery_audit import AuditTally, Pair, Stray, audit
from matcher.pipeline import Matcher
from matcher.records.values import PersonKey

router = APIRouter(prefix="/v1", tags=["galleries"])
_MOST = 2_048


class PartAsked(Wire):
    """Which people are looked at, and how unlikely a pair must be."""

    expected: float = Field(1.0, ge=0, le=1000, description="pairs are listed of which chance would bring so many")
    limit: int = Field(256, ge=1, le=_MOST, description="people who are searched for, about; each takes milliseconds")
    cursor: int = Field(-1, ge=-1, le=2**53, description="`next` of the part before; none for the first")


class WhoOut(Wire):
    gallery: str
    person_id: str


class PairOut(Wire):
    """Two people so alike that their photos should be compared."""

    one: WhoOut
    other: WhoOut
    score: float
    expected: float = Field(description="how many pairs as alike a gallery of this size would hold among strangers")


class StrayOut(Wire):
    """Somebody of whom one photo is unlike the others."""

    person: WhoOut
    photos: int
    score: float
    agreement: str


class LookalikesOut(Wire):
    """What was found in a part of the gallery."""

    people: int = Field(description="who were searched for in this part")
    pairs: tuple[PairOut, ...]
    strays: tuple[StrayOut, ...]
    next: int | None = Field(description="the cursor of the next part; null where this is the last")


class _Enough(Exception):
    """So many were looked at as were asked for."""


@router.post(
    "/galleries/{name}/lookalikes", summary="Look through a gallery", responses=described.errors(404, 422, 503)
)
async def lookalikes(
    desk: TheDesk, matcher: TheMatcher, name: GalleryName, asked: Annotated[PartAsked, Query()]
) -> LookalikesOut:
    """One person under two ids, look-alikes, and photos of somebody else; a part of the gallery at a time. Whom it
    names is recorded; nothing is changed."""
    return await _looked(desk, matcher, name, asked)


@router.post("/lookalikes", summary="Look through all galleries", responses=described.errors(422, 503))
async def among_all(desk: TheDesk, matcher: TheMatcher, asked: Annotated[PartAsked, Query()]) -> LookalikesOut:
    """The same of everybody: also one person in two galleries."""
    return await _looked(desk, matcher, None, asked)


async def _looked(desk: Desk, matcher: Matcher, name: str | None, asked: PartAsked) -> LookalikesOut:
    tally = AuditTally(last=asked.cursor)

    def enough(done: int, _total: int) -> None:
        if done >= asked.limit:
            raise _Enough

    def look() -> bool:
        try:
            audit(matcher.gallery, matcher.scorer, name, expected=asked.expected, tally=tally, progress=enough)
        except _Enough:
            return False
        return True

    is_whole = await desk.work(look)
    found = tally.audit()
    await desk.work(lambda: matcher.gallery.trail.record(*audited_entries(found, name)))
    return LookalikesOut(
        people=found.people,
        pairs=tuple(map(_pair_out, found.pairs)),
        strays=tuple(map(_stray_out, found.strays)),
        next=None if is_whole else tally.last,
    )


def _pair_out(pair: Pair) -> PairOut:
    return PairOut(one=_who_out(pair.one), other=_who_out(pair.other), score=pair.score, expected=pair.expected)


def _stray_out(stray: Stray) -> StrayOut:
    return StrayOut(
        person=_who_out(stray.person), photos=stray.photos, score=stray.score, agreement=stray.agreement.value
    )


def _who_out(key: PersonKey) -> WhoOut:
    return WhoOut(gallery=key[0], person_id=key[1])
