"""Aligned chips: a face brought to where the face network expects it, by dlib."""

import numpy as np
from numpy.typing import NDArray

from matcher.engines.alignment import MEAN_FIVE, Points
from matcher.engines.graphs import CHIP_SIZE

# Those of the 68 landmarks by which dlib aligns: nose, eyes, the upper lip and the corners of the mouth. Jaw, brows and
# lower lip move too much.
_STEADY = (*range(27, 55), *range(60, 65))
# Where they lie in an aligned face, as shares of its size (dlib, get_face_chip_details).
_MEAN_STEADY = np.array(
    [
        (0.490127, 0.203352),
        (0.490127, 0.307009),
        (0.490127, 0.409805),
        (0.490127, 0.515625),
        (0.36688, 0.587326),
        (0.426036, 0.609345),
        (0.490127, 0.628106),
        (0.554217, 0.609345),
        (0.613373, 0.587326),
        (0.121737, 0.216423),
        (0.187122, 0.178758),
        (0.265825, 0.179852),
        (0.334606, 0.231733),
        (0.260918, 0.245099),
        (0.182743, 0.244077),
        (0.645647, 0.231733),
        (0.714428, 0.179852),
        (0.793132, 0.178758),
        (0.858516, 0.216423),
        (0.79751, 0.244077),
        (0.719335, 0.245099),
        (0.254149, 0.780233),
        (0.340985, 0.745405),
        (0.428858, 0.727388),
        (0.490127, 0.742578),
        (0.551395, 0.727388),
        (0.639268, 0.745405),
        (0.726104, 0.780233),
        (0.290379, 0.784792),
        (0.428096, 0.778746),
        (0.490127, 0.785343),
        (0.552157, 0.778746),
        (0.689874, 0.784792),
    ]
)


def chip(pixels: NDArray[np.uint8], landmarks: Points, padding: float) -> NDArray[np.uint8]:
    """The face aligned by its five landmarks, or by its 68: uint8 (150, 150, 3).

    pixels: uint8 (height, width, 3). landmarks: float32 (5, 2) or (68, 2). padding: as in dlib's get_face_chip.
    """
    import dlib

    points, mean = (landmarks, MEAN_FIVE) if len(landmarks) == len(MEAN_FIVE) else _steady(landmarks)
    source = dlib.dpoints([dlib.dpoint(x, y) for x, y in points.tolist()])
    target = (mean + padding) / (2 * padding + 1) * CHIP_SIZE
    size = dlib.chip_dims(CHIP_SIZE, CHIP_SIZE)
    where = dlib.chip_details(dlib.dpoints([dlib.dpoint(x, y) for x, y in target.tolist()]), source, size)
    cut: NDArray[np.uint8] = dlib.extract_image_chip(pixels, where)
    return cut


def _steady(landmarks: Points) -> tuple[Points, NDArray[np.float64]]:
    return landmarks[list(_STEADY)], _MEAN_STEADY
