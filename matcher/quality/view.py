"""The face as it is measured: upright, level, at one size, with the pixels that belong to it marked."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.photo import Photo

SIZE = 128
"""Width and height of the crop in pixels; the eyes are about 50 pixels apart in it, as in the network's chips."""

_MARGIN = 1.1
_FAR = 1e5
_CHIN = 8
_LEFTMOST_EYE, _RIGHTMOST_EYE = slice(36, 42), slice(42, 48)
_MOUTH = slice(48, 68)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FaceView:
    """One face, for measuring.

    points: float64 (68, 2), the landmarks in pixels of the photo turned upright; width, height: of that photo.
    crop: uint8 (SIZE, SIZE, 3), RGB, the face level and filling it. in_crop: float64 (68, 2), the landmarks there.
    mask: bool (SIZE, SIZE), inside the landmarks' hull and inside the photo.
    """

    points: Floats
    width: int
    height: int
    crop: NDArray[np.uint8]
    in_crop: Floats
    mask: NDArray[np.bool_]

    @property
    def eyes(self) -> tuple[Floats, Floats]:
        """The centres of the eye that is left in the picture and of the right one."""
        return _eyes(self.points)

    @property
    def inter_eye(self) -> float:
        """Pixels between the eyes, at least a tenth of one."""
        left, right = self.eyes
        return max(0.1, float(np.hypot(*(right - left))))

    @property
    def eyes_to_chin(self) -> float:
        """The standard's T: pixels from the middle of the eyes to the chin, at least a tenth of one."""
        left, right = self.eyes
        return max(0.1, float(np.hypot(*(self.points[_CHIN] - (left + right) / 2))))


def view(photo: Photo, landmarks: NDArray[np.floating], turn: int) -> FaceView:
    """The view of the face with these 68 landmarks (pixels of the photo). Any numbers are borne, far ones drawn near.

    turn: degrees clockwise that stand the face upright, a multiple of 90.
    """
    upright = _turning(turn, photo.width, photo.height)
    given = bounded(landmarks)
    if given.shape != (68, 2):
        raise ValueError(f"landmarks have the shape {given.shape}; give the 68 of the iBUG order, (68, 2)")
    points = _moved(given, upright)
    levelling = _levelling(points)
    crop, inside = _cut(photo.pixels, _after(upright, levelling))
    in_crop = _moved(points, levelling)
    width, height = (photo.height, photo.width) if turn % 180 else (photo.width, photo.height)
    return FaceView(points, width, height, crop, in_crop, inside & _hull(in_crop))


def bounded(points: NDArray[np.floating]) -> Floats:
    """The points with finite coordinates that are not beyond reason, float64."""
    return np.nan_to_num(np.asarray(points, np.float64), posinf=_FAR, neginf=-_FAR).clip(-_FAR, _FAR)


def mouth(points: Floats) -> Floats:
    """The centre of the mouth."""
    return np.asarray(points[_MOUTH].mean(axis=0))


def _eyes(points: Floats) -> tuple[Floats, Floats]:
    return np.asarray(points[_LEFTMOST_EYE].mean(axis=0)), np.asarray(points[_RIGHTMOST_EYE].mean(axis=0))


def _turning(turn: int, width: int, height: int) -> Floats:
    """The map from pixels of a photo to pixels of the same turned clockwise, float64 (2, 3)."""
    match turn % 360:
        case 0:
            rows = [(1, 0, 0), (0, 1, 0)]
        case 90:
            rows = [(0, -1, height - 1), (1, 0, 0)]
        case 180:
            rows = [(-1, 0, width - 1), (0, -1, height - 1)]
        case 270:
            rows = [(0, 1, 0), (-1, 0, width - 1)]
        case _:
            raise ValueError(f"a photo can't be turned by {turn} degrees; give a multiple of 90")
    return np.array(rows, np.float64)


def _levelling(points: Floats) -> Floats:
    """The map that lays the eyes level and fills the crop with the landmarks, float64 (2, 3)."""
    left, right = _eyes(points)
    across = complex(*(right - left))
    unit = across / abs(across) if abs(across) > 1e-6 else 1 + 0j
    rotation = np.array([[unit.real, unit.imag], [-unit.imag, unit.real]])
    level = points @ rotation.T
    low, high = level.min(axis=0), level.max(axis=0)
    scale = SIZE / max(1.0, _MARGIN * float((high - low).max()))
    # Pixel centres: the middle of the crop is at (SIZE - 1) / 2.
    return np.hstack([scale * rotation, ((SIZE - 1) / 2 - scale * (low + high) / 2)[:, None]])


def _moved(points: Floats, matrix: Floats) -> Floats:
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2])


def _after(first: Floats, second: Floats) -> Floats:
    """The map that does first, then second."""
    return np.hstack([second[:, :2] @ first[:, :2], (second[:, :2] @ first[:, 2] + second[:, 2])[:, None]])


def _cut(pixels: NDArray[np.uint8], matrix: Floats) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """The crop that matrix maps the photo to, and which of its pixels lie in the photo: bool (SIZE, SIZE)."""
    height, width = pixels.shape[:2]
    back = np.asarray(cv2.invertAffineTransform(matrix), np.float64)
    corners = _moved(np.array([(0, 0), (SIZE, 0), (0, SIZE), (SIZE, SIZE)], np.float64), back)
    reach = 2 + 1 / float(np.hypot(*matrix[:, 0]))
    left, top = (int(max(0, v)) for v in np.floor(corners.min(axis=0) - reach))
    right, bottom = (int(v) for v in np.minimum(np.ceil(corners.max(axis=0) + reach), (width, height)))
    if right <= left or bottom <= top:
        return np.zeros((SIZE, SIZE, 3), np.uint8), np.zeros((SIZE, SIZE), np.bool_)
    part = pixels[top:bottom, left:right]
    part, shrink_x, shrink_y = _shrunk(part, float(np.hypot(*matrix[:, 0])))
    # A pixel of the shrunk part is centred at (x + 0.5) * shrink - 0.5 of the part.
    to_photo = np.array([[shrink_x, 0, left + shrink_x / 2 - 0.5], [0, shrink_y, top + shrink_y / 2 - 0.5]], np.float64)
    crop = cv2.warpAffine(
        part, _after(to_photo, matrix), (SIZE, SIZE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(crop, np.uint8), _inside(back, corners, width, height)


def _shrunk(part: NDArray[np.uint8], scale: float) -> tuple[NDArray[np.uint8], float, float]:
    """A much larger face is averaged first to about twice the crop's size: sampling it would skip pixels."""
    if scale >= 0.5:
        return part, 1.0, 1.0
    height, width = part.shape[:2]
    size = (max(1, round(2 * scale * width)), max(1, round(2 * scale * height)))
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), width / size[0], height / size[1]


def _inside(back: Floats, corners: Floats, width: int, height: int) -> NDArray[np.bool_]:
    if corners.min() >= 0 and corners[:, 0].max() <= width - 1 and corners[:, 1].max() <= height - 1:
        return np.ones((SIZE, SIZE), np.bool_)
    along = np.arange(SIZE, dtype=np.float64)
    x = back[0, 0] * along + (back[0, 1] * along + back[0, 2])[:, None]
    y = back[1, 0] * along + (back[1, 1] * along + back[1, 2])[:, None]
    return np.asarray((x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5))


def _hull(in_crop: Floats) -> NDArray[np.bool_]:
    filled = np.zeros((SIZE, SIZE), np.uint8)
    cv2.fillConvexPoly(filled, cv2.convexHull(np.rint(in_crop).astype(np.int32)), 1)
    return filled.astype(np.bool_)
