"""What an assessment says of drawn people, of worse copies of their photos, and of nonsense."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.errors import BadSetting
from matcher.faces import Box, Face
from matcher.quality import Component, Measure, Quality, QualityPolicy, Verdict, assess, measure
from matcher.quality.advice import reasons
from matcher.quality.overall import overall
from tests.matcher.quality_parts import Seen, as_photo, blurred, cut, drawn_face, rescaled, squeezed, turned
from tests.realdata import needs_real_photos

PEOPLE = (0, 3, 7, 12)


def _score(face: Seen, of: Measure) -> float:
    return face.quality().components[of].score


def _codes(quality: Quality) -> list[Measure]:
    return [reason.code for reason in quality.reasons]


@pytest.mark.parametrize("person", PEOPLE)
def test_a_plain_photo_is_good(person: int) -> None:
    quality = drawn_face(person).quality()
    assert quality.verdict is Verdict.GOOD
    assert list(quality.components) == list(Measure)
    assert quality.components[Measure.INTER_EYE_DISTANCE].value == pytest.approx(95, rel=0.2)


def test_the_photo_and_the_landmarks_are_left_as_they_were() -> None:
    face = drawn_face(0)
    pixels, landmarks = face.photo.pixels.copy(), face.landmarks.copy()
    face.quality()
    assert np.array_equal(pixels, face.photo.pixels)
    assert np.array_equal(landmarks, face.landmarks)


@pytest.mark.parametrize("person", PEOPLE)
def test_blurring_more_never_raises_sharpness_or_the_score(person: int) -> None:
    qualities = [blurred(drawn_face(person), sigma).quality() for sigma in (0, 0.5, 1, 2, 4, 6, 9, 14)]
    sharp = [quality.components[Measure.SHARPNESS].score for quality in qualities]
    scores = [quality.score for quality in qualities]
    # Levels of grey are whole numbers: a point of rounding is allowed.
    assert all(after <= before + 1 for before, after in pairwise(sharp)), sharp
    assert all(after <= before + 1 for before, after in pairwise(scores)), scores
    assert sharp[-1] < 5
    assert qualities[-1].verdict is Verdict.UNFIT
    assert _codes(qualities[-1])[0] is Measure.SHARPNESS


@pytest.mark.parametrize("person", PEOPLE)
def test_a_darker_or_paler_or_unevenly_lit_photo_is_no_less_sharp(person: int) -> None:
    face = drawn_face(person)
    pixels = face.photo.pixels.astype(np.float64)
    ramp = np.linspace(1.0, 0.4, pixels.shape[1])[None, :, None]
    before = _score(face, Measure.SHARPNESS)
    for changed in (pixels * 0.4, 128 + (pixels - 128) * 0.3, pixels * ramp):
        assert _score(face.showing(changed), Measure.SHARPNESS) > before - 15


def test_noise_is_grain_and_lowers_the_score() -> None:
    face = drawn_face(3)
    random = np.random.default_rng(0)
    # Noise as coarse as the face's pixels in the crop; finer noise would be averaged away.
    small = rescaled(face, 0.5)
    noise = random.normal(0, 1, small.photo.pixels.shape)
    qualities = [small.showing(small.photo.pixels + level * noise).quality() for level in (0, 10, 30, 90)]
    grain = [quality.components[Measure.GRAIN].score for quality in qualities]
    assert grain == sorted(grain, reverse=True)
    assert grain[0] > 90
    assert grain[-1] < 60
    assert Measure.GRAIN in _codes(qualities[-1])


def test_compressing_more_shows_more_blocks() -> None:
    small = rescaled(drawn_face(7), 0.5)
    qualities = [squeezed(small, level).quality() for level in (95, 50, 10, 3)]
    blocks = [quality.components[Measure.BLOCKS].score for quality in qualities]
    assert blocks == sorted(blocks, reverse=True)
    assert blocks[0] > 90
    assert blocks[-1] < 30
    assert Measure.BLOCKS in _codes(qualities[-1])
    assert qualities[-1].score < qualities[0].score


def test_burning_out_lowers_exposure_and_the_score() -> None:
    face = drawn_face(7)
    pixels = face.photo.pixels.astype(np.float64)
    qualities = [face.showing(pixels * gain).quality() for gain in (1, 2, 3, 5, 9)]
    exposure = [quality.components[Measure.OVER_EXPOSURE].score for quality in qualities]
    assert exposure == sorted(exposure, reverse=True)
    assert qualities[-1].score < qualities[0].score - 20
    assert Measure.OVER_EXPOSURE in _codes(qualities[-1])
    assert "white" in qualities[-1].reasons[_codes(qualities[-1]).index(Measure.OVER_EXPOSURE)].text


def test_darkness_is_told_and_does_not_count() -> None:
    face = drawn_face(7)
    quality = face.showing(face.photo.pixels * 0.12).quality()
    assert Measure.UNDER_EXPOSURE in _codes(quality)
    assert quality.components[Measure.LUMINANCE_MEAN].score < 20
    assert quality.score == pytest.approx(face.quality().score, abs=8)


def test_light_from_one_side_is_told() -> None:
    face = drawn_face(3)
    shade = np.where(np.arange(face.photo.width) < face.photo.width / 2, 0.1, 1.0)[None, :, None]
    quality = face.showing(face.photo.pixels * shade).quality()
    assert Measure.ILLUMINATION_UNIFORMITY in _codes(quality)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_photo_is_as_good(quarters: int) -> None:
    face = drawn_face(12)
    upright, lying = face.quality(), turned(face, quarters).quality()
    for each in Measure:
        assert lying.components[each].score == pytest.approx(upright.components[each].score, abs=1.5), each
    assert lying.verdict is upright.verdict


def test_a_small_face_says_how_large_it_should_be() -> None:
    quality = rescaled(drawn_face(0), 0.16).quality()
    assert quality.components[Measure.INTER_EYE_DISTANCE].value == pytest.approx(15, rel=0.25)
    first = quality.reasons[0]
    assert first.code is Measure.INTER_EYE_DISTANCE
    assert "pixels between the eyes" in first.text
    assert "90" in first.advice


def test_a_face_at_the_edge_is_told() -> None:
    face = drawn_face(3)
    x = int(face.landmarks[:, 0].min())
    chin = int(face.landmarks[8, 1])
    assert Measure.CROP_LEFT in _codes(cut(face, left=x + 40).quality())
    assert Measure.CROP_RIGHT in _codes(cut(face, right=x + 40).quality())
    assert Measure.CROP_BELOW in _codes(cut(face, bottom=face.photo.height - chin + 5).quality())
    assert Measure.CROP_ABOVE in _codes(cut(face, top=int(face.landmarks[19, 1]) - 3).quality())


def test_a_second_face_counts_by_its_area() -> None:
    face = drawn_face(0)
    beside = Face(Box(0, 0, face.face.box.width / 2, face.face.box.height), face.face.landmarks, 1.0)
    quality = assess(face.photo, face.face, face.landmarks, others=[beside])
    assert quality.components[Measure.SINGLE_FACE].score == pytest.approx(50)
    assert face.quality().components[Measure.SINGLE_FACE].score == 100


def test_a_face_outside_of_the_photo_is_unfit() -> None:
    face = drawn_face(0)
    away = replace(face, landmarks=face.landmarks + np.float32(5000))
    quality = away.quality()
    assert quality.verdict is Verdict.UNFIT
    assert quality.components[Measure.DYNAMIC_RANGE].score == 0


def test_other_landmarks_are_refused() -> None:
    face = drawn_face(0)
    with pytest.raises(ValueError, match="68"):
        assess(face.photo, face.face, face.landmarks[:5])
    with pytest.raises(ValueError, match="multiple of 90"):
        assess(face.photo, replace(face.face, turn=45), face.landmarks)


_NUMBERS = st.one_of(
    st.floats(-50, 150, width=32), st.sampled_from([0.0, 1e-3, 1e9, -1e9, math.inf, -math.inf, math.nan])
)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    spread=st.sampled_from([0.0, 1e-6, 1.0, 30.0, 1e4]),
    odd=st.lists(st.tuples(st.integers(0, 67), st.integers(0, 1), _NUMBERS), max_size=12),
    corners=st.tuples(_NUMBERS, _NUMBERS, _NUMBERS, _NUMBERS),
    turn=st.sampled_from([0, 90, 180, 270]),
    flat=st.one_of(st.none(), st.integers(0, 255)),
)
@pytest.mark.long
def test_anything_gets_finite_scores(
    *,
    seed: int,
    size: tuple[int, int],
    spread: float,
    odd: list[tuple[int, int, float]],
    corners: tuple[float, float, float, float],
    turn: int,
    flat: int | None,
) -> None:
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, (*size, 3)) if flat is None else np.full((*size, 3), flat)
    landmarks = (random.normal(0, spread, (68, 2)) + random.uniform(0, 90, 2)).astype(np.float32)
    for point, axis, value in odd:
        landmarks[point, axis] = value
    face = Face(Box(*corners), landmarks[:5], 0.0, turn)
    quality = assess(as_photo(pixels), face, landmarks, others=[face])
    assert list(quality.components) == list(Measure)
    for component in quality.components.values():
        assert math.isfinite(component.value)
        assert 0 <= component.score <= 100
    assert 0 <= quality.score <= 100
    assert quality.verdict is Verdict.GOOD or quality.reasons


def _components(scores: list[float]) -> dict[Measure, Component]:
    return {each: Component(score, "", score) for each, score in zip(Measure, scores, strict=True)}


_SCORES = st.lists(st.floats(0, 100), min_size=len(Measure), max_size=len(Measure))


@given(scores=_SCORES, better=_SCORES)
def test_a_better_component_never_lowers_the_score(scores: list[float], better: list[float]) -> None:
    low = [min(pair) for pair in zip(scores, better, strict=True)]
    assert overall(_components(low)) <= overall(_components(scores)) + 1e-9


@given(scores=_SCORES)
def test_whoever_is_warned_is_told_why(scores: list[float]) -> None:
    components = _components(scores)
    verdict = QualityPolicy().verdict(overall(components))
    told = reasons(components, verdict)
    assert told or verdict is Verdict.GOOD
    assert len({reason.code for reason in told}) == len(told)
    assert all(reason.text and reason.advice and "{" not in reason.text for reason in told)


def test_a_policy_decides() -> None:
    policy = QualityPolicy(poor_below=60, unfit_below=20)
    verdicts = [policy.verdict(score) for score in (0, 19.9, 20, 59.9, 60, 100)]
    assert verdicts == [Verdict.UNFIT, Verdict.UNFIT, Verdict.POOR, Verdict.POOR, Verdict.GOOD, Verdict.GOOD]
    assert QualityPolicy(poor_below=0, unfit_below=0).verdict(0) is Verdict.GOOD


@pytest.mark.parametrize("bounds", [(-1, 50), (60, 50), (0, 101), (math.nan, 50)])
def test_impossible_policies_are_refused(bounds: tuple[float, float]) -> None:
    with pytest.raises(BadSetting, match="poor"):
        QualityPolicy(unfit_below=bounds[0], poor_below=bounds[1])


@needs_real_photos
def test_real_photos_are_not_refused_and_worse_copies_score_lower(tmp_path_factory: pytest.TempPathFactory) -> None:
    from matcher.engines.dlib_resnet import DlibResnetEngine
    from matcher.selection import select
    from tests.matcher.quality_parts import seen
    from tests.realdata import some_photos

    engine = DlibResnetEngine(cache=tmp_path_factory.mktemp("networks"))
    poor = 0
    photos = some_photos(60, step=19)
    for photo in photos:
        face = seen(photo, select(engine.detect(photo), photo.width, photo.height).face)
        quality = face.quality()
        assert quality.verdict is not Verdict.UNFIT
        poor += quality.verdict is Verdict.POOR
        distance = quality.components[Measure.INTER_EYE_DISTANCE].value
        worse = blurred(face, 0.2 * distance)
        assert worse.quality().score < quality.score - 30
        assert measure(worse.photo, worse.face, worse.landmarks)[Measure.SHARPNESS].score < 20
    assert poor <= 2
