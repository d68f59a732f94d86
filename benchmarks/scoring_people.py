"""Real people for fitting and judging scores: photos embedded by the present engine, and embeddings made elsewhere.

The portraits of four groups are there as embeddings alone, the mean over four chips, where the engine of today takes
two. On photos that are there both ways the two differ by about 0.06 in length (different people: 0.8 and more) in all
directions; differences drawn with the same covariance are added to the portraits, so that they are spread as the
present engine would have made them.
"""

import csv
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matcher.engines.base import Engine
from matcher.engines.networks import Precision
from matcher.engines.opening import DLIB_RESNET, open_engine
from matcher.preparing import prepare
from matcher.scoring.calibrating import Portfolio
from matcher.scoring.learning import learn
from matcher.scoring.likeness import Vectors, similarities, unit

PRESS, PORTRAITS = "press photos", "portraits nine years apart"
GROUPS = ("AF", "AM", "CF", "CM")
# One person under two names: both engines put the pair this far above strangers, from either side.
_SAME_DEFAULT, _SAME_OTHER = 4.0, 5.0


@dataclass(frozen=True, slots=True, repr=False)
class RealPeople:
    """portfolios: by name, one of each source and group, people coded across all. same: pairs of codes that are one
    person under two names, the smaller first. names: of the codes. groups: the group of each code, "" for none."""

    portfolios: dict[str, Portfolio]
    same: frozenset[tuple[int, int]]
    names: NDArray[np.str_]
    groups: NDArray[np.str_]

    def one_of_each(self, *without: str) -> Vectors:
        """One unit vector of each person, of all portfolios but these."""
        kept = [part for name, part in self.portfolios.items() if name not in without]
        return np.concatenate([part.vectors[np.unique(part.people, return_index=True)[1]] for part in kept])

    def joined(self, name: str, parts: tuple[str, ...]) -> Portfolio:
        """Several portfolios as one."""
        chosen = [self.portfolios[part] for part in parts]
        return Portfolio(
            name,
            np.concatenate([part.vectors for part in chosen]),
            np.concatenate([part.people for part in chosen]),
            np.concatenate([part.enrolled for part in chosen]),
        )


def read_people(data: Path, *, workers: int = 2, seed: int = 0) -> RealPeople:
    """Embed the photos of a folder of test data with the default engine, and bring the embeddings there in line."""
    with np.load(data / "embeddings" / "portraits_by_group.npz", allow_pickle=False) as stored:
        portraits = {name: stored[name] for name in stored.files}
    with np.load(data / "embeddings" / "lfw_dev.npz", allow_pickle=False) as stored:
        press = {name: stored[name] for name in stored.files}
    rows = {name: _read(data / "faces" / f"{name}_open_set.csv") for name in ("lfw", "portraits")}
    made = {name: embedded([data / "faces" / row["photo"] for row in part], workers) for name, part in rows.items()}
    shared = {str(photo): place for place, photo in enumerate(press["photo"])}
    places = np.array([shared[Path(row["photo"]).name] for row in rows["lfw"]])
    moved = portraits["dlib"] + drawn_differences(
        made["lfw"] - press["dlib"][places], len(portraits["dlib"]), seed=seed
    )
    parts = {
        PRESS: (made["lfw"], [row["person_id"] for row in rows["lfw"]], np.ones(len(rows["lfw"]), dtype=np.bool_)),
        PORTRAITS: (
            made["portraits"],
            [row["person_id"] for row in rows["portraits"]],
            np.array([row["role"] == "gallery" for row in rows["portraits"]]),
        ),
    }
    for group in GROUPS:
        mine = np.flatnonzero(portraits["group"] == group)
        parts[group] = (moved[mine], [f"portrait {place}" for place in mine], np.ones(len(mine), dtype=np.bool_))
    names = np.unique(np.concatenate([np.array(people) for _, people, _ in parts.values()]))
    portfolios = {
        name: Portfolio(name, unit(vectors), np.searchsorted(names, np.array(people)), enrolled)
        for name, (vectors, people, enrolled) in parts.items()
    }
    groups = np.zeros(len(names), dtype="<U2")
    for group in GROUPS:
        groups[portfolios[group].people] = group
    _, first = np.unique(press["person"], return_index=True)
    other = unit(np.concatenate([press["mobilefacenet"][first], portraits["mobilefacenet"]]))
    default = unit(np.concatenate([press["dlib"][first], portraits["dlib"]]))
    whose = np.concatenate([press["person"][first], [f"portrait {place}" for place in range(len(moved))]])
    return RealPeople(portfolios, _same(default, other, np.searchsorted(names, whose)), names, groups)


def drawn_differences(differences: Vectors, count: int, *, seed: int) -> Vectors:
    """Differences of the same covariance around 0, float32 (count, d)."""
    covariance = np.cov(differences.T) + 1e-9 * np.eye(differences.shape[1])
    noise = np.random.default_rng(seed).standard_normal((count, len(covariance)))
    return np.asarray(noise @ np.linalg.cholesky(covariance).T, dtype=np.float32)


_engine: list[Engine] = []


def embedded(photos: list[Path], workers: int) -> Vectors:
    """The engine's vectors, float32 (n, 128); ends the program where a photo has no face, as no photo here should."""
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=_start) as pool:
        return np.stack(list(pool.map(_vector, photos, chunksize=8)))


def _start() -> None:
    _engine[:] = [open_engine(DLIB_RESNET, cache=None, precision=Precision.AUTO, threads=1)]


def _vector(path: Path) -> NDArray[np.float32]:
    template = prepare(_engine[0], path.read_bytes()).template
    if template is None:
        raise SystemExit(f"benchmarks: no face was found in {path}")
    return template.vector


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _same(default: Vectors, other: Vectors, people: NDArray[np.int64]) -> frozenset[tuple[int, int]]:
    order = np.argsort(people)
    codes = people[order]
    alike = np.ones((len(codes), len(codes)), dtype=np.bool_)
    for vectors, least in ((default[order], _SAME_DEFAULT), (other[order], _SAME_OTHER)):
        made = learn(vectors, codes, people=len(codes), population=None)
        scores = made.probes(vectors).scores(similarities(vectors, vectors), made.templates(vectors, codes), codes)
        alike &= np.minimum(scores, scores.T) > least
    pairs = np.argwhere(np.triu(alike, k=1))
    return frozenset((int(codes[one]), int(codes[two])) for one, two in pairs)
