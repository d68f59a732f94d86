"""The index of a live home to a server and back: built beside the one in use, compared with it, then searched instead.

Records are the truth on either side, and both indexes follow their change log, so nobody has to stop writing: whatever
is enrolled or removed during a move is in both. A process that runs meanwhile goes on with the index that it has
opened, which stays in step, and uses the new place from its next start on.

Errors::

    MatcherError (matcher/errors.py)
    `-- MoveRefused    the new index does not hold or find what it must
"""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.base import Hits, Ids, UnknownId, VectorIndex, Vectors
from matcher.audit.chain import append
from matcher.audit.entry import Action, Entry
from matcher.engines.base import EngineSpec
from matcher.errors import AlreadyThere, MatcherError, NotFound
from matcher.faces import EngineKey
from matcher.following import Follower, IndexSource
from matcher.index_opening import index_source, local_source
from matcher.index_place import address_of, on_server, placement_of
from matcher.records import feed, placing
from matcher.records.database import Database
from matcher.records.placing import LOCAL
from matcher.settings import Settings

SAMPLE = 200
_SPARE = 20
DEPTH = 20
_SAME = 1e-2
# Of two ways to compute one distance, one of them from vectors that were rotated or kept in 16 bits.
_ROUNDING = 2e-3
_TRIES = 100

Told = Callable[[int, int], None]
"""Told how many entries of how many were written."""


class MoveRefused(MatcherError):
    """The new index does not hold or find what it must; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move found. templates: in the records; entries: in the new index, at the same position.

    searched: sampled templates; found: those that are there with their own vector. recall: share of the 20 nearest of
    each sampled template, known from both indexes, that the new one found.
    """

    place: str
    before: str
    position: int
    templates: int
    entries: int
    searched: int
    found: int
    recall: float


def destination(settings: Settings, database: Database, to: str | None) -> str:
    """The place that `to` names: a URL, `local`, or with None where the index was before the last move.

    Raises BadSetting, NotFound where there was no move, AlreadyThere where the index is there.
    """
    now = placement_of(database)
    if to is None:
        if now.before is None:
            raise NotFound("the index was not moved, or what it left is discarded: there is no way back; name a place")
        return now.before
    place = LOCAL if to == "local" else str(address_of(settings, to))
    if place == now.place:
        raise AlreadyThere(f"the index is there already: {shown(place)}")
    if now.before not in (None, place):
        raise AlreadyThere(
            f"an index was left {shown(now.before or LOCAL)} by the last move; return to it, or remove it with matcher "
            "gallery move --discard first"
        )
    return place


def shown(place: str) -> str:
    """The place for people."""
    return place if place != LOCAL else "in the home"


def move(
    settings: Settings,
    database: Database,
    spec: EngineSpec,
    place: str,
    *,
    chance: random.Random,
    told: Told = lambda _done, _all: None,
) -> Moved:
    """Build the index in this place, or bring it in step there, compare it, and let searches look in it from then on.

    Killed at any moment, searches look where they did, and the next call goes on. Raises MoveRefused where the new
    index is not fit, IndexUnavailable, IndexFault or RecordsError.
    """
    with database.reading() as connection:
        expected = feed.count(connection, spec.key)
    written = 0

    def counted(added: int) -> None:
        nonlocal written
        written += added
        told(min(written, expected), expected)

    def there() -> IndexSource:
        if place == LOCAL:
            return local_source(settings, database, spec, expecting=expected)
        return on_server(settings, database, spec.key, spec.dimension, place, told=counted)

    old = Follower(database, spec.key, spec.dimension, index_source(settings, database, spec))
    try:
        new = Follower(database, spec.key, spec.dimension, there())
        try:
            moved = _compared(database, spec.key, old, new, place, before=placement_of(database).place, chance=chance)
        finally:
            new.close()
    finally:
        old.close()
    _refuse_unfit(moved, settings.recall)
    with database.writing() as connection:
        placing.switch(connection, place, recall=moved.recall)
        details = {"index_place": [shown(moved.before), shown(place)], "templates": moved.templates}
        append(connection, Entry(Action.SETTING_CHANGED, (), details))
    return moved


