"""Open-set error rates, their intervals, and the honesty of confidences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from matcher.evaluation import (
    MatedSearches,
    NonMatedSearches,
    at_fpir,
    calibrate_by_pav,
    cllr,
    cllr_min,
    cmc,
    det,
    expected_calibration_error,
    fnir,
    fpir,
    group_rates,
    people_weights,
    reliability,
    threshold_for_fpir,
    wilson,
    worst_to_best,
)

finite = st.floats(-50, 50, allow_nan=False, width=32)
some_scores = st.lists(finite, min_size=1, max_size=40)


class TestIntervals:
    def test_wilson_agrees_with_published_values(self) -> None:
        # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
        for errors, trials, low, high in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (1, 29, 0.0061, 0.1718),
        ]:
            interval = wilson(errors, trials)
            assert (interval.low, interval.high) == pytest.approx((low, high), abs=6e-5)
        assert wilson(0, 20).high == pytest.approx(0.1611, abs=6e-5)

    @given(st.integers(0, 50), st.integers(0, 50))
    def test_wilson_holds_the_rate(self, errors: int, others: int) -> None:
        interval = wilson(errors, errors + others)
        assert 0 <= interval.low <= interval.high <= 1
        assert errors + others == 0 or errors / (errors + others) in interval

    def test_wilson_refuses_the_impossible(self) -> None:
        with pytest.raises(ValueError, match="3 errors out of 2"):
            wilson(3, 2)

    def test_a_person_is_drawn_whole(self) -> None:
        people = np.array(["a", "b", "a", "c", "b"])
        weights = people_weights(people, draws=50, rng=np.random.default_rng(1))
        assert (weights[:, 0] == weights[:, 2]).all()
        assert (weights[:, 1] == weights[:, 4]).all()
        assert (weights[:, 0] + weights[:, 1] + weights[:, 3] == 3).all()


class TestOpenSet:
    mated = MatedSearches.of([3.0, 1.0, -np.inf, 2.0], [1, 5, 0, 2])
    non_mated = NonMatedSearches.of([2.5, 1.5, 0.5, -np.inf])

    def test_rates_by_hand(self) -> None:
        assert fpir(self.non_mated, threshold=1.5).value == 0.5
        assert fnir(self.mated, threshold=1.5).value == 0.5
        assert fnir(self.mated, threshold=1.5, rank=1).value == 0.75
        assert [rate.value for rate in cmc(self.mated, [1, 2, 20])] == [0.75, 0.5, 0.25]

    def test_a_photo_without_template_is_a_miss_and_no_false_alarm(self) -> None:
        assert fnir(self.mated).value == 0.25
        assert fpir(self.non_mated, threshold=-np.inf).value == 0.75

    def test_threshold_is_exclusive_of_the_first_forbidden_score(self) -> None:
        assert threshold_for_fpir(self.non_mated, 0.25) == np.nextafter(1.5, 2)
        assert threshold_for_fpir(self.non_mated, 0.0) == np.nextafter(2.5, 3)
        assert threshold_for_fpir(self.non_mated, 1.0) == -np.inf

    @given(some_scores, st.floats(0, 1))
    def test_target_is_kept_also_with_ties(self, top: list[float], target: float) -> None:
        searches = NonMatedSearches.of(np.round(top))
        threshold = threshold_for_fpir(searches, target)
        assert fpir(searches, threshold=threshold).value <= target + 1e-9

    @given(some_scores, some_scores)
    def test_det_is_monotone_and_agrees_with_the_rates(self, mates: list[float], top: list[float]) -> None:
        mated, non_mated = MatedSearches.of(mates, np.ones(len(mates))), NonMatedSearches.of(top)
        curve = det(mated, non_mated)
        assert (np.diff(curve.fpir) <= 0).all()
        assert (np.diff(curve.fnir) >= 0).all()
        middle = curve.thresholds.size // 2
        assert curve.fpir[middle] == fpir(non_mated, threshold=curve.thresholds[middle]).value
        assert curve.fnir[middle] == fnir(mated, threshold=curve.thresholds[middle]).value

    def test_operating_point_covers_the_truth(self) -> None:
        rng = np.random.default_rng(5)
        covered = 0
        for _ in range(40):
            mated = MatedSearches.of(rng.normal(2, 1, 300), np.ones(300))
            point = at_fpir(mated, NonMatedSearches.of(rng.normal(0, 1, 300)), 0.1, draws=200, rng=rng)
            covered += 0.2362 in point.fnir_interval  # normal: Phi(1.2816 - 2)
            assert point.fpir.value <= 0.1
        assert covered >= 34

    def test_bootstrap_repeats_to_the_last_digit(self) -> None:
        people = ["a", "a", "b", "c"]
        mated = MatedSearches.of([3.0, 1.0, 4.0, 2.0], [1, 5, 1, 2], people=people)
        assert at_fpir(mated, self.non_mated, 0.25) == at_fpir(mated, self.non_mated, 0.25)

    def test_bad_input_is_named(self) -> None:
        with pytest.raises(ValueError, match="NaN"):
            MatedSearches.of([np.nan], [1])
        with pytest.raises(ValueError, match="ranks"):
            MatedSearches.of([1.0], [-1])
        with pytest.raises(ValueError, match="people"):
            NonMatedSearches.of([1.0], people=["a", "b"])
        with pytest.raises(ValueError, match="target"):
            threshold_for_fpir(self.non_mated, 2)

    def test_callers_arrays_are_copied(self) -> None:
        top = np.array([1.0, 2.0])
        searches = NonMatedSearches.of(top)
        top[0] = 9
        assert searches.top[0] == 1
        assert not searches.top.flags.writeable


class TestGroups:
    events = (True, False, True, True, False, False, False, False)
    groups = ("a", "a", "a", "a", "b", "b", "b", "c")

    def test_rates_of_each_group(self) -> None:
        rates = {entry.group: entry.rate.value for entry in group_rates(self.events, self.groups)}
        assert rates == {"a": 0.75, "b": 0, "c": 0}

    def test_ratio_to_a_group_without_error_is_unbounded(self) -> None:
        result = worst_to_best(self.events, self.groups)
        assert (result.worst, result.ratio) == ("a", np.inf)
        assert result.to_mean < np.inf

    def test_no_error_anywhere_is_no_ratio(self) -> None:
        assert np.isnan(worst_to_best([False, False], ["a", "b"]).ratio)

    def test_interval_covers_the_ratio(self) -> None:
        rng = np.random.default_rng(3)
        groups = np.repeat(["a", "b"], 2000)
        result = worst_to_best(rng.random(4000) < np.where(groups == "a", 0.1, 0.05), groups)
        assert 2.0 in result.interval
        assert result.interval.high < 3


class TestHonesty:
    def test_cllr_agrees_with_published_values(self) -> None:
        # The test values of the forensic toolkit lir; likelihood ratios, non-mated first there.
        third, hundredth = np.log10(1 / 3), np.log10(1 / 100)
        assert cllr([0, 0], [0, 0]) == pytest.approx(1)
        assert cllr([third] * 2, [-third] * 2) == pytest.approx(2)
        assert cllr([-third] * 2, [third] * 2) == pytest.approx(0.4150374992788437)
        assert cllr([0], [third] * 2) == pytest.approx(0.7075187496394219)
        assert cllr([0], [hundredth]) == pytest.approx(0.507177646488535)

    def test_cllr_of_certainty(self) -> None:
        assert cllr([np.inf], [-np.inf]) == 0
        assert cllr([-np.inf], [-np.inf]) == np.inf

    def test_pav_by_hand(self) -> None:
        mated, non_mated = calibrate_by_pav([2, 4, 5], [1, 3])
        # 2 and 3 are pooled: one third of the mated beside one half of the non-mated.
        assert mated == pytest.approx([np.log10(2 / 3), np.inf, np.inf])
        assert non_mated == pytest.approx([-np.inf, np.log10(2 / 3)])

    @given(
        arrays(np.float64, st.integers(1, 30), elements=finite), arrays(np.float64, st.integers(1, 30), elements=finite)
    )
    def test_no_monotone_map_beats_the_minimum(self, mated: np.ndarray, non_mated: np.ndarray) -> None:
        least = cllr_min(mated, non_mated)
        assert least <= min(1, cllr(mated, non_mated), cllr(mated / 7 + 0.3, non_mated / 7 + 0.3)) + 1e-9
        # Rounded to whole steps of 1/16, so that the map below can't merge what was distinct.
        mated, non_mated = np.round(mated * 16), np.round(non_mated * 16)
        assert cllr_min(mated, non_mated) == pytest.approx(cllr_min(2 * mated + 1, 2 * non_mated + 1))

    def test_gaussian_ratios_are_calibrated(self) -> None:
        rng = np.random.default_rng(2)
        mated, non_mated = rng.normal(2, 1, 20_000), rng.normal(0, 1, 20_000)
        exact = [(2 * scores - 2) / np.log(10) for scores in (mated, non_mated)]
        assert cllr(*exact) - cllr_min(mated, non_mated) < 0.005
        assert cllr(exact[0] * 3, exact[1] * 3) - cllr_min(mated, non_mated) > 0.1

    def test_reliability_by_hand(self) -> None:
        table = reliability([0.1, 0.15, 0.9, 1.0], [False, True, True, True], bins=5)
        assert [(entry.low, entry.count) for entry in table] == [(0.0, 2), (0.8, 2)]
        assert table[0].observed == 0.5
        error = expected_calibration_error([0.1, 0.15, 0.9, 1.0], [False, True, True, True], bins=5)
        assert error == pytest.approx((2 * 0.375 + 2 * 0.05) / 4)

    def test_honest_confidences_have_little_error(self) -> None:
        rng = np.random.default_rng(4)
        claimed = rng.random(20_000)
        assert expected_calibration_error(claimed, rng.random(20_000) < claimed) < 0.02
        assert expected_calibration_error(claimed, rng.random(20_000) < claimed**2) > 0.1

    def test_bad_input_is_named(self) -> None:
        with pytest.raises(ValueError, match="between 0 and 1"):
            reliability([np.nan], [True])
        with pytest.raises(ValueError, match="at least one"):
            cllr([], [1.0])
