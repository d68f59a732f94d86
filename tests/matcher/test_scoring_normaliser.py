"""Tails, populations and the normalised score."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_ndtr, ndtri

from matcher.errors import BadSetting
from matcher.scoring import shipped
from matcher.scoring.cohort import choose_cohort, tails
from matcher.scoring.learning import NotEnoughPeople, learn
from matcher.scoring.likeness import similarities, unit
from matcher.scoring.normal import log_tail, quantile
from matcher.scoring.normaliser import Basis
from matcher.scoring.population import Population, fit
from matcher.scoring.spread import fit_law
from matcher.scoring.tail import Tail, depth, draw, kept
from tests.matcher.scoring_people import ENGINE, another_photo, normaliser, population, score, strangers


class TestLikeness:
    def test_is_minus_the_distance_of_unit_vectors(self) -> None:
        left, right = strangers(3, seed=1), strangers(4, seed=2)
        expected = -np.linalg.norm(left[:, None].astype(float) - right[None], axis=2)
        assert similarities(left, right) == pytest.approx(expected, abs=1e-5)

    @pytest.mark.parametrize("bad", [np.zeros((1, 4)), np.full((1, 4), np.nan), np.full((1, 4), np.inf)])
    def test_no_direction_is_refused(self, bad: np.ndarray) -> None:
        with pytest.raises(ValueError, match="zero or not finite"):
            unit(bad)


class TestTail:
    @given(st.integers(20, 4096), st.floats(-1.5, -0.3), st.floats(0.01, 0.3))
    def test_a_normal_crowd_gives_its_own_z(self, cohort: int, centre: float, deviation: float) -> None:
        scores = -ndtri((np.arange(1, kept(cohort) + 1) - 0.375) / (cohort + 0.25))
        tail = draw((centre + deviation * scores)[None], cohort)
        assert tail.spread[0] == pytest.approx(deviation)
        assert tail.z(np.array([centre + 3.7 * deviation]))[0] == pytest.approx(3.7)

    @given(st.integers(0, 2**31), st.floats(0.1, 10), st.floats(-5, 5))
    def test_z_ignores_the_scale_of_similarity(self, seed: int, factor: float, shift: float) -> None:
        crowd = -np.sort(-np.random.default_rng(seed).normal(-0.7, 0.1, 300))[None]
        asked = np.array([-0.4, -0.2])
        expected = draw(crowd, 300).z(asked)
        assert draw(crowd * factor + shift, 300).z(asked * factor + shift) == pytest.approx(expected, abs=1e-5)

    def test_one_copy_of_the_person_is_no_crowd(self) -> None:
        crowd = -np.sort(-np.random.default_rng(0).normal(-0.7, 0.05, 500))
        with_copy = np.concatenate([[-0.01], crowd[:-1]])
        assert draw(with_copy[None], 500).level[0] == pytest.approx(draw(crowd[None], 500).level[0], abs=0.01)

    def test_a_cohort_of_copies_keeps_z_finite(self) -> None:
        assert np.isfinite(draw(np.full((1, 40), -0.5), 100).z(np.array([-0.4]))).all()

    def test_too_few_people(self) -> None:
        with pytest.raises(ValueError, match="12 people are needed"):
            draw(np.zeros((1, 11)), 11)

    def test_depth_grows_slowly(self) -> None:
        assert [depth(cohort) for cohort in (12, 250, 1000, 4096)] == [8, 20, 40, 80]

    def test_own_person_is_left_out(self) -> None:
        people = np.arange(200)
        vectors = strangers(200, seed=3)
        without = tails(vectors, vectors, people, people)
        for row in (0, 77, 199):
            others = people != row
            alone = tails(vectors[[row]], vectors[others])
            assert without.level[row] == pytest.approx(alone.level[0], abs=1e-6)
            assert without.spread[row] == pytest.approx(alone.spread[0], abs=1e-6)


class TestSpreadLaw:
    def test_line_is_found_and_copies_are_left_out(self) -> None:
        rng = np.random.default_rng(0)
        level = rng.uniform(-1, -0.5, 300)
        logs = -4 - 2 * level + rng.normal(0, 0.05, 300)
        logs[:5] += 8
        law = fit_law(Tail(level, np.exp(logs)), np.ones(300))
        assert (law.intercept, law.slope) == pytest.approx((-4, -2), abs=0.1)

    def test_smoothing_keeps_level_and_narrows_the_noise(self) -> None:
        rng = np.random.default_rng(0)
        tail = Tail(rng.uniform(-1, -0.5, 300), np.exp(rng.normal(-3, 0.3, 300)))
        smooth = fit_law(tail, np.ones(300)).smooth(tail, cohort=300)
        assert (smooth.level == tail.level).all()
        assert np.log(smooth.spread).std() < 0.5 * np.log(tail.spread).std()


class TestPopulation:
    def test_round_trip(self) -> None:
        again = Population.from_bytes(population().to_bytes())
        assert (again.draw(5) == population().draw(5)).all()
        assert again.engine == ENGINE

    def test_damage_is_reported(self) -> None:
        whole = population().to_bytes()
        middle = len(whole) // 2
        altered = whole[:middle] + b"altered" + whole[middle + 7 :]
        for content in (b"", b"PK\x03\x04", b"nonsense", whole[:2000], altered):
            with pytest.raises(BadSetting, match="population"):
                Population.from_bytes(content)

    def test_holds_nobody(self) -> None:
        assert population().people >= 20 * len(population().shares)
        people = strangers(600, seed=4)
        made = fit(people, engine="e@1", description="drawn", date="2026-01-01")
        assert (made.shares * 600 >= 20 - 1e-6).all()
        # No centre is a person: each is further from all people than rounding.
        assert similarities(unit(made.centres), people).max() < -0.05

    def test_predicts_the_crowd_of_people_it_has_not_seen(self) -> None:
        fitted = fit(strangers(2000, seed=5), engine="e@1", description="drawn", date="2026-01-01")
        others = strangers(300, seed=6)
        real, guessed = tails(others, strangers(2000, seed=7)), tails(others, fitted.draw(2000))
        error = (guessed.level - real.level) / real.spread
        assert abs(error.mean()) < 0.2
        assert error.std() < 0.3

    def test_too_few_people(self) -> None:
        with pytest.raises(ValueError, match="256"):
            fit(strangers(100, seed=1), engine="e@1", description="", date="")

    def test_unknown_engine_is_not_shipped(self) -> None:
        for engine in ("nobody@1", "../secret", ""):
            with pytest.raises(shipped.NotShipped):
                shipped.population(engine)


class TestCohort:
    @given(st.lists(st.integers(0, 2**62), min_size=1, max_size=60, unique=True))
    def test_order_of_enrolment_plays_no_part(self, codes: list[int]) -> None:
        people = np.array(codes, dtype=np.int64)
        mixed = np.random.default_rng(len(codes)).permutation(people)
        chosen = people[choose_cohort(people, size=20)]
        assert (chosen == mixed[choose_cohort(mixed, size=20)]).all()
        assert (np.diff(chosen) > 0).all()

    def test_one_person_more_changes_one_place(self) -> None:
        people = np.arange(5000)
        before = set(people[choose_cohort(people[:-1], size=1000)])
        after = set(people[choose_cohort(people, size=1000)])
        assert len(before - after) <= 1


class TestScore:
    def test_mates_stand_out_and_strangers_stay_normal(self) -> None:
        vectors, codes = strangers(400, seed=10), np.arange(400)
        mated = score(another_photo(vectors[:100], seed=1), vectors, codes)
        others = score(strangers(200, seed=11), vectors, codes)
        assert (mated.argmax(axis=1) == np.arange(100)).mean() > 0.95
        assert np.quantile(others, 0.999) == pytest.approx(3.09, abs=0.4)

    @settings(max_examples=6, deadline=None)
    @given(st.integers(0, 1000), st.sampled_from([8, 40, 300]))
    def test_order_of_enrolment_does_not_change_scores(self, seed: int, size: int) -> None:
        rng = np.random.default_rng(seed)
        vectors, codes, probes = strangers(size, seed=seed), np.arange(size), strangers(3, seed=seed + 1)
        mixed = rng.permutation(size)
        straight = score(probes, vectors, codes)
        assert score(probes, vectors[mixed], codes[mixed]) == pytest.approx(straight[:, mixed], abs=2e-3)

    @pytest.mark.parametrize("size", [0, 1, 5, 12, 13, 30, 100, 400])
    def test_sensible_from_the_first_person_on(self, size: int) -> None:
        vectors, codes = strangers(max(size, 1), seed=20)[:size], np.arange(size)
        scores = score(strangers(300, seed=21), vectors, codes)
        assert np.isfinite(scores).all()
        # The chance that a stranger reaches z = 3 is about one in a thousand, whatever the size.
        assert np.count_nonzero(scores >= 3) <= 0.006 * scores.size
        if size:
            mates = score(another_photo(vectors, seed=2), vectors, codes)
            assert np.median(np.diag(mates)) > 3.5

    def test_score_does_not_jump_as_the_gallery_grows(self) -> None:
        vectors = strangers(420, seed=22)
        probe = another_photo(vectors[:60], seed=3)
        middle = [
            float(np.median(np.diag(score(probe, vectors[:size], np.arange(size))))) for size in range(60, 420, 60)
        ]
        assert np.abs(np.diff(middle)).max() < 0.5

    def test_one_more_stranger_hardly_changes_the_mates_score(self) -> None:
        vectors, codes = strangers(301, seed=23), np.arange(301)
        probe = another_photo(vectors[:50], seed=4)
        before = np.diag(score(probe, vectors[:-1], codes[:-1]))
        after = np.diag(score(probe, vectors, codes))
        assert np.abs(after - before).max() < 0.35
        assert np.abs(after - before).mean() < 0.05

    def test_one_person_under_two_ids_is_found_under_both(self) -> None:
        vectors = strangers(300, seed=24)
        doubled = np.concatenate([vectors, another_photo(vectors[:20], seed=5, change=0.2)])
        probe = another_photo(vectors[:20], seed=6, change=0.2)
        before = np.diag(score(probe, vectors, np.arange(300)))
        scores = score(probe, doubled, np.arange(320))
        both = np.stack([np.diag(scores[:, :20]), np.diag(scores[:, 300:])])
        assert (both > 3).mean() > 0.9
        assert np.median(both[0] - before) > -0.5

    def test_several_photos_of_one_person_are_left_out_together(self) -> None:
        vectors, codes = strangers(100, seed=25), np.arange(100)
        made = normaliser(vectors, codes)
        probe = another_photo(vectors[:1], seed=7)
        templates = np.concatenate([vectors[:1], another_photo(vectors[:1], seed=8)])
        both = np.zeros(2, np.int64)
        scores = made.probes(probe).scores(similarities(probe, templates), made.templates(templates, both), both)
        alone = score(probe, vectors, codes)[0, 0]
        assert scores[0, 0] == pytest.approx(alone, abs=1e-4)
        assert abs(scores[0, 1] - scores[0, 0]) < 3

    def test_basis_is_said(self) -> None:
        vectors = strangers(2000, seed=26)
        bases = [normaliser(vectors[:size], np.arange(size)).basis for size in (5, 200, 2000)]
        assert bases == [Basis.SHIPPED, Basis.BLENDED, Basis.OWN]

    def test_a_population_of_other_people_loses_its_say(self) -> None:
        # People of another kind: each direction of the embedding turned round.
        here = unit(-strangers(400, seed=29)[:, ::-1])
        codes = np.arange(400)
        assert normaliser(here, codes).share < 0.05
        assert normaliser(strangers(400, seed=29), codes).share > 0.25
        others = score(unit(-strangers(300, seed=30)[:, ::-1]), here, codes)
        assert np.quantile(others, 0.999) == pytest.approx(3.09, abs=0.4)

    def test_without_population_a_small_gallery_is_refused(self) -> None:
        with pytest.raises(NotEnoughPeople, match="59 people"):
            normaliser(strangers(59, seed=27), np.arange(59), shipped_too=False)
        assert normaliser(strangers(60, seed=27), np.arange(60), shipped_too=False).basis is Basis.SMALL

    def test_codes_must_ascend(self) -> None:
        with pytest.raises(ValueError, match="ascending"):
            learn(strangers(2, seed=1), np.array([2, 1]), people=2, population=population())

    def test_repr_shows_no_template(self) -> None:
        made = normaliser(strangers(20, seed=28), np.arange(20))
        assert "array" not in repr(made) + repr(population())


class TestNormal:
    @given(st.floats(-60, 60))
    def test_the_tail_is_scipys(self, x: float) -> None:
        assert log_tail(x) == pytest.approx(log_ndtr(-x), rel=1e-12, abs=1e-290)

    @given(st.floats(1e-300, 1 - 1e-12))
    def test_quantiles_are_scipys(self, p: float) -> None:
        assert quantile(p) == pytest.approx(ndtri(p), rel=1e-9, abs=1e-12)

    def test_shapes_are_kept(self) -> None:
        assert log_tail(np.zeros((2, 3))).shape == quantile(np.full((2, 3), 0.5)).shape == (2, 3)
