"""A population without people: a mixture that draws templates of nobody, so that scores mean something from day one.

It holds cluster means, cluster weights and widths, and one covariance of the differences from those means. Each cluster
averages over at least `LEAST_IN_CLUSTER` people, so no person's template is in it. The drawn templates serve
as a cohort: the tails they give to people who were not in the fit are as near to the tails from a real cohort as
two real cohorts' are to each other (level: 0.13-0.19 of a spread, real against real 0.14).
"""

import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from matcher.errors import BadSetting
from matcher.scoring.likeness import Vectors, unit

LEAST_IN_CLUSTER = 20
FORMAT = "population/1"


@dataclass(frozen=True, slots=True, repr=False)
class Population:
    """A mixture of normal distributions of unit templates.

    centres: float32 (clusters, d). shares: float32 (clusters,), sum 1. widths: float32 (clusters,), each cluster's
    deviation relative to the common one. factor: float32 (d, d), lower triangular; factor @ factor.T is the common
    covariance. people: how many it was fitted on. engine, description, date: where it is from.
    """

    centres: Vectors
    shares: NDArray[np.float32]
    widths: NDArray[np.float32]
    factor: NDArray[np.float32]
    people: int
    engine: str
    description: str
    date: str

    def __repr__(self) -> str:
        return f"Population({self.engine}, {len(self.shares)} clusters of {self.people} people, {self.date})"

    def draw(self, count: int, *, seed: int = 0) -> Vectors:
        """Unit templates of nobody, float32 (count, d); the same for the same seed."""
        rng = np.random.default_rng(seed)
        shares = self.shares.astype(np.float64)
        clusters = rng.choice(shares.size, size=count, p=shares / shares.sum())
        noise = rng.standard_normal((count, self.centres.shape[1])) @ self.factor.T.astype(np.float64)
        return unit(self.centres[clusters] + self.widths[clusters, None] * noise)

    def to_bytes(self) -> bytes:
        """An .npz file without pickled objects."""
        buffer = BytesIO()
        np.savez_compressed(
            buffer,
            format=np.array(FORMAT),
            people=np.array(self.people),
            engine=np.array(self.engine),
            description=np.array(self.description),
            date=np.array(self.date),
            centres=self.centres,
            shares=self.shares,
            widths=self.widths,
            factor=self.factor,
        )
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read what `to_bytes` wrote; BadSetting for anything else."""
        try:
            with np.load(BytesIO(content), allow_pickle=False) as stored:
                if str(stored["format"]) != FORMAT:
                    raise BadSetting(f"this population is of format {stored['format']}; this program reads {FORMAT}")
                return cls(
                    centres=stored["centres"],
                    shares=stored["shares"],
                    widths=stored["widths"],
                    factor=stored["factor"],
                    people=int(stored["people"]),
                    engine=str(stored["engine"]),
                    description=str(stored["description"]),
                    date=str(stored["date"]),
                )
        except (ValueError, KeyError, OSError, EOFError, BadZipFile, zlib.error) as exc:
            raise BadSetting("this is not a population file, or it is damaged; make it again") from exc


def fit(vectors: Vectors, *, engine: str, description: str, date: str, clusters: int = 48, seed: int = 0) -> Population:
    """A population from one unit template of each person, float32 (people, d); ValueError below 2 d people.

    k-means, then one covariance for all clusters; only means over 20 people or more are kept.
    """
    people, dimension = vectors.shape
    if people < 2 * dimension:
        raise ValueError(
            f"{people} people are too few for a population in {dimension} dimensions; give {2 * dimension}"
        )
    centres, member = _kmeans(vectors.astype(np.float64), clusters, np.random.default_rng(seed))
    counts = np.bincount(member, minlength=len(centres))
    residuals = vectors - centres[member]
    covariance = residuals.T @ residuals / max(people - len(centres), 1)
    common = np.trace(covariance)
    spread = np.bincount(member, weights=(residuals**2).sum(axis=1), minlength=len(centres)) / np.maximum(counts - 1, 1)
    # A covariance of few people has directions that are too narrow; a tenth of it is spread evenly.
    covariance = 0.95 * covariance + 0.05 * common / dimension * np.eye(dimension)
    return Population(
        centres=centres.astype(np.float32),
        shares=(counts / people).astype(np.float32),
        widths=np.sqrt(spread / common).astype(np.float32),
        factor=np.linalg.cholesky(covariance).astype(np.float32),
        people=people,
        engine=engine,
        description=description,
        date=date,
    )


def _kmeans(
    rows: NDArray[np.float64], clusters: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Centres (k, d) and each row's cluster; the smallest cluster is dissolved until all have enough people."""
    clusters = max(1, min(clusters, len(rows) // (2 * LEAST_IN_CLUSTER)))
    centres = rows[rng.choice(len(rows), clusters, replace=False)]
    while True:
        for _ in range(25):
            member = _nearest(rows, centres)
            centres = np.array([rows[member == i].mean(axis=0) for i in np.unique(member)])
        member = _nearest(rows, centres)
        counts = np.bincount(member, minlength=len(centres))
        if counts.min() >= LEAST_IN_CLUSTER:
            return np.array([rows[member == i].mean(axis=0) for i in range(len(centres))]), member
        centres = np.delete(centres, counts.argmin(), axis=0)


def _nearest(rows: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.int64]:
    distances = (centres**2).sum(axis=1) - 2 * rows @ centres.T
    nearest: NDArray[np.int64] = distances.argmin(axis=1).astype(np.int64)
    return nearest