def recall_between(new: Hits, old: Hits, depth: int) -> float:
    """The share of the nearest that the new index found; hits of the same queries from both, `depth` asked of each.

    What is nearest is known from both together: whatever one of them found counts for the other. Equals may come in
    any order. 1 where there is nothing to find.
    """
    found = wanted = 0
    for new_ids, new_distances, old_ids, old_distances in zip(
        new.ids, new.distances, old.ids, old.distances, strict=True
    ):
        known = dict(zip(old_ids.tolist(), old_distances.tolist(), strict=True))
        known |= dict(zip(new_ids.tolist(), new_distances.tolist(), strict=True))
        known.pop(-1, None)
        nearest = sorted(known.values())[:depth]
        wanted += len(nearest)
        if nearest:
            limit = nearest[-1] + _ROUNDING
            found += min(len(nearest), int(((new_ids >= 0) & (new_distances <= limit)).sum()))
    return found / wanted if wanted else 1.0


def _compared(
    database: Database,
    engine: EngineKey,
    old: Follower,
    new: Follower,
    place: str,
    *,
    before: str,
    chance: random.Random,
) -> Moved:
    position, templates, entries = _counted(database, engine, new)
    with database.reading() as connection:
        everyone = feed.template_ids(connection, engine)
        numbers = sorted(chance.sample(everyone.tolist(), min(SAMPLE, len(everyone))))
        sampled = feed.entries(connection, engine, new.dimension, numbers)
    if not len(sampled):
        return Moved(place, before, position, templates, entries, 0, 0, 1.0)
    # The old one first: what is added meanwhile can't seem to be missing in the new one. Deeper than what is compared:
    # who is there for one of the searches only takes no place from others.
    hits = [follower.settled(lambda index: index.search(sampled.vectors, DEPTH + _SPARE)) for follower in (old, new)]
    there = _kept(new, sampled.ids, sampled.vectors)
    with database.reading() as connection:
        known = np.unique(np.concatenate([sampled.ids, *(one.ids.ravel() for one in hits)]))
        # Who was removed meanwhile is rightly gone.
        still = feed.entries(connection, engine, new.dimension, known[known >= 0].tolist()).ids
    recall = recall_between(_only(hits[1], still), _only(hits[0], still), DEPTH)
    searched = np.isin(sampled.ids, still)
    return Moved(
        place, before, position, templates, entries, int(searched.sum()), int((there & searched).sum()), recall
    )


def _only(hits: Hits, ids: Ids) -> Hits:
    """The hits without those whose ids are not among these."""
    kept = np.isin(hits.ids, ids)
    return Hits(np.where(kept, hits.ids, -1), np.where(kept, hits.distances, np.float32(np.inf)).astype(np.float32))


def _counted(database: Database, engine: EngineKey, new: Follower) -> tuple[int, int, int]:
    """The position at which both were counted, the records' templates and the index's entries."""
    for _ in range(_TRIES):
        with new.held() as (index, position), database.reading() as connection:
            templates, entries = feed.count(connection, engine), len(index)
            # Otherwise somebody wrote in between, and the counts are of two moments.
            if feed.log_range(connection).latest == position:
                break
    return position, templates, entries


def _kept(new: Follower, ids: Ids, vectors: Vectors) -> NDArray[np.bool_]:
    """Which of these entries a search in the new index finds, with their own vectors: bool (n,)."""

    def look(index: VectorIndex) -> NDArray[np.bool_]:
        found = index.search(vectors, DEPTH)
        kept = np.isin(ids, found.ids.ravel())
        away = index.vectors(ids[kept]) - vectors[kept]
        kept[kept] = np.linalg.norm(away, axis=1) <= _SAME
        return kept

    for _ in range(_TRIES):
        # Unknown is who was removed between the two questions.
        with suppress(UnknownId):
            return new.settled(look)
    raise MoveRefused("people are removed faster than the new index can be compared; run the same command again")


def _refuse_unfit(moved: Moved, recall: float) -> None:
    if moved.entries != moved.templates:
        raise MoveRefused(
            f"the new index holds {moved.entries:,} entries, the records {moved.templates:,} templates; run the same "
            "command again"
        )
    if moved.found < recall * moved.searched:
        raise MoveRefused(
            f"only {moved.found} of {moved.searched} sampled templates are found in the new index with their own "
            "vectors; search wider there (search.ef, search.nprobe in the URL), or use index=FLAT"
        )
    if moved.recall < recall:
        raise MoveRefused(
            f"the new index finds {moved.recall:.4f} of the {DEPTH} nearest, and {recall} is asked for; search wider "
            "there (search.ef, search.nprobe or wider in the URL), or use index=FLAT"
        )
