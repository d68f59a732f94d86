"""A second engine's template of a photo: of the face that was enrolled, or the reason why there is none."""

import io
import logging

import numpy as np
import pytest
from PIL import Image

from matcher.beside import Beside, made_of, open_second
from matcher.drawn import photo_bytes
from matcher.engines.base import Engine
from matcher.engines.dlib_resnet import DlibResnetEngine
from matcher.errors import EngineUnavailable
from matcher.faces import Box, EngineKey, Face
from matcher.photo import decode
from tests.engines.conftest import drawn

KEY = EngineKey("dlib-resnet@2")


@pytest.fixture(scope="module")
def pair() -> bytes:
    """Two people side by side, in faces of the same size."""
    pixels = np.concatenate([drawn(person).pixels for person in (3, 5)], axis=1)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.mark.long
def test_of_several_faces_the_enrolled_one_is_embedded(engine: DlibResnetEngine, pair: bytes) -> None:
    width = drawn(3).width
    faces = engine.detect(decode(pair))
    assert len(faces) == 2
    for face in faces:
        made = made_of(engine, pair, face)
        assert made.template is not None
        person = 3 if face.box.centre[0] < width else 5
        alone = engine.detect(drawn(person))[0]
        there = engine.embed(drawn(person), [alone])[0]
        assert np.linalg.norm(made.template.vector - there) < 0.3
        # Another detector's box of the same face is larger or smaller, and may be shifted.
        box = face.box
        wide = Face(Box(box.left - 30, box.top - 50, box.right + 30, box.bottom + 20), face.landmarks, 1.0)
        again = made_of(engine, pair, wide)
        assert again.template is not None
        assert np.array_equal(again.template.vector, made.template.vector)


def test_without_a_recorded_face_several_are_not_guessed_among(engine: DlibResnetEngine, pair: bytes) -> None:
    made = made_of(engine, pair, None)
    assert (made.template, made.code) == (None, "several_faces")


def test_another_face_than_the_enrolled_one_is_not_taken(engine: DlibResnetEngine) -> None:
    elsewhere = Face(Box(0, 0, 40, 40), np.zeros((5, 2), np.float32), 1.0)
    assert made_of(engine, photo_bytes(3, 0), elsewhere).code == "other_face"


def test_photos_of_nobody_and_no_photos(engine: DlibResnetEngine) -> None:
    file = io.BytesIO()
    Image.new("RGB", (200, 200), "grey").save(file, "PNG")
    assert made_of(engine, file.getvalue(), None).code == "no_face"
    broken = made_of(engine, b"not a photo", None)
    assert broken.template is None
    assert broken.code
    assert broken.reason


def test_an_engine_of_another_version_is_not_taken_for_it(engine: DlibResnetEngine) -> None:
    assert open_second(lambda _name: engine, KEY) is engine
    with pytest.raises(EngineUnavailable, match=r"dlib-resnet@2, not of dlib-resnet@7.*--discard"):
        open_second(lambda _name: engine, EngineKey("dlib-resnet@7"))


def test_the_engine_beside_is_opened_when_wanted_and_once(engine: DlibResnetEngine) -> None:
    opened: list[str] = []

    def opener(name: str) -> Engine:
        opened.append(name)
        return engine

    wanted = EngineKey("")
    beside = Beside(lambda: wanted, opener)
    assert beside.also(photo_bytes(3, 0), None) == ()
    assert opened == []
    wanted = KEY
    for _ in range(2):
        (made,) = beside.also(photo_bytes(3, 0), None)
        assert made.engine == KEY
    assert opened == ["dlib-resnet"]


def test_enrolment_goes_on_where_the_engine_beside_is_missing(caplog: pytest.LogCaptureFixture) -> None:
    def missing(name: str) -> Engine:
        raise EngineUnavailable(f"there is no engine {name}")

    beside = Beside(lambda: EngineKey("gone@1"), missing)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert beside.also(photo_bytes(3, 0), None) == ()
    assert [record.getMessage() for record in caplog.records] == [
        "photos are enrolled without a template of gone@1: there is no engine gone"
    ]
