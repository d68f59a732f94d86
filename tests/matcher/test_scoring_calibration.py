"""From scores to false alarms, likelihood ratios, confidences and lists."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from matcher.errors import BadSetting
from matcher.evaluation import cllr, cllr_min
from matcher.scoring.audit import Bar
from matcher.scoring.calibrating import Portfolio, calibrate
from matcher.scoring.calibration import Calibration
from matcher.scoring.candidates import Mode, shortlist
from matcher.scoring.falsematch import FalseMatchLaw, OutsideCalibration, Reach, Searches, fit_law
from matcher.scoring.fusion import Agreement, agreement, balance, join, person_template
from matcher.scoring.likelihood import Bound, LikelihoodLaw, fit_likelihood
from matcher.scoring.likeness import similarities
from matcher.scoring.posterior import posterior
from tests.matcher.scoring_people import (
    ENGINE,
    another_photo,
    calibration,
    normaliser,
    population,
    score,
    strangers,
)

NORMAL = FalseMatchLaw(0.0, 1.0, 5.0, 6.5)
some_scores = st.floats(-4, 9)
lists = st.lists(st.floats(-4, 9), min_size=0, max_size=30)


class TestFalseMatches:
    def test_known_values(self) -> None:
        assert NORMAL.fmr(3.0902) == pytest.approx(1e-3, rel=1e-3)
        assert NORMAL.fpir(3.0902, 1000) == pytest.approx(0.6323, abs=1e-3)
        assert NORMAL.fpir(2.0, 0) == 0

    @given(some_scores, some_scores, st.integers(1, 10**8))
    def test_falls_with_the_score_and_rises_with_the_gallery(self, one: float, other: float, people: int) -> None:
        law = calibration().false_matches
        low, high = sorted((one, other))
        assert law.fpir(high, people) <= law.fpir(low, people)
        assert law.fpir(one, people) <= law.fpir(one, people + 1)
        assert 0 <= law.fpir(one, people) <= 1

    @given(st.floats(1e-3, 0.9), st.integers(1, 10**6))
    def test_threshold_gives_back_its_target(self, target: float, people: int) -> None:
        law = calibration().false_matches
        assert law.fpir(law.threshold(target, people), people) == pytest.approx(target, rel=1e-6)

    def test_outside_says_so(self) -> None:
        assert [NORMAL.reach(score) for score in (4, 6, 7)] == [Reach.MEASURED, Reach.MODELLED, Reach.BEYOND]
        assert NORMAL.fmr(9.0) == NORMAL.fmr(6.5)
        with pytest.raises(OutsideCalibration, match="strictest"):
            NORMAL.threshold(1e-6, 10**6)
        with pytest.raises(ValueError, match="target"):
            NORMAL.threshold(0, 10)

    def test_fit_finds_the_law_at_several_sizes(self) -> None:
        rng = np.random.default_rng(0)
        truth = FalseMatchLaw(0.2, 0.9, 5.0, 6.5)
        searches = []
        for people in (250, 1000, 4000):
            highest = -ndtri(-np.expm1(np.log(rng.random(4000)) / people))
            searches.append(Searches((highest - truth.shift) / truth.slope, people))
        law = fit_law(searches)
        for people in (100, 10_000, 1_000_000):
            assert law.threshold(0.1, people) == pytest.approx(truth.threshold(0.1, people), abs=0.1)
        assert law.measured_to < law.modelled_to

    def test_fit_refuses_too_few_searches(self) -> None:
        with pytest.raises(OutsideCalibration, match="50 people"):
            fit_law([Searches(np.zeros(49), 100)])

    def test_a_law_that_does_not_fall_is_refused(self) -> None:
        with pytest.raises(ValueError, match="does not fall"):
            FalseMatchLaw(0.0, 0.0, 1.0, 2.0)


class TestLikelihood:
    def test_two_normals_are_found_again(self) -> None:
        rng = np.random.default_rng(1)
        law = fit_likelihood(rng.normal(4, 1.3, 4000), NORMAL)
        at = np.array([2.0, 3.0, 4.0, 5.0])
        exact = -0.5 * ((at - 4) / 1.3) ** 2 - np.log(1.3) + 0.5 * at**2
        assert law.ln(at) == pytest.approx(exact, abs=0.35)
        mated, others = rng.normal(4, 1.3, 5000), rng.normal(0, 1, 5000)
        assert cllr(law.log10(mated), law.log10(others)) - cllr_min(mated, others) < 0.01

    @given(some_scores, some_scores)
    def test_never_falls(self, one: float, other: float) -> None:
        law = calibration().likelihood
        low, high = sorted((one, other))
        assert law.ln(low) <= law.ln(high)

    def test_bounds_are_said(self) -> None:
        law = LikelihoodLaw(-7, 1, 0.5, 0.0, 6.0)
        assert [law.bound(score) for score in (-1, 3, 7)] == [Bound.AT_MOST, Bound.AS_IS, Bound.AT_LEAST]
        assert law.ln(7.0) == law.ln(6.0)

    def test_refusals(self) -> None:
        with pytest.raises(OutsideCalibration, match="29 mated"):
            fit_likelihood(np.full(29, 4.0), NORMAL)
        with pytest.raises(ValueError, match="fall"):
            LikelihoodLaw(0, -1, 0.1, 0, 6)


class TestPosterior:
    @given(lists, st.integers(0, 10**6), st.floats(0.001, 0.999))
    def test_sums_to_one(self, ratios: list[float], others: int, prior: float) -> None:
        shares = posterior(ratios, people=len(ratios) + others, prior=prior)
        assert shares.candidates.sum() + shares.elsewhere + shares.nobody == pytest.approx(1)

    @given(st.lists(st.floats(-4, 9), min_size=1, max_size=30), st.floats(0, 5), st.floats(0.001, 0.999))
    def test_a_better_ratio_raises_its_share_and_lowers_the_others(
        self, ratios: list[float], more: float, prior: float
    ) -> None:
        before = posterior(ratios, people=50, prior=prior)
        after = posterior([ratios[0] + more, *ratios[1:]], people=50, prior=prior)
        assert after.candidates[0] >= before.candidates[0] - 1e-12
        assert after.nobody <= before.nobody + 1e-12 or min(ratios) == ratios[0]

    def test_by_hand(self) -> None:
        shares = posterior([np.log(300.0), np.log(100.0)], people=2, prior=0.5)
        assert shares.candidates == pytest.approx([150 / 201, 50 / 201])
        assert shares.nobody == pytest.approx(1 / 201)
        assert shares.elsewhere == 0

    def test_nobody_in_an_empty_gallery(self) -> None:
        assert posterior([], people=0, prior=0.9).nobody == pytest.approx(1)

    def test_refusals(self) -> None:
        with pytest.raises(ValueError, match="prior"):
            posterior([1.0], people=1, prior=1)
        with pytest.raises(ValueError, match="gallery of 1"):
            posterior([1.0, 2.0], people=1, prior=0.5)


class TestShortlist:
    @given(lists, st.integers(0, 10**5), st.floats(0.001, 0.9), st.floats(0.001, 0.9))
    def test_a_stricter_fpir_never_lengthens_the_list(
        self, scores: list[float], others: int, one: float, other: float
    ) -> None:
        gallery = len(scores) + others
        strict, loose = (
            shortlist(
                np.array(scores),
                np.arange(len(scores)),
                calibration(),
                gallery=gallery,
                prior=0.5,
                top=1000,
                fpir=target,
            )
            for target in sorted((one, other))
        )
        assert len(strict.candidates) <= len(loose.candidates)
        assert strict.candidates == loose.candidates[: len(strict.candidates)]
        assert all(candidate.score >= strict.threshold for candidate in strict.candidates)

    @given(lists, st.integers(1, 5), st.integers(0, 1000))
    def test_shares_sum_to_one_and_order_plays_no_part(self, scores: list[float], top: int, seed: int) -> None:
        people = np.arange(len(scores))
        mixed = np.random.default_rng(seed).permutation(len(scores))
        straight = shortlist(np.array(scores), people, calibration(), gallery=5000, prior=0.3, top=top)
        shuffled = shortlist(np.array(scores)[mixed], people[mixed], calibration(), gallery=5000, prior=0.3, top=top)
        assert straight.candidates == shuffled.candidates
        total = sum(candidate.confidence for candidate in straight.candidates) + straight.elsewhere + straight.nobody
        assert total == pytest.approx(1)
        assert len(straight.candidates) <= top
        assert straight.mode is Mode.INVESTIGATION

    @given(st.lists(st.floats(-4, 3), max_size=30), st.floats(3, 8), st.floats(-4, 2.9))
    def test_one_more_stranger_raises_the_mates_false_alarm_only_by_the_size(
        self, strangers_: list[float], mate: float, newcomer: float
    ) -> None:
        def of(scores: list[float]) -> tuple[float, float]:
            people = np.arange(len(scores))
            best = shortlist(np.array(scores), people, calibration(), gallery=len(scores), prior=0.5).candidates[0]
            return best.fpir, best.confidence

        before, after = of([mate, *strangers_]), of([mate, *strangers_, newcomer])
        size = len(strangers_) + 1
        assert before[0] <= after[0] <= before[0] * (size + 1) / size + 1e-12

    def test_nobody_is_a_result(self) -> None:
        found = shortlist(np.array([1.0, 0.5]), np.arange(2), calibration(), gallery=1000, prior=0.5, fpir=0.01)
        assert found.candidates == ()
        assert found.nobody > 0.4

    def test_two_scores_of_one_person_are_refused(self) -> None:
        with pytest.raises(ValueError, match="each person"):
            shortlist(np.zeros(2), np.zeros(2, np.int64), calibration(), gallery=5, prior=0.5)


class TestCalibration:
    def test_round_trip(self) -> None:
        assert Calibration.from_json(calibration().to_json()) == calibration()

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "calibration/2"}', '{"format": "calibration/1"}'])
    def test_damage_is_reported(self, text: str) -> None:
        with pytest.raises(BadSetting, match="calibration"):
            Calibration.from_json(text)

    @pytest.mark.long
    def test_drawn_people_give_honest_numbers(self) -> None:
        vectors = strangers(500, seed=31)
        photos = np.concatenate([vectors, another_photo(vectors, seed=32)])
        people = np.concatenate([np.arange(500), np.arange(500)])
        made = calibrate(
            [Portfolio("drawn", photos, people, np.ones(1000, dtype=np.bool_))],
            engine=ENGINE,
            description="drawn people",
            date="2026-01-01",
            population=population(),
        )
        assert made.source.people == 500
        assert made.source.sizes == (250, 400)
        gallery, codes = strangers(800, seed=33), np.arange(800)
        top = score(strangers(800, seed=34), gallery, codes).max(axis=1)
        predicted = made.false_matches.fpir(top, 800)
        assert np.mean(predicted <= 0.1) == pytest.approx(0.1, rel=0.5)

    def test_same_person_under_two_names_is_no_false_match(self) -> None:
        vectors = strangers(400, seed=35)
        doubled = np.concatenate([vectors, another_photo(vectors[:40], seed=36, change=0.1)])
        portfolio = Portfolio("drawn", doubled, np.arange(440), np.ones(440, dtype=np.bool_))
        same = frozenset((person, 400 + person) for person in range(40))
        with pytest.raises(OutsideCalibration, match="0 mated pairs"):
            calibrate([portfolio], engine=ENGINE, description="", date="", population=None, same=same)

    def test_too_few_people(self) -> None:
        few = Portfolio("few", strangers(20, seed=1), np.arange(20), np.ones(20, dtype=np.bool_))
        with pytest.raises(OutsideCalibration, match="312 people"):
            calibrate([few], engine=ENGINE, description="", date="", population=None)


class TestFusion:
    @settings(max_examples=10, deadline=None)
    @given(st.integers(0, 1000))
    def test_person_template_ignores_the_order_of_photos(self, seed: int) -> None:
        photos = another_photo(np.repeat(strangers(1, seed=seed), 4, axis=0), seed=seed)
        mixed = np.random.default_rng(seed).permutation(4)
        assert person_template(photos[mixed]) == pytest.approx(person_template(photos), abs=1e-6)
        assert np.linalg.norm(person_template(photos)) == pytest.approx(1)

    def test_more_photos_come_nearer(self) -> None:
        people = strangers(50, seed=41)
        photos = np.stack([another_photo(people, seed=seed) for seed in range(5)])
        fused = np.stack([person_template(photos[:, person]) for person in range(50)])
        apart = [float(np.diag(similarities(people, some)).mean()) for some in (photos[0], fused)]
        assert apart[1] > apart[0] + 0.1

    def test_joined_distance_is_the_weighted_sum(self) -> None:
        first, second = strangers(2, seed=42), strangers(2, seed=43)
        both = join(first, second, weight=1.5)
        squares = [np.sum((part[0] - part[1]).astype(float) ** 2) for part in (first, second, both)]
        assert squares[2] == pytest.approx((1.5**2 * squares[0] + squares[1]) / (1.5**2 + 1), rel=1e-4)

    def test_balance_of_an_engine_with_itself_is_one(self) -> None:
        vectors = strangers(100, seed=44)
        tail = normaliser(vectors, np.arange(100)).templates(vectors, np.arange(100))
        assert balance(tail, tail) == 1

    def test_agreement(self) -> None:
        assert agreement(np.array([6.0, 2.5, 0.0]), NORMAL) == (
            Agreement.AGREE,
            Agreement.DOUBTFUL,
            Agreement.DISAGREE,
        )


class TestBar:
    @given(st.integers(2, 10**7), st.floats(1e-6, 100))
    def test_is_where_chance_brings_as_many_pairs_as_expected(self, people: int, expected: float) -> None:
        law = calibration().false_matches
        bar = Bar.of(law, people, expected=expected)
        pairs = people * (people - 1) / 2
        assert bar.chance(bar.score) == pytest.approx(min(expected, 0.5 * pairs), rel=1e-6)
        assert bar.chance(bar.score + 0.5) < bar.chance(bar.score)

    def test_says_when_a_score_is_beyond_what_was_calibrated(self) -> None:
        bar = Bar.of(NORMAL, 10**6, expected=1)
        assert bar.score > NORMAL.modelled_to
        assert bar.reach(bar.score) is Reach.BEYOND
        assert Bar.of(NORMAL, 1000, expected=1).reach(4.9) is Reach.MEASURED
