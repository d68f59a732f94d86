"""Faces to assess: drawn people with landmarks found on them, and copies of their photos made worse."""

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.drawn import draw
from matcher.engines.alignment import Aligner
from matcher.faces import Box, Face
from matcher.photo import Photo
from matcher.quality import Quality, assess

_ALIGNER = Aligner()


@dataclass(frozen=True, slots=True)
class Seen:
    """A photo, the face in it and its 68 landmarks."""

    photo: Photo
    face: Face
    landmarks: NDArray[np.float32]

    def quality(self) -> Quality:
        return assess(self.photo, self.face, self.landmarks)

    def showing(self, pixels: NDArray[np.generic]) -> "Seen":
        """Other pixels under the same landmarks."""
        return replace(self, photo=as_photo(pixels))


def as_photo(pixels: NDArray[np.generic]) -> Photo:
    made = np.ascontiguousarray(np.clip(np.rint(pixels.astype(np.float64)), 0, 255).astype(np.uint8))
    made.flags.writeable = False
    return Photo(made, sha256="0" * 64, format="made")


def seen(photo: Photo, face: Face) -> Seen:
    return Seen(photo, face, _ALIGNER.sixty_eight(photo.pixels, face.landmarks))


@lru_cache(maxsize=16)
def drawn_face(person: int, number: int = 0) -> Seen:
    """A drawn person's photo. Where the head stands is known, so no detector is needed."""
    photo = as_photo(draw(person, number))
    box = Box(130, 165, 350, 385)
    return seen(photo, Face(box, _ALIGNER.five(photo.pixels, box, 0), 1.0))


def turned(face: Seen, quarters: int) -> Seen:
    """The photo turned anticlockwise by quarters; its face says how to turn it back."""
    points, five, (height, width) = face.landmarks, face.face.landmarks, face.photo.pixels.shape[:2]
    for _ in range(quarters):
        points, five = (np.stack([each[:, 1], width - 1 - each[:, 0]], axis=1) for each in (points, five))
        height, width = width, height
    photo = as_photo(np.rot90(face.photo.pixels, quarters))
    return Seen(photo, replace(face.face, landmarks=five, turn=90 * quarters), points)


def rescaled(face: Seen, factor: float) -> Seen:
    size = round(face.photo.width * factor), round(face.photo.height * factor)
    shares = np.array([size[0] / face.photo.width, size[1] / face.photo.height])
    photo = as_photo(cv2.resize(face.photo.pixels, size, interpolation=cv2.INTER_AREA))
    box = Box(
        *(side * factor for side in (face.face.box.left, face.face.box.top, face.face.box.right, face.face.box.bottom))
    )
    five, points = (
        np.asarray((each + 0.5) * shares - 0.5, np.float32) for each in (face.face.landmarks, face.landmarks)
    )
    return Seen(photo, replace(face.face, box=box, landmarks=five), points)


def cut(face: Seen, *, left: int = 0, top: int = 0, right: int = 0, bottom: int = 0) -> Seen:
    """Without so many pixels at each edge."""
    height, width = face.photo.pixels.shape[:2]
    photo = as_photo(face.photo.pixels[top : height - bottom, left : width - right])
    five, points = (np.asarray(each - (left, top), np.float32) for each in (face.face.landmarks, face.landmarks))
    return Seen(photo, replace(face.face, landmarks=five), points)


def blurred(face: Seen, sigma: float) -> Seen:
    return face.showing(cv2.GaussianBlur(face.photo.pixels.astype(np.float32), (0, 0), sigma)) if sigma > 0 else face


def squeezed(face: Seen, level: int) -> Seen:
    """As a JPEG of this quality, 1 to 100."""
    _, data = cv2.imencode(".jpg", face.photo.pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, level])
    return face.showing(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])


def blurred_photo(person: int, number: int, *, sigma: float = 11) -> bytes:
    """A JPEG of a drawn person out of focus; by default too much to be searched with."""
    pixels = cv2.GaussianBlur(draw(person, number), (0, 0), sigma)
    return bytes(cv2.imencode(".jpg", pixels[..., ::-1])[1])
