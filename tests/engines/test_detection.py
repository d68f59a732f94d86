"""Finding faces: as dlib finds them, at any size and turn, and nothing where there is nothing."""

import itertools
import json
from pathlib import Path

import cv2
import dlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.engines.dlib_resnet import DlibResnetEngine
from matcher.engines.levels import levels
from matcher.engines.weights import DETECTOR, weights
from matcher.faces import Box
from matcher.photo import Photo
from tests.engines.conftest import drawn
from tests.realdata import needs_real_photos, some_photos

DLIBS: dict[str, list[int] | None] = json.loads((Path(__file__).parent / "dlib_boxes.json").read_text("ascii"))


def _photo(pixels: np.ndarray) -> Photo:
    return Photo(np.ascontiguousarray(pixels, dtype=np.uint8), sha256="0" * 64, format="made")


def _dlibs_box(oracle: "dlib.cnn_face_detection_model_v1", photo: Photo) -> list[int] | None:
    """Left, top, right and bottom of the face that dlib is surest of; None where it finds none."""
    found = max(oracle(photo.pixels, 0), key=lambda hit: hit.confidence, default=None)
    return found and [found.rect.left(), found.rect.top(), found.rect.right() + 1, found.rect.bottom() + 1]


@needs_real_photos
def test_dlib_finds_what_it_found() -> None:
    # dlib takes a third of a second a photo: what it finds is kept by the photos' SHA-256; every tenth is looked at.
    oracle = dlib.cnn_face_detection_model_v1(str(weights(DETECTOR)))
    for photo in some_photos(240, step=5)[::10]:
        assert DLIBS[photo.sha256[:16]] == _dlibs_box(oracle, photo)


@needs_real_photos
@pytest.mark.long
def test_boxes_agree_with_dlibs_detector(engine: DlibResnetEngine, float_engine: DlibResnetEngine) -> None:
    overlaps, rounded = [], []
    for photo in some_photos(240, step=5):
        if not (box := DLIBS[photo.sha256[:16]]):
            continue
        theirs = Box(*box)
        overlaps.append(max((face.box.overlap(theirs) for face in float_engine.detect(photo)), default=0.0))
        rounded.append(max((face.box.overlap(theirs) for face in engine.detect(photo)), default=0.0))
    assert len(overlaps) >= 200
    assert np.mean(np.array(overlaps) >= 0.7) >= 0.99
    assert np.mean(np.array(rounded) >= 0.7) >= 0.99


@needs_real_photos
@pytest.mark.parametrize("turn", [90, 180, 270])
def test_turned_real_photos_give_the_same_face(engine: DlibResnetEngine, turn: int) -> None:
    distances = []
    for photo in some_photos(24, step=31):
        upright = engine.detect(photo)[:1]
        turned_photo = _photo(np.rot90(photo.pixels, turn // 90))
        turned = engine.detect(turned_photo)[:1]
        assert turned
        assert turned[0].turn == turn
        one, other = engine.embed(photo, upright)[0], engine.embed(turned_photo, turned)[0]
        distances.append(float(np.linalg.norm(one - other)))
    assert np.median(distances) < 0.15
    assert max(distances) < 0.4


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_turned_drawn_faces_are_found_where_they_are(engine: DlibResnetEngine, turn: int) -> None:
    photo = drawn(3)
    box = engine.detect(photo)[0].box
    turned = engine.detect(_photo(np.rot90(photo.pixels, turn // 90)))
    assert len(turned) == 1
    assert turned[0].turn == turn
    height, width = photo.pixels.shape[:2]
    x, y = box.centre
    expected = {0: (x, y), 90: (y, width - x), 180: (width - x, height - y), 270: (height - y, x)}[turn]
    assert np.allclose(turned[0].box.centre, expected, atol=0.12 * box.width)


@pytest.mark.parametrize("side", [90, 130, 250, 600, 1200, 3000])
def test_a_face_is_found_whatever_the_size_of_the_photo(engine: DlibResnetEngine, side: int) -> None:
    pixels = drawn(5).pixels
    scale = side / max(pixels.shape[:2])
    resized = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    assert len(engine.detect(_photo(resized))) == 1


@pytest.mark.parametrize("share", [0.13, 0.2, 0.4])
def test_a_small_face_in_a_large_scene_is_found(engine: DlibResnetEngine, share: float) -> None:
    scene = np.full((900, 1600, 3), 120, np.uint8)
    face = cv2.resize(drawn(7).pixels, None, fx=share * 1600 / 480, fy=share * 1600 / 480, interpolation=cv2.INTER_AREA)
    top, left = min(300, 900 - face.shape[0]) if face.shape[0] < 900 else 0, 500
    part = face[: 900 - top]
    scene[top : top + part.shape[0], left : left + part.shape[1]] = part
    found = engine.detect(_photo(scene))
    assert len(found) == 1
    x, _ = found[0].box.centre
    assert abs(x - (left + face.shape[1] / 2)) < 0.2 * face.shape[1]


def test_a_face_cut_to_its_edges_is_found(engine: DlibResnetEngine) -> None:
    photo = drawn(2)
    box = engine.detect(photo)[0].box
    tight = photo.pixels[round(box.top) : round(box.bottom), round(box.left) : round(box.right)]
    assert len(engine.detect(_photo(tight))) == 1


def test_two_faces_side_by_side_are_both_found(engine: DlibResnetEngine) -> None:
    pair = np.hstack([drawn(1).pixels, drawn(2).pixels])
    found = engine.detect(_photo(pair))
    assert len(found) == 2
    assert {face.box.centre[0] > 480 for face in found} == {True, False}


@pytest.mark.parametrize("value", [0, 127, 255])
def test_nothing_is_found_in_an_empty_picture(engine: DlibResnetEngine, value: int) -> None:
    assert engine.detect(_photo(np.full((300, 400, 3), value))) == ()


def test_nothing_is_found_in_noise(engine: DlibResnetEngine) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3))
    assert engine.detect(_photo(noise)) == ()


@settings(max_examples=25, deadline=None)
@given(width=st.integers(16, 700), height=st.integers(16, 700))
@pytest.mark.long
def test_any_shape_of_photo_can_be_searched(engine: DlibResnetEngine, width: int, height: int) -> None:
    engine.detect(_photo(cv2.resize(drawn(0).pixels, (width, height))))


@settings(max_examples=200, deadline=None)
@given(width=st.integers(16, 20_000), height=st.integers(16, 20_000))
def test_sizes_rise_by_a_fifth_and_include_the_photo_itself(width: int, height: int) -> None:
    sizes = levels(width, height, most_enlarged=3.0)
    assert (width, height) in {(size.width, size.height) for size in sizes}
    factors = [size.factor for size in sizes]
    assert factors == sorted(factors, reverse=True)
    assert all(abs(a / b - 1.2) < 1e-9 for a, b in itertools.pairwise(factors))
    assert all(8 <= size.left < 16 and 8 <= size.top < 16 for size in sizes)
