"""Templates of nobody, for tests of scores: drawn from the shipped population, with further photos by added noise."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from matcher.scoring import shipped
from matcher.scoring.calibration import Calibration
from matcher.scoring.cohort import choose_cohort
from matcher.scoring.learning import learn
from matcher.scoring.likeness import Floats, Vectors, similarities, unit
from matcher.scoring.normaliser import Normaliser
from matcher.scoring.population import Population

ENGINE = "dlib-resnet@2"


@lru_cache(maxsize=1)
def population() -> Population:
    return shipped.population(ENGINE)


@lru_cache(maxsize=1)
def calibration() -> Calibration:
    return shipped.calibration(ENGINE)


def strangers(count: int, *, seed: int) -> Vectors:
    return population().draw(count, seed=seed)


def another_photo(vectors: Vectors, *, seed: int, change: float = 0.28) -> Vectors:
    """Further photos of the same people; change: the distance from the first photo, about that of press photos."""
    noise = np.random.default_rng(seed).standard_normal(vectors.shape) @ population().factor.T
    noise *= change / np.linalg.norm(noise, axis=1, keepdims=True)
    return unit(vectors + noise)


def normaliser(vectors: Vectors, codes: NDArray[np.int64], *, shipped_too: bool = True) -> Normaliser:
    chosen = choose_cohort(codes)
    known = population() if shipped_too else None
    return learn(vectors[chosen], codes[chosen], people=len(codes), population=known)


def score(probes: Vectors, vectors: Vectors, codes: NDArray[np.int64], *, shipped_too: bool = True) -> Floats:
    """The scores of probes against a gallery, (probes, people), in the gallery's order."""
    made = normaliser(vectors, codes, shipped_too=shipped_too)
    tails = made.templates(vectors, codes)
    return made.probes(probes).scores(similarities(probes, vectors), tails, codes)
