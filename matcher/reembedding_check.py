"""Is the new engine fit to serve? Its index against the records, and searches whose answers are known.

Errors::

    MatcherError (matcher/errors.py)
    `-- SwitchRefused    too many photos would not be found any more, or the new index does not answer as it must
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matcher.audit.chain import append
from matcher.build import open_gallery, with_engine
from matcher.checking import Problem
from matcher.errors import MatcherError
from matcher.faces import EngineKey
from matcher.gallery import Gallery
from matcher.records import feed, moving, reading, serving
from matcher.records.database import Database
from matcher.records.moving import Progress
from matcher.records.serving import name_of
from matcher.records.values import PersonKey
from matcher.reembedding import engines_entry
from matcher.scoring.likeness import unit
from matcher.settings import Settings

SAMPLE = 200
_DEPTH = 50
# Of templates that are searched for with themselves; an index on disk is measured to miss fewer.
_FOUND_AT_LEAST = 0.99
_SAME = 1e-2


class SwitchRefused(MatcherError):
    """The new engine would not find what the old one finds; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look at the new engine's index gave.

    searched, found: templates looked up with themselves. mated: people with several photos among them; first_before,
    first_now: how many of those come first when one of their photos is searched, with the old and the new engine.
    """

    problems: tuple[Problem, ...]
    searched: int
    found: int
    mated: int
    first_before: int
    first_now: int


def check(settings: Settings, database: Database, to: EngineKey, *, chance: random.Random) -> Checked:
    """Build the new engine's index beside the old one, compare it with the records, and search it.

    settings: with the serving engine. Raises RecordsError, IndexFault or EngineUnavailable.
    """
    with open_gallery(with_engine(settings, name_of(to))) as new, open_gallery(settings) as old:
        problems = new.check()
        with database.reading() as connection:
            everyone = feed.template_ids(connection, to)
            numbers = sorted(chance.sample(everyone.tolist(), min(SAMPLE, len(everyone))))
            sampled = feed.entries(connection, to, new.dimension, numbers)
            people = sorted({(one.gallery, one.person_id) for one in reading.origins(connection, numbers).values()})
        hits = new.search_many(sampled.vectors, 1) if len(sampled) else ()
        # An earlier version of the same engine can't be opened any more, and is not compared with.
        mated = [key for key in people if old.engine != to and _photos(new, key) > 1 and _photos(old, key) > 1]
        return Checked(
            problems,
            searched=len(sampled),
            found=sum(bool(nearest) and nearest[0].distance < _SAME for nearest in hits),
            mated=len(mated),
            first_before=_come_first(old, mated),
            first_now=_come_first(new, mated),
        )


def refuse_unfit(checked: Checked) -> None:
    """Raises SwitchRefused where the index does not hold or find what it must."""
    if checked.problems:
        raise SwitchRefused(f"the new index and the records differ: {checked.problems[0].message}")
    if checked.found < _FOUND_AT_LEAST * checked.searched:
        raise SwitchRefused(
            f"only {checked.found} of {checked.searched} sampled templates were found with themselves; run matcher "
            "index rebuild with the new --engine, then try again"
        )


def switch(database: Database, to: EngineKey, *, at_most: float) -> Progress:
    """Let the engine beside serve from the next search on; how things stood before.

    at_most: the share of photos, 0 to 1, that may be lost to searches. Raises SwitchRefused or EngineMismatch.
    """
    with database.writing() as connection:
        before = moving.switch(connection, to)
        if before.lacking > at_most * before.photos:
            share = before.lacking / before.photos
            raise SwitchRefused(
                f"{before.lacking} of {before.photos} photos ({share:.2%}) have no template of {to} and would not be "
                f"found any more; enroll them again, or accept it with --at-most {share + 0.0005:.3f}"
            )
        append(connection, engines_entry("switched", serving.engines(connection), lacking=before.lacking))
        return before


def _photos(gallery: Gallery, key: PersonKey) -> int:
    return sum(len(vectors) for vectors in gallery.vectors_by_person([key]).values())


def _come_first(gallery: Gallery, people: Sequence[PersonKey]) -> int:
    """How many of these people are found first, by another photo, when their first photo is searched."""
    if not people:
        return 0
    vectors = gallery.vectors_by_person(people)
    present = [key for key in people if key in vectors]
    probes = unit(np.stack([vectors[key][0] for key in present]))
    count = 0
    for key, hits in zip(present, gallery.search_many(probes, _DEPTH), strict=True):
        # The photo itself lies at no distance at all.
        others = [hit for hit in hits if hit.distance >= _SAME or (hit.gallery, hit.person_id) != key]
        count += bool(others) and (others[0].gallery, others[0].person_id) == key
    return count
