"""What the scores are worth on real people: needs the folder of shared embeddings, named by MATCHER_TEST_DATA.

The population used here is fitted on other people than those searched; the shipped calibration is used as it is.
"""

import csv
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from matcher.evaluation import (
    MatedSearches,
    NonMatedSearches,
    cllr,
    cllr_min,
    expected_calibration_error,
    fnir,
    fpir,
    threshold_for_fpir,
    worst_to_best,
)
from matcher.scoring.candidates import shortlist
from matcher.scoring.cohort import choose_cohort
from matcher.scoring.fusion import balance, join
from matcher.scoring.learning import learn
from matcher.scoring.likeness import Floats, Vectors, similarities, unit
from matcher.scoring.population import Population, fit
from matcher.scoring.strangers import Strangers, count_factor, expected_of_some
from tests.matcher.scoring_people import calibration

FOLDER = os.environ.get("MATCHER_TEST_DATA", "")
pytestmark = pytest.mark.skipif(not FOLDER, reason="MATCHER_TEST_DATA does not name the folder of shared embeddings")


@dataclass(frozen=True)
class Search:
    """Scores of mated and non-mated probes against a gallery; mates: the mates' columns."""

    mated: Floats
    mates: NDArray[np.int64]
    others: Floats

    def rates(self, target: float) -> float:
        order = self.mated[np.arange(len(self.mates)), self.mates]
        ranks = 1 + (self.mated > order[:, None]).sum(axis=1)
        cut = threshold_for_fpir(NonMatedSearches.of(self.others.max(axis=1)), target)
        return fnir(MatedSearches.of(order, ranks), threshold=cut).value

    @property
    def rank_one(self) -> float:
        return float(np.mean(self.mated.argmax(axis=1) == self.mates))


@lru_cache(maxsize=1)
def groups() -> dict[str, NDArray[np.generic]]:
    with np.load(Path(FOLDER) / "embeddings" / "portraits_by_group.npz") as stored:
        return {name: stored[name] for name in stored.files}


@lru_cache(maxsize=1)
def press() -> tuple[dict[str, NDArray[np.generic]], dict[str, list[int]], NDArray[np.str_]]:
    """The embeddings, the rows of each role, and each row's person."""
    with np.load(Path(FOLDER) / "embeddings" / "lfw_dev.npz") as stored:
        content = {name: stored[name] for name in stored.files}
    row = {str(photo): place for place, photo in enumerate(content["photo"])}
    roles: dict[str, list[int]] = {"": [], "mated": [], "non-mated": []}
    with (Path(FOLDER) / "faces" / "lfw_open_set.csv").open(newline="", encoding="utf-8") as lines:
        for entry in csv.DictReader(lines):
            roles[entry["probe_kind"]].append(row[Path(entry["photo"]).name])
    return content, roles, content["person"].astype(np.str_)


def population_of_groups() -> Population:
    return fit(unit(groups()["dlib"]), engine="test@1", description="portraits", date="2026-01-01")


def scores(vectors: Vectors, gallery: NDArray[np.int64], probes: NDArray[np.int64], known: Population | None) -> Floats:
    codes = np.arange(len(gallery))
    chosen = choose_cohort(codes)
    made = learn(vectors[gallery][chosen], codes[chosen], people=len(codes), population=known)
    tails = made.templates(vectors[gallery], codes)
    return made.probes(vectors[probes]).scores(similarities(vectors[probes], vectors[gallery]), tails, codes)


def press_search(vectors: Vectors, known: Population | None) -> Search:
    _, roles, person = press()
    gallery, mated, others = (np.array(roles[role]) for role in ("", "mated", "non-mated"))
    column = {name: place for place, name in enumerate(person[gallery])}
    found = scores(vectors, gallery, np.concatenate([mated, others]), known)
    mates = np.array([column[name] for name in person[mated]])
    return Search(found[: len(mated)], mates, found[len(mated) :])


@lru_cache(maxsize=1)
def default_engine() -> Search:
    return press_search(unit(press()[0]["dlib"]), population_of_groups())


def test_press_photos_open_set() -> None:
    search = default_engine()
    assert search.rank_one >= 0.95
    assert search.rates(0.1) <= 0.09
    assert search.rates(0.01) <= 0.24


