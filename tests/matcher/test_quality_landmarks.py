"""Landmarks for faces of any engine, and whether two models of them agree."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.quality_damage import DAMAGES
from benchmarks.quality_scene import Scene
from matcher.engines.base import Engine
from matcher.faces import Box
from matcher.quality import Appraiser, Landmarks, Measure, Quality, Verdict, poor_words, why_unfit
from matcher.quality.landmarks import corners_of
from matcher.selection import select
from tests.matcher.quality_parts import Seen, as_photo, blurred, drawn_face, seen
from tests.realdata import needs_real_photos, some_photos

PEOPLE = (0, 3, 7, 12)


def arcface(face: Seen) -> np.ndarray:
    """The centres of the eyes, the tip of the nose and the corners of the mouth."""
    points = face.landmarks
    return np.stack([points[36:42].mean(axis=0), points[42:48].mean(axis=0), points[30], points[48], points[54]])


def apart(face: Seen) -> float:
    left, right = face.landmarks[36:42].mean(axis=0), face.landmarks[42:48].mean(axis=0)
    return float(np.hypot(*(right - left)))


@pytest.mark.parametrize("person", PEOPLE)
def test_any_engines_points_lead_to_the_same_landmarks(person: int) -> None:
    face = drawn_face(person)
    found = Landmarks()
    five, _ = found.of(face.photo, face.face)
    assert np.array_equal(five, face.face.landmarks)
    for given in (arcface(face), np.full((5, 2), np.nan), np.zeros((5, 2)), np.zeros((0, 2)), np.zeros((7, 2))):
        five, points = found.of(face.photo, replace(face.face, landmarks=np.asarray(given, np.float32)))
        assert np.hypot(*(five - face.face.landmarks).T).max() < 0.12 * apart(face)
        assert np.hypot(*(points - face.landmarks).T).mean() < 0.08 * apart(face)


def test_points_made_of_others_are_not_taken_for_found_ones() -> None:
    face = drawn_face(3)
    assert corners_of(face.face.landmarks)[1] is True
    made, found = corners_of(arcface(face))
    assert made is not None
    assert not found
    # Made once more they are recognised as made, so that no agreement is measured with them.
    assert corners_of(made) == (pytest.approx(made), False)


def test_what_covers_a_face_lowers_the_agreement_and_is_told() -> None:
    """A mask, dark glasses and a hand's worth of skin, on drawn faces; each costs agreement for most people."""
    worse = 0
    for person in PEOPLE:
        face = drawn_face(person)
        pixels = face.photo.pixels.copy()
        eyes = face.landmarks[36:48]
        (left, top), (right, bottom) = eyes.min(axis=0).astype(int), eyes.max(axis=0).astype(int)
        pixels[top - 20 : bottom + 20, left - 25 : (left + right) // 2] = 128
        covered = as_photo(pixels)
        appraiser = Appraiser()
        moved = appraiser.appraise(covered, replace(face.face, landmarks=np.zeros((0, 2), np.float32)))
        before = appraiser.appraise(face.photo, face.face)
        worse += moved.components[Measure.LANDMARKS].value > before.components[Measure.LANDMARKS].value
        if moved.verdict is not Verdict.GOOD:
            assert Measure.LANDMARKS in [reason.code for reason in moved.reasons]
    assert worse >= 3


def test_landmarks_that_lie_apart_score_lower_and_a_blur_is_told_first() -> None:
    face = drawn_face(3)
    scores = []
    for away in (0.0, 0.05, 0.1, 0.3, 1.0):
        five = face.landmarks[[45, 42, 36, 39, 33]] + np.float32(away * apart(face))
        scores.append(replace(face, face=replace(face.face, landmarks=five)).quality().components[Measure.LANDMARKS])
    assert [component.score for component in scores] == sorted((c.score for c in scores), reverse=True)
    assert scores[0].score > 99
    assert scores[-1].score < 1
    spoilt = blurred(replace(face, face=replace(face.face, landmarks=face.face.landmarks + 40)), 9).quality()
    codes = [reason.code for reason in spoilt.reasons]
    assert codes.index(Measure.SHARPNESS) < codes.index(Measure.LANDMARKS)


def test_the_words_say_what_to_do() -> None:
    good = drawn_face(0).quality()
    assert (good.verdict, poor_words(good)) == (Verdict.GOOD, "")
    unfit = blurred(drawn_face(0), 14).quality()
    assert "the face is blurred" in why_unfit(unfit)
    assert "photograph again" in poor_words(unfit)
    assert "\n" not in why_unfit(unfit)


@pytest.mark.parametrize("box", [Box(50, 50, 50, 50), Box(0, 0, 1e-9, 1), Box(np.nan, 0, 10, 10), Box(9, 9, 1, 1)])
def test_a_face_without_points_or_area_is_measured_all_the_same(box: Box) -> None:
    face = drawn_face(0)
    quality = Appraiser().appraise(face.photo, replace(face.face, box=box, landmarks=np.zeros((0, 2), np.float32)))
    assert 0 <= quality.score <= 100


def test_the_box_alone_is_enough() -> None:
    face = drawn_face(12)
    nothing = np.zeros((0, 2), np.float32)
    wide = Box(face.face.box.left - 15, face.face.box.top - 10, face.face.box.right + 15, face.face.box.bottom + 20)
    quality = Appraiser().appraise(face.photo, replace(face.face, box=wide, landmarks=nothing))
    assert quality.verdict is not Verdict.UNFIT


@needs_real_photos
@pytest.mark.parametrize(("kind", "share"), [("mask", 0.75), ("sunglasses", 0.8), ("stamp", 0.75), ("hand", 0.6)])
def test_covered_real_faces_score_lower(
    kind: str, share: float, real_faces: list[tuple[Seen, Quality]], real_engine: Engine
) -> None:
    """Of those in which a face is still found; a hand may lie beside the landmarks that are compared."""
    appraiser, random = Appraiser(), np.random.default_rng(5)
    lower = []
    for face, before in real_faces:
        photo = as_photo(DAMAGES[kind](Scene(face.photo.pixels, face.landmarks.astype(np.float64)), random))
        if faces := real_engine.detect(photo):
            after = appraiser.appraise(photo, select(faces, photo.width, photo.height).face)
            lower.append(after.score < before.score)
    assert len(lower) >= 10
    assert np.mean(lower) >= share


@pytest.fixture(scope="module")
def real_engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    from matcher.engines.dlib_resnet import DlibResnetEngine

    return DlibResnetEngine(cache=tmp_path_factory.mktemp("networks"))


@pytest.fixture(scope="module")
def real_faces(real_engine: Engine) -> list[tuple[Seen, Quality]]:
    """Thirty real photos with their quality."""
    appraiser, found = Appraiser(), []
    for photo in some_photos(30, step=29):
        face = select(real_engine.detect(photo), photo.width, photo.height).face
        found.append((seen(photo, face), appraiser.appraise(photo, face)))
    return found
