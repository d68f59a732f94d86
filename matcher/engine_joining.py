"""Two engines become one: the weight at which both count the same, and the manifest of the joined engine."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matcher.engines.brought.manifest import Joined, Part
from matcher.engines.brought.shelf import Shelf
from matcher.engines.opening import engine_spec
from matcher.errors import BadEngine, OutsideCalibration
from matcher.scoring.cohort import LARGEST_COHORT, tails
from matcher.scoring.fusion import balance
from matcher.scoring.learning import LEAST_ALONE
from matcher.scoring.likeness import unit


@dataclass(frozen=True, slots=True)
class Weight:
    """Of the first engine's unit template against the second's. origin: where it is from, in words."""

    value: float
    origin: str


def join_engines(home: Path, name: str, parts: tuple[str, str], weight: Weight, *, today: str) -> Joined:
    """Keep a joined engine of two engines of the home or of the program; raises BadEngine, EngineUnavailable."""
    shelf = Shelf(home)
    specs = [engine_spec(part, home=home) for part in parts]
    for spec in specs:
        if spec.parts:
            raise BadEngine(f"{spec.id} is joined itself; join engines that are not")
    first, second = (Part(spec.id, spec.version, spec.dimension) for spec in specs)
    joined = Joined(name, weight.origin, today, (first, second), weight.value)
    shelf.keep(joined)
    return joined


def balanced(first: NDArray[np.float32], second: NDArray[np.float32], *, origin: str) -> Weight:
    """The weight at which one step of either engine's score moves the joined one equally.

    first, second: float32 (people, d), a vector of each of the same people under either engine, one photo a person.
    Raises OutsideCalibration below 60 people.
    """
    if len(first) != len(second):
        raise ValueError(
            f"{len(first)} vectors of one engine and {len(second)} of the other; give one of each a person"
        )
    if len(first) < LEAST_ALONE:
        raise OutsideCalibration(
            f"both engines found faces of {len(first)} people; to weigh them, {LEAST_ALONE} are needed: give more "
            "photos, or a weight"
        )
    codes = np.arange(min(len(first), LARGEST_COHORT), dtype=np.int64)
    sides = [unit(vectors[: len(codes)]) for vectors in (first, second)]
    weight = balance(*(tails(side, side, codes, codes) for side in sides))
    return Weight(round(weight, 4), f"{origin}, {len(codes):,} people")