def test_press_photos_with_a_second_engine() -> None:
    content, roles, _ = press()
    first, second = unit(content["dlib"]), unit(content["mobilefacenet"])
    gallery = np.array(roles[""])
    codes = np.arange(len(gallery))
    alone = [
        learn(part[gallery], codes, people=len(codes), population=None).templates(part[gallery], codes)
        for part in (first, second)
    ]
    search = press_search(join(first, second, weight=balance(alone[0], alone[1])), None)
    assert search.rank_one >= 0.975
    assert search.rates(0.1) <= 0.045
    assert search.rates(0.01) <= 0.10


def test_false_alarms_are_as_predicted_on_press_photos() -> None:
    top = default_engine().others.max(axis=1)
    predicted = calibration().false_matches.fpir(top, default_engine().others.shape[1])
    for target in (0.1, 0.03):
        assert 1 / 1.5 <= np.mean(predicted <= target) / target <= 1.5


@pytest.mark.parametrize("size", [250, 1000, 2140])
def test_false_alarms_are_as_predicted_and_shared_out_in_a_mixed_gallery(size: int) -> None:
    vectors, group = unit(groups()["dlib"]), groups()["group"].astype(np.str_)
    order = np.random.default_rng(0).permutation(len(vectors))
    # Fitted on press photos: few people of two of the groups, so this also shows what a wrong population costs.
    content, _, person = press()
    _, first = np.unique(person, return_index=True)
    known = fit(unit(content["dlib"])[first], engine="test@1", description="press", date="2026-01-01")
    top, names = [], []
    for fold in range(3):
        left_out = order[fold::5]
        gallery = np.setdiff1d(order, left_out)
        gallery = np.sort(np.random.default_rng(fold).permutation(gallery)[:size])
        top.append(scores(vectors, gallery, left_out, known).max(axis=1))
        names.append(group[left_out])
    highest, member = np.concatenate(top), np.concatenate(names)
    predicted = calibration().false_matches.fpir(highest, size)
    assert 1 / 1.5 <= np.mean(predicted <= 0.1) / 0.1 <= 1.5
    cut = threshold_for_fpir(NonMatedSearches.of(highest), 0.05)
    assert fpir(NonMatedSearches.of(highest), threshold=cut).value == pytest.approx(0.05, abs=0.001)
    assert worst_to_best(highest >= cut, member).ratio <= 3


def test_a_search_among_ones_own_group_alarms_about_as_often_as_predicted() -> None:
    vectors, group = unit(groups()["dlib"]), groups()["group"].astype(np.str_)
    content, _, person = press()
    _, first = np.unique(person, return_index=True)
    known = fit(unit(content["dlib"])[first], engine="test@1", description="press", date="2026-01-01")
    law = calibration().false_matches
    plain, counted = [], []
    for fold in range(3):
        order = np.random.default_rng(fold).permutation(len(vectors))
        left_out, gallery = order[:536], np.sort(order[536:])
        codes = np.arange(len(gallery))
        made = learn(vectors[gallery], codes, people=len(codes), population=known)
        strangers = Strangers.of(made)
        assert strangers is not None
        tails = made.templates(vectors[gallery], codes)
        found = made.probes(vectors[left_out]).scores(similarities(vectors[left_out], vectors[gallery]), tails, codes)
        here = law.times(count_factor(strangers.highest(), law))
        for name in np.unique(group):
            rows, mine = np.flatnonzero(group[gallery] == name), group[left_out] == name
            top = found[np.ix_(mine, rows)].max(axis=1)
            expected = expected_of_some(len(rows), len(gallery))
            narrowed = here.times(count_factor(strangers.highest(rows), here, expected=expected))
            plain.append(law.fpir(top, len(rows)))
            counted.append(narrowed.fpir(top, len(rows)))
    assert np.mean(np.concatenate(plain) <= 0.1) > 0.17
    assert 0.1 / 1.5 <= np.mean(np.concatenate(counted) <= 0.1) <= 0.15


def test_ratios_and_confidences_are_honest() -> None:
    search, laws = default_engine(), calibration()
    mated = search.mated[np.arange(len(search.mates)), search.mates]
    others = search.others.ravel()[::7]
    cost = cllr(laws.likelihood.log10(mated), laws.likelihood.log10(others))
    assert cost - cllr_min(mated, others) <= 0.03
    claimed, right = [], []
    people = np.arange(search.others.shape[1])
    for row, mate in [*zip(search.mated[:500], search.mates[:500], strict=True), *((row, -1) for row in search.others)]:
        best = shortlist(row, people, laws, gallery=len(people), prior=0.5).candidates[0]
        claimed.append(best.confidence)
        right.append(best.person == mate)
    assert expected_calibration_error(claimed, right) <= 0.03
