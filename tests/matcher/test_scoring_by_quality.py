"""The likelihood ratio given the quality of the probe's photo."""

import dataclasses
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.errors import OutsideCalibration
from matcher.evaluation import cllr
from matcher.quality import Quality, QualityPolicy, Verdict
from matcher.scoring.by_quality import HIGHEST, LOWEST, QualityLaw, fit_by_quality, fitness
from matcher.scoring.calibrating import Portfolio, calibrate
from matcher.scoring.calibration import Calibration
from matcher.scoring.candidates import shortlist
from matcher.scoring.falsematch import FalseMatchLaw
from matcher.scoring.likelihood import fit_likelihood
from matcher.scoring.opening import keep_calibration
from tests.matcher.live_parts import enroll, opened, probe
from tests.matcher.scoring_people import ENGINE, another_photo, calibration, population, strangers

NORMAL = FalseMatchLaw(0.0, 1.0, 5.0, 6.5)
scores = st.floats(-4, 9)
qualities = st.floats(0, 100)


def _drawn(seed: int, count: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Mated scores and the quality of their probes, as they were measured: a mean that moves with the quality."""
    rng = np.random.default_rng(seed)
    logits = rng.uniform(-3.5, 2.5, count)
    return rng.normal(3.5 + 0.5 * logits, 1.15), 100 / (1 + np.exp(-logits))


@given(scores, scores, qualities)
def test_never_falls_with_the_score(one: float, other: float, quality: float) -> None:
    law = calibration().likelihood_at(quality)
    low, high = sorted((one, other))
    assert law.ln(low) <= law.ln(high)


@given(st.lists(scores, max_size=8), st.lists(qualities, min_size=2, max_size=2), st.floats(0.01, 0.9))
def test_ranks_and_false_alarms_do_not_depend_on_quality(some: list[float], both: list[float], fpir: float) -> None:
    people = np.arange(len(some))

    def listed(quality: float | None) -> list[tuple[object, ...]]:
        found = shortlist(np.array(some), people, calibration(), gallery=900, prior=0.5, fpir=fpir, quality=quality)
        entries = [(one.person, one.score, one.fpir, one.reach) for one in found.candidates]
        return [(found.threshold,), *entries]

    assert listed(both[0]) == listed(both[1]) == listed(None)


@given(scores)
def test_unknown_quality_gives_the_law_that_asks_for_none(score: float) -> None:
    shipped = calibration()
    assert shipped.by_quality is not None
    assert shipped.likelihood_at(None) == shipped.likelihood
    without = dataclasses.replace(shipped, by_quality=None)
    assert without.likelihood_at(50.0) == shipped.likelihood
    people = np.zeros(1, np.int64)
    asked = [
        shortlist(np.array([score]), people, each, gallery=10, prior=0.5, quality=quality)
        for each, quality in ((shipped, None), (without, None), (without, 3.0))
    ]
    assert asked[0] == asked[1] == asked[2]


def test_the_same_middling_score_says_more_where_the_photo_is_poor() -> None:
    poor, good = (calibration().likelihood_at(quality) for quality in (QualityPolicy().unfit_below, 90.0))
    assert poor.ln(2.5) > good.ln(2.5) + 1
    # The higher the score, the less it matters.
    assert abs(poor.ln(5.0) - good.ln(5.0)) < 0.5 * (poor.ln(2.5) - good.ln(2.5))


def test_answers_take_account_of_quality_where_it_was_measured(tmp_path: Path) -> None:
    vectors = strangers(40, seed=61)
    seen = another_photo(vectors[:1], seed=62, change=0.4)[0]
    with opened(tmp_path) as matcher:
        enroll(matcher, {f"p{place}": [vector] for place, vector in enumerate(vectors)})
        plain = probe(matcher, seen)
        photos = [
            dataclasses.replace(plain, quality=Quality({}, score, Verdict.POOR) if score is not None else None)
            for score in (12.0, 95.0, None)
        ]
        together = matcher.identify_many(photos)
        alone = [matcher.identify_many([photo])[0] for photo in photos]
        assert "take account of the photo's quality, where that was measured" in together[0].scoring.note
    assert [one.candidates for one in together] == [one.candidates for one in alone]
    listed = [
        [(c.person.person_id, c.score, c.false_alarm_probability, c.false_alarm_reach) for c in one.candidates]
        for one in together
    ]
    assert listed[0] == listed[1] == listed[2]
    ratios = [one.candidates[0].log10_likelihood_ratio for one in together]
    assert len(set(ratios)) == 3
    keep_calibration(tmp_path, dataclasses.replace(calibration(), by_quality=None))
    with opened(tmp_path) as matcher:
        answers = matcher.identify_many(photos)
    assert "take no account of the photo's quality" in answers[0].scoring.note
    assert answers[0].candidates == answers[1].candidates == together[2].candidates


def test_two_normals_are_found_again_and_knowing_quality_pays() -> None:
    law = fit_by_quality(*_drawn(1), NORMAL)
    plain = fit_likelihood(_drawn(1)[0], NORMAL)
    mated, quality = _drawn(2)
    others = np.random.default_rng(3).normal(0, 1, mated.size)
    exact = np.array([-0.5 * ((2.5 - 3.5 - 0.5 * u) / 1.15) ** 2 - np.log(1.15) + 3.125 for u in (-3.0, 0.0, 2.0)])
    found = [float(law.at(100 / (1 + np.exp(-u))).ln(2.5)) for u in (-3.0, 0.0, 2.0)]
    assert found == pytest.approx(exact, abs=0.6)
    given_quality = [
        np.array([float(law.at(q).log10(s)) for s, q in zip(part, quality, strict=True)]) for part in (mated, others)
    ]
    assert cllr(*given_quality) < cllr(plain.log10(mated), plain.log10(others)) - 0.005


def test_quality_is_kept_within_what_was_seen() -> None:
    assert fitness([0, 100]) == pytest.approx([0, HIGHEST - LOWEST])
    assert fitness(50.0) == pytest.approx(-LOWEST)


def test_a_gallerys_factor_counts_in_both_laws() -> None:
    denser = calibration().times(2.0)
    for quality in (None, 5.0, 95.0):
        before, after = calibration().likelihood_at(quality).ln(3.0), denser.likelihood_at(quality).ln(3.0)
        assert after == pytest.approx(before - np.log(2))


def test_round_trip_with_and_without() -> None:
    for made in (calibration(), dataclasses.replace(calibration(), by_quality=None)):
        assert Calibration.from_json(made.to_json()) == made


def test_refusals() -> None:
    with pytest.raises(OutsideCalibration, match="hardly differs"):
        fit_by_quality(np.full(40, 4.0), np.full(40, 70.0), NORMAL)
    with pytest.raises(OutsideCalibration, match="not known"):
        fit_by_quality(np.full(40, 4.0), np.full(40, np.nan), NORMAL)
    with pytest.raises(ValueError, match="fall"):
        QualityLaw(0, -1, 0.1, 0, 0.1, 0, 6, 40)


@pytest.mark.long
def test_calibrating_fits_it_where_the_quality_of_photos_is_known() -> None:
    count = 400
    vectors = strangers(count, seed=51)
    good, bad = another_photo(vectors, seed=52, change=0.25), another_photo(vectors, seed=53, change=0.5)
    people = np.tile(np.arange(count), 3)
    enrolled = np.repeat([True, False, False], count)
    worse = np.repeat([False, False, True], count)
    known = np.repeat([80.0, 80.0, 10.0], count)
    whole = Portfolio("drawn", np.concatenate([vectors, good, bad]), people, enrolled, known, worse)
    plain = Portfolio("drawn", whole.vectors[~worse], people[~worse], enrolled[~worse])
    made, without = (
        calibrate([each], engine=ENGINE, description="", date="", population=population()) for each in (whole, plain)
    )
    # Photos that were made worse are for the ratio by quality alone.
    assert made.false_matches == without.false_matches
    # The regression ends where its steps are small, and products of more rows may round differently.
    assert astuple(made.likelihood) == pytest.approx(astuple(without.likelihood), rel=1e-4)
    assert without.by_quality is None
    assert made.by_quality is not None
    assert made.likelihood_at(10.0).ln(2.5) > made.likelihood_at(80.0).ln(2.5)
