"""Finds the four weight files of the package face_recognition_models, without importing it.

Importing it fails wherever setuptools 81 or later is installed (it needs pkg_resources), and the package
face_recognition then calls quit(); the files need no import.
"""

import importlib.util
from pathlib import Path

from matcher.errors import EngineUnavailable

FACE_NETWORK = "dlib_face_recognition_resnet_model_v1.dat"
DETECTOR = "mmod_human_face_detector.dat"
FIVE_LANDMARKS = "shape_predictor_5_face_landmarks.dat"
SIXTY_EIGHT_LANDMARKS = "shape_predictor_68_face_landmarks.dat"


def weights(name: str) -> Path:
    """The path of one of the files named above; raises EngineUnavailable."""
    try:
        spec = importlib.util.find_spec("face_recognition_models")
    except (ImportError, ValueError):
        spec = None
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "models" / name
        if path.is_file():
            return path
    raise EngineUnavailable(f"the weights {name} are missing; install the package face_recognition_models 0.3")
