"""What every engine promises, tried on each of them."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageFile

from matcher.engines.base import Engine
from matcher.engines.networks import Precision
from matcher.engines.opening import BUILT_IN, engine_spec, open_engine
from matcher.errors import EngineUnavailable
from matcher.photo import Photo
from tests.engines.conftest import drawn


@pytest.fixture(
    scope="module", params=["dlib-resnet:int8", "dlib-resnet:float", "dlib-resnet-5:int8", "face_recognition:float"]
)
def any_engine(request: pytest.FixtureRequest, cache: Path) -> Engine:
    name, precision = request.param.split(":")
    engine = open_engine(name, cache=cache, precision=Precision(precision), threads=1)
    assert engine.spec == engine_spec(name)
    return engine


@pytest.mark.long
def test_the_same_person_is_nearer_than_others(any_engine: Engine) -> None:
    vectors = {}
    for person in range(8):
        for number in (0, 1):
            photo = drawn(person, number)
            vectors[person, number] = any_engine.embed(photo, any_engine.detect(photo)[:1])[0]
    for person in range(8):
        distances = [float(np.linalg.norm(vectors[person, 1] - vectors[other, 0])) for other in range(8)]
        assert int(np.argmin(distances)) == person


@pytest.mark.long
def test_values_have_the_promised_form(any_engine: Engine) -> None:
    photo = drawn(1)
    faces = any_engine.detect(photo)
    assert len(faces) == 1
    assert faces[0].landmarks.dtype == np.float32
    assert faces[0].landmarks.shape == (5, 2)
    inside = faces[0].landmarks
    assert (inside[:, 0] > faces[0].box.left - 20).all()
    assert (inside[:, 0] < faces[0].box.right + 20).all()
    vectors = any_engine.embed(photo, faces)
    assert vectors.shape == (1, any_engine.spec.dimension)
    assert vectors.dtype == np.float32
    assert any_engine.embed(photo, []).shape == (0, any_engine.spec.dimension)


def test_no_face_is_an_empty_answer(any_engine: Engine) -> None:
    assert any_engine.detect(Photo(np.zeros((200, 200, 3), np.uint8), "0" * 64, "made")) == ()


@pytest.mark.long
def test_threads_get_the_same_answers(any_engine: Engine) -> None:
    photos = [drawn(person) for person in range(6)]

    def embed(photo: Photo) -> np.ndarray:
        return any_engine.embed(photo, any_engine.detect(photo)[:1])

    alone = [embed(photo) for photo in photos]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(embed, photos))
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))


def test_the_photo_is_not_changed(any_engine: Engine) -> None:
    photo = drawn(4)
    before = photo.pixels.copy()
    any_engine.embed(photo, any_engine.detect(photo))
    assert np.array_equal(photo.pixels, before)


def test_the_reference_leaves_pillow_as_it_was(any_engine: Engine) -> None:
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def test_engines_have_keys_of_their_own() -> None:
    keys = {engine_spec(name).key for name in BUILT_IN}
    assert len(keys) == len(BUILT_IN)


def test_an_unknown_engine_names_the_known_ones() -> None:
    with pytest.raises(EngineUnavailable, match="dlib-resnet"):
        open_engine("nonsense", cache=None, precision=Precision.AUTO, threads=1)


def test_templates_and_faces_mask_what_they_hold(any_engine: Engine) -> None:
    face = any_engine.detect(drawn(1))[0]
    assert "masked" in repr(face)
    assert str(float(face.landmarks[0, 0])) not in repr(face)


@pytest.mark.long
def test_what_a_thread_meets_first_is_made_once_for_all(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Making the frontal detector takes a quarter of a second and stops the other threads."""
    import dlib

    made = []
    make = dlib.get_frontal_face_detector

    def counted() -> object:
        made.append(1)
        return make()

    # As in a process that has not looked at any photo yet.
    monkeypatch.setattr("matcher.engines.alignment._models", {})
    monkeypatch.setattr(dlib, "get_frontal_face_detector", counted)
    engine = open_engine("dlib-resnet-5", cache=cache, precision=Precision.AUTO, threads=1)
    with ThreadPoolExecutor(4) as pool:
        assert all(len(found) == 1 for found in pool.map(engine.detect, [drawn(person) for person in range(8)]))
    assert len(made) == 1
