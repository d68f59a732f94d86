"""A brought network with its detector, as an engine like any other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.engines.base import Engine, EnginePart, EngineSpec, Points
from matcher.engines.brought.finding import Finder, OwnFaces, OwnFaces68, YuNetFaces
from matcher.engines.brought.frame import aligned
from matcher.engines.brought.manifest import Brought, DetectorKind, Joined
from matcher.engines.brought.network import FaceNetwork
from matcher.engines.brought.yunet import YuNet
from matcher.faces import EngineKey, Face
from matcher.photo import Photo

_DETECTORS = {
    DetectorKind.OWN: "the default engine's detector and five landmarks",
    DetectorKind.OWN_68: "the default engine's detector and 68 landmarks",
    DetectorKind.YUNET: "YuNet",
}


@dataclass(frozen=True, slots=True)
class Models:
    """What a brought engine is made of, as bytes. detector: YuNet's, empty for the own detectors."""

    network: bytes
    detector: bytes = b""


class BroughtEngine:
    """An engine that a user brought."""

    def __init__(self, manifest: Brought, models: Models, *, own: Callable[[], Engine], threads: int) -> None:
        """own: gives the default engine, whose detector finds the faces where the manifest says so.

        Raises EngineUnavailable, and BadEngine for a detector that is none.
        """
        self._spec = brought_spec(manifest)
        self._network = FaceNetwork(models.network, manifest.pixels, manifest.output, threads=threads)
        self.finder = _finder(manifest.detector.kind, models.detector, own, threads)

    @property
    def spec(self) -> EngineSpec:
        return self._spec

    def detect(self, photo: Photo) -> tuple[Face, ...]:
        """Every face found, the largest first."""
        return self.finder.detect(photo)

    def embed(self, photo: Photo, faces: Sequence[Face]) -> NDArray[np.float32]:
        """The vectors of faces that this engine's own detector found, float32 (len(faces), dimension)."""
        return self.embed_found(photo, faces, self.finder.points)

    def embed_found(self, photo: Photo, faces: Sequence[Face], kind: Points) -> NDArray[np.float32]:
        """The same for faces that another engine found. kind: which five points they carry."""
        if not faces:
            return np.zeros((0, self._spec.dimension), np.float32)
        frames = self.finder.frames(photo, faces, kind)
        return self._network(np.stack([aligned(photo.pixels, frame) for frame in frames]))


def brought_spec(manifest: Brought | Joined) -> EngineSpec:
    """What an engine on the shelf is, from its manifest alone."""
    if isinstance(manifest, Joined):
        parts = tuple(EnginePart(EngineKey(part.key), part.dimension) for part in manifest.parts)
        names = " and ".join(part.name for part in manifest.parts)
        text = f"{names} joined, {manifest.weight:.3g} to 1"
        return EngineSpec(manifest.name, manifest.version, manifest.dimension, text, parts=parts)
    points = Points.CENTRES if manifest.detector.kind is DetectorKind.YUNET else Points.CORNERS
    text = f"{manifest.kind.value} network of the file {manifest.model.source}, {_DETECTORS[manifest.detector.kind]}"
    return EngineSpec(manifest.name, manifest.version, manifest.output.dimension, text, points)


def _finder(kind: DetectorKind, model: bytes, own: Callable[[], Engine], threads: int) -> Finder:
    if kind is DetectorKind.YUNET:
        return YuNetFaces(YuNet(model, threads=threads))
    found = OwnFaces68(own) if kind is DetectorKind.OWN_68 else OwnFaces(own)
    # Opened now rather than at the first photo, so that weights that are missing are told at the start.
    own()
    return found
