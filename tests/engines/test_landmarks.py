"""Landmarks and what is made of them: chips as dlib cuts them, one search for them a photo, and none where none may."""

from dataclasses import replace

import dlib
import numpy as np
import pytest

from matcher.engines import alignment
from matcher.engines.alignment import Aligner, disagreement, upright_crop
from matcher.engines.chips import chip
from matcher.engines.dlib_resnet import SPEC, SPEC_OF_FIVE, DlibResnetEngine
from matcher.engines.weights import FIVE_LANDMARKS, SIXTY_EIGHT_LANDMARKS
from matcher.faces import Face
from matcher.preparing import prepare_decoded
from matcher.quality import Appraiser
from tests.engines.conftest import drawn
from tests.realdata import needs_real_photos, some_photos


@pytest.mark.parametrize("person", range(4))
@pytest.mark.parametrize("padding", [0.2, 0.25, 0.3])
def test_chips_by_68_landmarks_are_dlibs(engine: DlibResnetEngine, person: int, padding: float) -> None:
    photo = drawn(person)
    points = np.rint(engine.detect(photo)[0].shape)
    parts = [dlib.point(int(x), int(y)) for x, y in points.tolist()]
    theirs = dlib.get_face_chip(
        photo.pixels, dlib.full_object_detection(dlib.rectangle(0, 0, 9, 9), parts), 150, padding
    )
    # Sums in another order may round one pixel in ten thousand to the other side.
    apart = np.abs(chip(photo.pixels, points, padding).astype(int) - theirs)
    assert apart.max() <= 1
    assert np.mean(apart > 0) < 1e-3


def test_the_largest_face_carries_its_shape_and_others_make_the_same_template(engine: DlibResnetEngine) -> None:
    photo = drawn(3)
    (face,) = engine.detect(photo)
    assert face.shape.shape == (68, 2)
    assert face.shape.dtype == np.float32
    bare = Face(face.box, face.landmarks, face.detection_score, face.turn)
    assert bare.shape.shape == (0, 2)
    assert np.array_equal(engine.embed(photo, [face]), engine.embed(photo, [bare]))
    assert str(float(face.shape[0, 0])) not in repr(face)


def test_landmarks_are_looked_for_once_a_photo(engine: DlibResnetEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    really = Aligner._landmarks

    def counted(self: Aligner, model: str, crop: np.ndarray, face: float) -> np.ndarray:
        looked.append(model)
        return really(self, model, crop, face)

    monkeypatch.setattr(Aligner, "_landmarks", counted)
    prepared = prepare_decoded(engine, drawn(5), timings={}, appraiser=Appraiser())
    assert prepared.quality is not None
    assert sorted(looked) == sorted([FIVE_LANDMARKS, SIXTY_EIGHT_LANDMARKS])


@pytest.mark.long
def test_the_engine_of_five_never_opens_the_model_of_68(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: dict[str, object] = {}
    monkeypatch.setattr(alignment, "_models", opened)
    engine = DlibResnetEngine(of_five=True)
    assert engine.spec == SPEC_OF_FIVE != SPEC
    faces = engine.detect(drawn(2))
    assert np.isfinite(engine.embed(drawn(2), faces)).all()
    assert FIVE_LANDMARKS in opened
    assert SIXTY_EIGHT_LANDMARKS not in opened


@needs_real_photos
def test_lying_faces_are_told_by_landmarks_that_disagree(engine: DlibResnetEngine) -> None:
    """The crop of a lying face, taken for an upright one, never looks like one; most upright ones do."""
    finder = Aligner()
    upright, lying = [], []
    for photo in some_photos(40, step=11):
        face = engine.detect(photo)[0]
        upright.append(disagreement(face.landmarks, face.shape))
        for turn in (90, 180, 270):
            crop = upright_crop(photo.pixels, face.box, (face.turn + turn) % 360)
            wrong = replace(face, landmarks=finder.five_of(crop), shape=np.zeros((0, 2), np.float32))
            lying.append(disagreement(wrong.landmarks, finder.shape(photo.pixels, wrong)))
    assert min(lying) > 0.025
    assert np.mean(np.array(upright) < 0.025) > 0.5
