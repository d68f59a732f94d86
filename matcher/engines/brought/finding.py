"""What finds faces for a brought network, and the frame in which it is shown each of them."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from matcher.engines.alignment import Aligner
from matcher.engines.base import Engine, Points
from matcher.engines.brought.frame import CORNERS, Map, frame_of, frame_of_68, inverse_of, moved
from matcher.engines.brought.yunet import YuNet
from matcher.faces import Face
from matcher.photo import Photo


class Finder(Protocol):
    """Every method may be called from any thread."""

    @property
    def points(self) -> Points:
        """Which five points its faces carry."""
        ...

    def detect(self, photo: Photo) -> tuple[Face, ...]: ...

    def frames(self, photo: Photo, faces: Sequence[Face], kind: Points) -> list[Map]:
        """The frame of each face; kind: which points these faces carry, which another detector may have found."""
        ...


class OwnFaces:
    """The default engine's detector, and its five landmarks."""

    points = Points.CORNERS

    def __init__(self, engine: Callable[[], Engine]) -> None:
        """engine: gives the default engine, which is asked for only when faces must be found."""
        self._engine = engine

    def detect(self, photo: Photo) -> tuple[Face, ...]:
        return self._engine().detect(photo)

    def frames(self, photo: Photo, faces: Sequence[Face], kind: Points) -> list[Map]:  # noqa: ARG002
        return [frame_of(face.landmarks, kind) for face in faces]


class OwnFaces68(OwnFaces):
    """The same detector, and frames by dlib's 68 landmarks."""

    def __init__(self, engine: Callable[[], Engine]) -> None:
        super().__init__(engine)
        self._aligner = Aligner()

    def frames(self, photo: Photo, faces: Sequence[Face], kind: Points) -> list[Map]:
        return [frame_of_68(self._shape(photo, face, kind)) for face in faces]

    def _shape(self, photo: Photo, face: Face, kind: Points) -> NDArray[np.float32]:
        if kind is Points.CORNERS:
            return self._aligner.shape(photo.pixels, face)
        return self._aligner.sixty_eight(photo.pixels, corners_from(frame_of(face.landmarks, kind)))


class YuNetFaces:
    """YuNet's faces and points. Where another detector found the face, YuNet places the points on it."""

    points = Points.CENTRES

    def __init__(self, yunet: YuNet) -> None:
        self._yunet = yunet

    def detect(self, photo: Photo) -> tuple[Face, ...]:
        return self._yunet.detect(photo.pixels)

    def frames(self, photo: Photo, faces: Sequence[Face], kind: Points) -> list[Map]:
        return [self._frame(photo, face, kind) for face in faces]

    def _frame(self, photo: Photo, face: Face, kind: Points) -> Map:
        rough = frame_of(face.landmarks, kind)
        if kind is Points.CENTRES:
            return rough
        seen = self._yunet.close_up(photo.pixels, rough)
        # A face that only the other detector sees is aligned by the points of that one.
        return rough if seen is None else frame_of(seen.points, Points.CENTRES)


def corners_from(frame: Map) -> NDArray[np.float32]:
    """Where dlib's five points lie in the photo, given a face's frame: float32 (5, 2)."""
    return moved(CORNERS, inverse_of(frame)).astype(np.float32)
