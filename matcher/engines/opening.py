"""The one place that turns an engine's name into an engine."""

from pathlib import Path

from matcher.engines.base import Engine, EngineSpec
from matcher.engines.networks import Precision
from matcher.errors import EngineUnavailable

DLIB_RESNET = "dlib-resnet"
FACE_RECOGNITION = "face_recognition"


def engine_spec(name: str) -> EngineSpec:
    """What an engine is, without loading it; raises EngineUnavailable for a name that is not known."""
    if name == DLIB_RESNET:
        from matcher.engines.dlib_resnet import SPEC

        return SPEC
    if name == FACE_RECOGNITION:
        from matcher.engines.reference import SPEC as REFERENCE

        return REFERENCE
    raise EngineUnavailable(f"there is no engine {name!r}; use {DLIB_RESNET} or {FACE_RECOGNITION}")


def open_engine(name: str, *, cache: Path | None, precision: Precision, threads: int) -> Engine:
    """The engine, its networks loaded; raises EngineUnavailable."""
    engine_spec(name)
    if name == FACE_RECOGNITION:
        from matcher.engines.reference import FaceRecognitionEngine

        return FaceRecognitionEngine()
    from matcher.engines.dlib_resnet import DlibResnetEngine

    return DlibResnetEngine(cache=cache, precision=precision, threads=threads)
