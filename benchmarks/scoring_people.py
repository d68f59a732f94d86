"""Real people for fitting and judging scores: photos embedded by the present engine, and embeddings made elsewhere.

The portraits of four groups are there as embeddings alone, the mean over four chips, where the engine of today takes
two. On photos that are there both ways the two differ by about 0.06 in length (different people: 0.8 and more) in all
directions; differences drawn with the same covariance are added to the portraits, so that they are spread as the
present engine would have made them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality_searches import AS_IT_IS, Copy, copies
from matcher.evaluation.plan import Kind, read_plan
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
            np.concatenate([part.qualities for part in chosen]),
            np.concatenate([part.made_worse for part in chosen]),
        )

    def without_worse(self) -> "RealPeople":
        """The same with photos as they are alone."""
        plain = {
            name: Portfolio(name, part.vectors[kept], part.people[kept], part.enrolled[kept], part.qualities[kept])
            for name, part in self.portfolios.items()
            for kept in [~part.made_worse]
        }
        return RealPeople(plain, self.same, self.names, self.groups)


def read_people(data: Path, *, workers: int = 2, worse: int = 0, seed: int = 0) -> RealPeople:
    """Embed the photos of a folder of test data with the default engine, and bring the embeddings there in line.

    worse: so many copies of each mated probe are made worse and belong to the person too.
    """
    with np.load(data / "embeddings" / "portraits_by_group.npz", allow_pickle=False) as stored:
        portraits = {name: stored[name] for name in stored.files}
    with np.load(data / "embeddings" / "lfw_dev.npz", allow_pickle=False) as stored:
        press = {name: stored[name] for name in stored.files}
    made = {name: _photos(data / "faces" / f"{name}_open_set.csv", worse, workers) for name in ("lfw", "portraits")}
    shared = {str(photo): place for place, photo in enumerate(press["photo"])}
    as_is = [copy for copy in made["lfw"] if copy.damage == AS_IT_IS]
    places = np.array([shared[Path(copy.entry.photo).name] for copy in as_is])
    moved = portraits["dlib"] + drawn_differences(
        _vectors(as_is) - press["dlib"][places], len(portraits["dlib"]), seed=seed
    )
    parts = {
        PRESS: (_vectors(made["lfw"]), [copy.entry.person_id for copy in made["lfw"]], _as_is(made["lfw"])),
        PORTRAITS: (
            _vectors(made["portraits"]),
            [copy.entry.person_id for copy in made["portraits"]],
            np.array([copy.entry.kind is Kind.GALLERY for copy in made["portraits"]]),
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
    for name, found in ((PRESS, made["lfw"]), (PORTRAITS, made["portraits"])):
        scores = [np.nan if copy.prepared.quality is None else copy.prepared.quality.score for copy in found]
        portfolios[name] = replace(portfolios[name], quality=np.array(scores), worse=~_as_is(found))
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


def _photos(plan: Path, worse: int, workers: int) -> list[Copy]:
    """Every photo of a list, and worse copies of its mated probes; ends the program where a photo as it is has no face,
    as none here should be without."""
    made = copies(read_plan(plan), damages=worse, non_mated_damages=0, workers=workers)
    for copy in made:
        if copy.damage == AS_IT_IS and copy.prepared.template is None:
            raise SystemExit(f"benchmarks: no face was found in {copy.entry.path}")
    return [copy for copy in made if copy.prepared.template is not None]


def _vectors(found: Sequence[Copy]) -> Vectors:
    return np.stack([copy.prepared.template.vector for copy in found if copy.prepared.template is not None])


def _as_is(found: Sequence[Copy]) -> NDArray[np.bool_]:
    return np.array([copy.damage == AS_IT_IS for copy in found])


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
