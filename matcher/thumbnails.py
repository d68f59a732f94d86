"""Small pictures of faces for lists and reports: cut alike, so that two of them can be compared side by side."""

import numpy as np
from numpy.typing import NDArray

from matcher.faces import Face
from matcher.photo import Photo

SIDE = 128
"""Pixels of a side."""

_MARGIN = 1.9
"""The side of the cut in widths of the face's box: hair, ears and chin are in it."""
_GREY = (127, 127, 127)
_JPEG_QUALITY = 78


def thumbnail(photo: Photo, face: Face | None, *, side: int = SIDE) -> bytes:
    """A square JPEG around the face, upright; of the whole photo where there is no face."""
    import cv2

    centre, span, turn = (_around(face), _MARGIN * face.box.width, face.turn) if face else (_middle(photo), 0.0, 0)
    span = span or float(max(photo.width, photo.height))
    small = _cut(photo.pixels, centre, span, side)
    upright = np.rot90(small, -turn // 90)
    written, data = cv2.imencode(".jpg", upright[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not written:
        raise RuntimeError("OpenCV could not write a JPEG of a small picture")
    return bytes(data.tobytes())


def _around(face: Face) -> tuple[float, float]:
    return face.box.centre


def _middle(photo: Photo) -> tuple[float, float]:
    return photo.width / 2, photo.height / 2


def _cut(pixels: NDArray[np.uint8], centre: tuple[float, float], span: float, side: int) -> NDArray[np.uint8]:
    """The square of `span` pixels around centre, scaled to side; grey where it reaches over the photo's edge."""
    import cv2

    scale = side / span
    if scale < 0.5:
        # Shrinking by more than half would skip pixels; a first step by area mean keeps them all.
        height, width = (max(1, round(size * scale * 1.5)) for size in pixels.shape[:2])
        factor_x, factor_y = width / pixels.shape[1], height / pixels.shape[0]
        pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        centre, span = (centre[0] * factor_x, centre[1] * factor_y), span * factor_x
        scale = side / span
    shift = np.array([[scale, 0, side / 2 - scale * centre[0]], [0, scale, side / 2 - scale * centre[1]]])
    cut = cv2.warpAffine(
        pixels, shift, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=_GREY
    )
    return cut.astype(np.uint8, copy=False)
