"""The engines of a home as administrators see them: which serves, what each is made of, with checksums and licences."""

from dataclasses import dataclass
from pathlib import Path

from matcher.diagnosis import WEIGHTS
from matcher.engines.brought.manifest import Brought, Joined
from matcher.engines.brought.shelf import Shelf
from matcher.engines.opening import BUILT_IN, engine_names, engine_spec
from matcher.errors import EngineUnavailable
from matcher.gallery import Gallery


@dataclass(frozen=True, slots=True)
class ModelLine:
    """A model's file. sha256: of its bytes, as they must be."""

    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class EngineLine:
    """An engine. templates: how many of its templates the galleries hold. fault: why it can't be used, else empty.

    licence: as whoever added it stated it; empty for the program's own, whose licences are in NOTICE. parts: of a
    joined engine.
    """

    name: str
    key: str
    dimension: int
    description: str
    licence: str
    notes: str
    added: str
    models: tuple[ModelLine, ...]
    parts: tuple[str, ...]
    templates: int
    is_serving: bool
    fault: str = ""


def engine_lines(home: Path, gallery: Gallery) -> list[EngineLine]:
    """The program's own first, then those of the home."""
    serving, counts = str(gallery.engines().serving or gallery.engine), _templates(gallery)
    return [_line(home, name, serving, counts) for name in engine_names(home)]


def _line(home: Path, name: str, serving: str, counts: dict[str, int]) -> EngineLine:
    try:
        spec = engine_spec(name, home=home)
        manifest = None if name in BUILT_IN else Shelf(home).manifest(name)
    except EngineUnavailable as fault:
        return EngineLine(name, "", 0, "", "", "", "", (), (), 0, is_serving=False, fault=str(fault))
    key = str(spec.key)
    models = _own_models() if manifest is None else ()
    parts: tuple[str, ...] = ()
    if isinstance(manifest, Brought):
        files = [manifest.model, *([manifest.detector.model] if manifest.detector.model else [])]
        models = tuple(ModelLine(file.source, file.sha256) for file in files)
    if isinstance(manifest, Joined):
        parts = tuple(part.key for part in manifest.parts)
    return EngineLine(
        name, key, spec.dimension, spec.description, manifest.licence if isinstance(manifest, Brought) else "",
        manifest.notes if manifest else "", manifest.added if manifest else "", models, parts, counts.get(key, 0),
        is_serving=key == serving,
    )  # fmt: skip


def _own_models() -> tuple[ModelLine, ...]:
    return tuple(ModelLine(name, sha256) for name, sha256 in WEIGHTS.items())


def _templates(gallery: Gallery) -> dict[str, int]:
    found: dict[str, int] = {}
    for size in gallery.state().galleries.values():
        for key, count in size.templates.items():
            found[str(key)] = found.get(str(key), 0) + count
    return found
