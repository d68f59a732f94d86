"""The parts of ``python -m benchmarks quality``: worse copies, and the figures that say what a number predicts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.quality_damage import DAMAGES
from benchmarks.quality_figures import (
    auc,
    auc_with_interval,
    bands,
    error_versus_discard,
    fitted,
    perfect_discard,
    shift,
)
from benchmarks.quality_scene import Scene
from matcher.quality import Measure
from tests.matcher.quality_parts import drawn_face


@pytest.mark.parametrize("kind", DAMAGES)
def test_every_damage_changes_a_copy_only_and_the_same_way_each_time(kind: str) -> None:
    face = drawn_face(3)
    before = face.photo.pixels.copy()
    scene = Scene(face.photo.pixels, face.landmarks.astype(np.float64))
    first, again = (DAMAGES[kind](scene, np.random.default_rng(7)) for _ in range(2))
    assert (first.dtype, first.ndim, first.shape[2]) == (np.uint8, 3, 3)
    assert min(first.shape[:2]) >= 8
    assert np.array_equal(first, again)
    assert first.shape != before.shape or np.mean(first != before) > 0.003
    assert np.array_equal(face.photo.pixels, before)


@pytest.mark.parametrize("kind", ["sunglasses", "mask"])
def test_what_covers_a_face_is_over_the_face(kind: str) -> None:
    face = drawn_face(12)
    changed = DAMAGES[kind](Scene(face.photo.pixels, face.landmarks.astype(np.float64)), np.random.default_rng(0))
    ys, xs = np.nonzero(np.any(changed != face.photo.pixels, axis=2))
    points = face.landmarks[36:48] if kind == "sunglasses" else face.landmarks[48:68]
    assert xs.min() < points[:, 0].min() < points[:, 0].max() < xs.max()
    assert ys.min() < points[:, 1].mean() < ys.max()
    assert face.quality().components[Measure.LANDMARKS].value > 0


_NUMBERS = st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=2, max_size=40)


@settings(deadline=None)
@given(rows=_NUMBERS)
def test_auc_is_the_share_of_pairs_in_the_right_order(rows: list[tuple[int, bool]]) -> None:
    number, missed = np.array([float(n) for n, _ in rows]), np.array([m for _, m in rows])
    found, lost = number[~missed], number[missed]
    if not len(found) or not len(lost):
        assert np.isnan(auc(number, missed))
        return
    pairs = np.subtract.outer(found, lost)
    assert auc(number, missed) == pytest.approx(float(np.mean((pairs > 0) + 0.5 * (pairs == 0))))
    assert auc(-number, missed) == pytest.approx(1 - auc(number, missed))
    twice = np.concatenate([number, number]), np.concatenate([missed, missed])
    assert auc(*twice) == pytest.approx(auc(number, missed, np.full(len(number), 2.0)))


def test_leaving_out_the_worst_first_is_the_best_that_can_be() -> None:
    random = np.random.default_rng(0)
    missed = random.random(400) < 0.2
    number = random.normal(size=400) - missed
    by_number, best = error_versus_discard(number, missed), perfect_discard(missed)
    assert by_number["0.0"] == best["0.0"] == missed.mean()
    assert best["0.3"] == 0
    assert all(best[share] <= by_number[share] for share in best)
    assert by_number["0.3"] < by_number["0.0"]
    people = np.repeat(np.arange(100), 4).astype(str)
    found = auc_with_interval(number, missed, people)
    assert found["low"] < found["auc"] < found["high"]


def test_bands_hold_every_search_once() -> None:
    random = np.random.default_rng(1)
    number, missed = random.uniform(0, 100, 300), random.random(300) < 0.5
    table = bands(number, missed, (0, 10, 50, 101))
    assert sum(row["searches"] for row in table) == 300
    assert sum(row["missed"] * row["searches"] for row in table) == pytest.approx(missed.sum())


def test_the_fit_finds_the_weights_that_made_the_misses() -> None:
    random = np.random.default_rng(2)
    scores = {name: random.uniform(0, 100, 20_000) for name in ("counts", "does not")}
    logit = 2.0 - 1.5 * np.log(1.05 / (scores["counts"] / 100 + 0.05))
    missed = random.random(20_000) > 1 / (1 + np.exp(-logit))
    base, weights = fitted(scores, missed, np.ones(20_000))
    assert base == pytest.approx(2.0, abs=0.15)
    assert weights["counts"] == pytest.approx(1.5, abs=0.15)
    assert weights["does not"] < 0.05


def test_a_shift_of_mates_is_found_and_a_number_that_says_nothing_gains_nothing() -> None:
    random = np.random.default_rng(3)
    number, people = random.normal(size=4000), np.arange(4000).astype(str)
    held_out = random.random(4000) < 0.5
    moved = 4 + 0.5 * number + random.normal(size=4000)
    found = shift(number, moved, held_out, people)
    assert found["slope"] == pytest.approx(0.5, abs=0.06)
    assert found["deviation"] < found["deviation_without"]
    assert found["gain"] == pytest.approx(np.log2(np.sqrt(1.25)), abs=0.05)
    assert 0 < found["low"] < found["gain"] < found["high"]
    assert shift(number, random.normal(size=4000), held_out, people)["gain"] == pytest.approx(0, abs=0.01)
