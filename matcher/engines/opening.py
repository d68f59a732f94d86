"""The one place that turns an engine's name into an engine: those of the program, and those on a home's shelf."""

from collections.abc import Callable
from functools import cache as once
from pathlib import Path

from matcher import one_thread
from matcher.engines.base import Engine, EngineSpec
from matcher.engines.brought.manifest import Brought, DetectorKind, Joined
from matcher.engines.brought.shelf import Shelf
from matcher.engines.networks import Precision
from matcher.errors import EngineUnavailable

DLIB_RESNET = "dlib-resnet"
DLIB_RESNET_5 = "dlib-resnet-5"
FACE_RECOGNITION = "face_recognition"
BUILT_IN = (DLIB_RESNET, DLIB_RESNET_5, FACE_RECOGNITION)

Opener = Callable[[str], Engine]


def engine_names(home: Path | None) -> tuple[str, ...]:
    """Every name that can be opened: the program's own first, then those of the home."""
    return (*BUILT_IN, *(Shelf(home).names() if home else ()))


def engine_spec(name: str, *, home: Path | None = None) -> EngineSpec:
    """What an engine is, without loading it; raises EngineUnavailable for a name that is not known."""
    if name == DLIB_RESNET:
        from matcher.engines.dlib_resnet import SPEC

        return SPEC
    if name == DLIB_RESNET_5:
        from matcher.engines.dlib_resnet import SPEC_OF_FIVE

        return SPEC_OF_FIVE
    if name == FACE_RECOGNITION:
        from matcher.engines.reference import SPEC as REFERENCE

        return REFERENCE
    from matcher.engines.brought.engine import brought_spec

    return brought_spec(_manifest(name, home))


def open_engine(
    name: str, *, cache: Path | None, precision: Precision, threads: int, home: Path | None = None
) -> Engine:
    """The engine, its networks loaded; raises EngineUnavailable. From then on this process's matrix products stay in
    the thread that calls them, see `one_thread`.

    cache: where the program's own networks are kept. home: whose brought engines can be opened; None for none.
    """
    one_thread.for_each()
    return _opener(cache, precision, threads, home)(name)


def open_joined(manifest: Joined, *, cache: Path | None, precision: Precision, threads: int, home: Path) -> Engine:
    """The same for a joined engine that is not kept in the home."""
    one_thread.for_each()
    return _joined(manifest, _opener(cache, precision, threads, home))


def _opener(cache: Path | None, precision: Precision, threads: int, home: Path | None) -> Opener:
    @once
    def opened(wanted: str) -> Engine:
        # Once each, so that the parts of a joined engine share the default engine's detector.
        if wanted in (DLIB_RESNET, DLIB_RESNET_5):
            from matcher.engines.dlib_resnet import DlibResnetEngine

            five = wanted == DLIB_RESNET_5
            return DlibResnetEngine(cache=cache, precision=precision, threads=threads, of_five=five)
        if wanted == FACE_RECOGNITION:
            from matcher.engines.reference import FaceRecognitionEngine

            return FaceRecognitionEngine()
        manifest = _manifest(wanted, home)
        if isinstance(manifest, Joined):
            return _joined(manifest, opened)
        return _brought(manifest, Shelf(_known(home)), opened, threads)

    return opened


def _brought(manifest: Brought, shelf: Shelf, opened: Opener, threads: int) -> Engine:
    from matcher.engines.brought.engine import BroughtEngine, Models

    detector = shelf.model(manifest.detector.model) if manifest.detector.model else b""
    models = Models(shelf.model(manifest.model), detector)
    # By five landmarks alone, an engine stays free of the licence of the 68.
    finding = DLIB_RESNET_5 if manifest.detector.kind is DetectorKind.OWN else DLIB_RESNET
    return BroughtEngine(manifest, models, own=lambda: opened(finding), threads=threads)


def _joined(manifest: Joined, opened: Opener) -> Engine:
    from matcher.engines.brought.engine import brought_spec
    from matcher.engines.joined import JoinedEngine

    first, second = (opened(part.name) for part in manifest.parts)
    return JoinedEngine(brought_spec(manifest), (first, second), weight=manifest.weight)


def _manifest(name: str, home: Path | None) -> Brought | Joined:
    if home is None or not Shelf(home).has(name):
        known = ", ".join(engine_names(home))
        raise EngineUnavailable(
            f"there is no engine {name[:50]!r}; use one of {known}, or add it with matcher engines add"
        )
    return Shelf(home).manifest(name)


def _known(home: Path | None) -> Path:
    if home is None:
        raise EngineUnavailable("brought engines are kept in a home, and none is named")
    return home
