"""Two engines become one: the weight at which both count the same, and the manifest of the joined engine."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matcher.build import engine_cache, open_gallery, photo_limits
from matcher.engine_choice import has_records
from matcher.engines.base import Engine, EngineSpec
from matcher.engines.brought.manifest import Joined, Part, checked_name
from matcher.engines.brought.shelf import Shelf
from matcher.engines.opening import engine_spec, open_joined
from matcher.errors import BadEngine, NotFound, OutsideCalibration
from matcher.gallery import Gallery
from matcher.preparing import prepare
from matcher.records.values import PersonKey
from matcher.scoring.cohort import tails
from matcher.scoring.fusion import balance
from matcher.scoring.learning import LEAST_ALONE
from matcher.scoring.likeness import unit
from matcher.settings import Settings

MOST_PEOPLE = 500
"""The weight of 400 to 1,100 people differs by 4 %, which changes no rate noticeably."""


@dataclass(frozen=True, slots=True)
class Weight:
    """Of the first engine's unit template against the second's. origin: where it is from, in words."""

    value: float
    origin: str


def joinable(home: Path, name: str, parts: tuple[str, str]) -> tuple[EngineSpec, EngineSpec]:
    """What would be joined under this name; raises BadEngine where it can't be, EngineUnavailable."""
    if Shelf(home).has(checked_name(name)):
        raise BadEngine(f"there is an engine {name} already; remove it first, or choose another name")
    first, second = (engine_spec(part, home=home) for part in parts)
    for spec in (first, second):
        if spec.parts:
            raise BadEngine(f"{spec.id} is joined itself; join engines that are not")
    return first, second


def join_engines(home: Path, name: str, parts: tuple[str, str], weight: Weight, *, today: str) -> Joined:
    """Keep a joined engine of two engines of the home or of the program; raises BadEngine, EngineUnavailable."""
    joined = _joined(name, joinable(home, name, parts), weight, today)
    Shelf(home).keep(joined)
    return joined


def weigh(settings: Settings, parts: tuple[str, str], photos: Iterable[bytes], *, origin: str) -> Weight:
    """The weight at which both engines count the same, from one photo each of different people.

    At most 500 photos are looked at. Raises OutsideCalibration where faces are found in fewer than 60.
    """
    specs = joinable(settings.home, "weighing", parts)
    engine = open_joined(
        _joined("weighing", specs, Weight(1.0, ""), ""),
        cache=engine_cache(settings),
        precision=settings.precision,
        threads=settings.threads,
        home=settings.home,
    )
    vectors = list(_vectors(engine, photos, settings))
    together = np.stack(vectors) if vectors else np.zeros((0, engine.spec.dimension), np.float32)
    border = specs[0].dimension
    return balanced(together[:, :border], together[:, border:], origin=origin)


def balanced(first: NDArray[np.float32], second: NDArray[np.float32], *, origin: str) -> Weight:
    """The weight at which one step of either engine's score moves the joined one equally.

    first, second: float32 (people, d), a vector of each of the same people under either engine, one photo a person.
    Raises OutsideCalibration below 60 people.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} vectors of one engine, {len(second)} of the other; give one of each a person")
    if len(first) < LEAST_ALONE:
        raise OutsideCalibration(
            f"faces of {len(first)} people were found; to weigh two engines {LEAST_ALONE} are needed: give more photos "
            "with --photos, or a weight with --weight"
        )
    codes = np.arange(len(first), dtype=np.int64)
    sides = [unit(vectors) for vectors in (first, second)]
    weight = balance(*(tails(side, side, codes, codes) for side in sides))
    return Weight(round(weight, 4), f"balanced on {origin}, {len(codes):,} people")


def own_photos(settings: Settings) -> Iterator[bytes]:
    """One kept photo each of people in the home's galleries; none where there are no records yet."""
    if not has_records(settings):
        return
    with open_gallery(settings) as gallery:
        for key in gallery.person_keys():
            content = _kept_photo(gallery, key)
            if content:
                yield content


def _kept_photo(gallery: Gallery, key: PersonKey) -> bytes:
    """A person's first photo that is kept; empty where there is none."""
    try:
        kept = [photo for photo in gallery.person(*key).photos if photo.has_content]
        return gallery.photo_content(*key, kept[0].sha256) if kept else b""
    except NotFound:
        # Removed while this looked.
        return b""


def _vectors(engine: Engine, photos: Iterable[bytes], settings: Settings) -> Iterator[NDArray[np.float32]]:
    limits = photo_limits(settings)
    for _, data in zip(range(MOST_PEOPLE), photos, strict=False):
        template = prepare(engine, data, limits=limits).template
        if template is not None:
            yield template.vector


def _joined(name: str, specs: tuple[EngineSpec, EngineSpec], weight: Weight, today: str) -> Joined:
    first, second = (Part(spec.id, spec.version, spec.dimension) for spec in specs)
    return Joined(name, weight.origin, today, (first, second), weight.value)
