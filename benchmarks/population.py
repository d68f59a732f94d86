"""Drawn vectors that are spread like real embeddings, at any size, without a person in them.

`population.npz` holds a mixture of a few Gaussians, each fitted to one photo of each of more than five hundred people
and drawn towards the covariance of all, and the covariance of differences between photos of one person. These are
averages over hundreds of people: no one's template can be computed from them.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PARAMETERS = Path(__file__).with_name("population.npz")
COMPONENTS = 6
CHUNK = 50_000
# A component's own covariance counts as much as that of all when it has this many people.
SHRINK = 256

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Population:
    """weights (c,), means (c, d), factors (c, d, d) with factor @ factor.T the covariance; within (d, d) likewise."""

    weights: NDArray[np.float64]
    means: Vectors
    factors: Vectors
    within: Vectors

    @property
    def dimension(self) -> int:
        return int(self.means.shape[1])

    def chunk(self, number: int, count: int = CHUNK) -> Vectors:
        """The first count vectors of a chunk, float32 (count, dimension): the same for the same number."""
        rng = np.random.default_rng([7, number])
        component = rng.choice(len(self.weights), CHUNK, p=self.weights)
        drawn = np.empty((CHUNK, self.dimension), dtype=np.float32)
        for each in range(len(self.weights)):
            mine = np.flatnonzero(component == each)
            noise = rng.standard_normal((len(mine), self.dimension), dtype=np.float32)
            drawn[mine] = noise @ self.factors[each].T + self.means[each]
        return drawn[:count]

    def gallery(self, count: int, *, first: int = 0) -> Vectors:
        """count vectors, chunk after chunk from the first on."""
        vectors = np.empty((count, self.dimension), dtype=np.float32)

        def draw(number: int) -> None:
            start = number * CHUNK
            vectors[start : start + CHUNK] = self.chunk(first + number, min(CHUNK, count - start))

        # Every chunk has its own seed, so that cores may share the drawing.
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            list(threads.map(draw, range(-(-count // CHUNK))))
        return vectors

    def probes(self, vectors: Vectors, seed: int) -> Vectors:
        """Another photo of each of these people: the vector and the difference of two photos of one person."""
        rng = np.random.default_rng([8, seed])
        noise = rng.standard_normal(vectors.shape, dtype=np.float32) @ self.within.T
        return np.asarray(vectors + np.float32(np.sqrt(2)) * noise, dtype=np.float32)


def load() -> Population:
    """The population that ships with the benchmarks."""
    with np.load(PARAMETERS, allow_pickle=False) as stored:
        return Population(
            weights=stored["weights"] / stored["weights"].sum(),
            means=stored["means"].astype(np.float32),
            factors=np.stack([_square(flat) for flat in stored["factors"]]),
            within=_square(stored["within"]),
        )


def fit(people: Vectors, differences: Vectors, path: Path = PARAMETERS) -> None:
    """Fit and write the parameters.

    people: one vector a person, float32 (n, d). differences: of photos of one person from that person's mean, scaled
    by sqrt(m / (m - 1)) for m photos, float32 (n, d).
    """
    label = _clusters(people)
    pooled = np.mean([np.cov(people[label == each].T) for each in range(COMPONENTS)], axis=0)
    counts, means, factors = [], [], []
    for each in range(COMPONENTS):
        mine = people[label == each]
        share = len(mine) / (len(mine) + SHRINK)
        counts.append(len(mine))
        means.append(mine.mean(axis=0))
        factors.append(_flat(share * np.cov(mine.T) + (1 - share) * pooled))
    np.savez_compressed(
        path,
        weights=np.array(counts, dtype=np.float64),
        means=np.array(means, dtype=np.float16),
        factors=np.array(factors),
        within=_flat(differences.T @ differences / len(differences)),
    )


def fit_from(data: Path) -> None:
    """Fit to the embeddings of a folder of test data and write the parameters."""
    with np.load(data / "embeddings" / "lfw_dev.npz", allow_pickle=False) as stored:
        vectors, names = stored["dlib"], stored["person"]
    with np.load(data / "embeddings" / "portraits_by_group.npz", allow_pickle=False) as stored:
        portraits = stored["dlib"]
    _, first, person, photos = np.unique(names, return_index=True, return_inverse=True, return_counts=True)
    differences = []
    for each in np.flatnonzero(photos > 1):
        # Four at most, so that no one with many photos dominates.
        mine = vectors[person == each][:4]
        differences.append((mine - mine.mean(axis=0)) * np.sqrt(len(mine) / (len(mine) - 1)))
    fit(np.concatenate([vectors[first], portraits]), np.concatenate(differences).astype(np.float32))


def _clusters(people: Vectors) -> NDArray[np.int64]:
    import faiss

    means = faiss.Kmeans(people.shape[1], COMPONENTS, niter=50, seed=3)
    means.train(people)
    return np.asarray(means.index.search(people, 1)[1][:, 0], dtype=np.int64)


def _flat(covariance: NDArray[np.floating]) -> NDArray[np.float16]:
    """The lower triangle of the Cholesky factor."""
    dimension = len(covariance)
    factor = np.linalg.cholesky(covariance + 1e-7 * np.eye(dimension))
    return factor[np.tril_indices(dimension)].astype(np.float16)


def _square(flat: NDArray[np.float16]) -> Vectors:
    dimension = int((np.sqrt(8 * len(flat) + 1) - 1) / 2)
    factor = np.zeros((dimension, dimension), dtype=np.float32)
    factor[np.tril_indices(dimension)] = flat
    return factor
