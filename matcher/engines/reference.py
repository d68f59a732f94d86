"""The reference engine: the package face_recognition as its users know it, one HOG detection and one chip a face."""

import importlib
import importlib.util
import sys
import threading
import types
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.engines.base import EngineSpec
from matcher.engines.weights import DETECTOR, FACE_NETWORK, FIVE_LANDMARKS, SIXTY_EIGHT_LANDMARKS, weights
from matcher.errors import EngineUnavailable
from matcher.faces import Box, Face
from matcher.photo import Photo

SPEC = EngineSpec(
    id="face_recognition",
    version="1.3",
    dimension=128,
    description="the package face_recognition with its defaults: HOG detector, one chip",
)
_MODELS = "face_recognition_models"
_LOADING = threading.Lock()


class FaceRecognitionEngine:
    """face_recognition with its default settings; the oracle of the tests and the yardstick of the benchmarks."""

    def __init__(self) -> None:
        self._package = _load()
        # dlib's detector and network keep what they compute in themselves: one photo at a time.
        self._alone = threading.Lock()

    @property
    def spec(self) -> EngineSpec:
        return SPEC

    def detect(self, photo: Photo) -> tuple[Face, ...]:
        """Every face that the HOG detector finds, the largest first, with five landmarks."""
        pixels = photo.pixels
        with self._alone:
            found = self._package.face_locations(pixels)
            landmarks = self._package.face_landmarks(pixels, found, model="small")
        faces = [
            Face(Box(left, top, right, bottom), _five(marks), 1.0)
            for (top, right, bottom, left), marks in zip(found, landmarks, strict=True)
        ]
        return tuple(sorted(faces, key=lambda face: face.box.area, reverse=True))

    def embed(self, photo: Photo, faces: Sequence[Face]) -> NDArray[np.float32]:
        """The faces' vectors, float32 (len(faces), 128)."""
        boxes = [(round(f.box.top), round(f.box.right), round(f.box.bottom), round(f.box.left)) for f in faces]
        with self._alone:
            vectors = self._package.face_encodings(photo.pixels, boxes) if boxes else []
        return np.array(vectors, dtype=np.float32).reshape(len(boxes), SPEC.dimension)


def _five(marks: dict[str, list[tuple[int, int]]]) -> NDArray[np.float32]:
    """face_recognition's small model names its points; dlib's order is right eye, left eye, nose on the picture."""
    points = [*marks["right_eye"], *marks["left_eye"], *marks["nose_tip"]]
    return np.array(points, dtype=np.float32)


def _load() -> Any:
    """Imports face_recognition without its three surprises.

    It calls quit() where face_recognition_models can't be imported, which needs pkg_resources, gone since setuptools
    81: the four functions that it wants are given to it here. And it sets Pillow to accept truncated files for the
    whole process: that is set back.
    """
    with _LOADING:
        if "face_recognition" in sys.modules:
            return sys.modules["face_recognition"]
        from PIL import ImageFile

        accepted = ImageFile.LOAD_TRUNCATED_IMAGES
        sys.modules.setdefault(_MODELS, _models())
        try:
            return importlib.import_module("face_recognition")
        except (ImportError, RuntimeError, SystemExit) as exc:
            raise EngineUnavailable(
                f"the package face_recognition can't be loaded ({exc}); install face_recognition 1.3"
            ) from exc
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = accepted


def _models() -> types.ModuleType:
    module = types.ModuleType(_MODELS)
    # With its real spec, so that whoever looks for the package's files finds them as before.
    module.__spec__ = importlib.util.find_spec(_MODELS)
    files = {
        "pose_predictor_model_location": SIXTY_EIGHT_LANDMARKS,
        "pose_predictor_five_point_model_location": FIVE_LANDMARKS,
        "face_recognition_model_location": FACE_NETWORK,
        "cnn_face_detector_model_location": DETECTOR,
    }
    for function, name in files.items():
        path = str(weights(name))
        setattr(module, function, lambda path=path: path)
    return module
