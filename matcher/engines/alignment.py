"""Landmarks, by dlib, and which way up a face is.

The five landmarks (the outer and inner corners of both eyes, and the base of the nose) are found on an upright crop
of fixed size, which makes them finer than a pixel in small photos and independent of the photo's turn.
"""

import threading
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.engines.weights import FIVE_LANDMARKS, SIXTY_EIGHT_LANDMARKS, weights
from matcher.errors import EngineUnavailable
from matcher.faces import Box, Face

Points = NDArray[np.float32]

_FRONTAL = "the frontal face detector that is part of dlib"
_CROP = 240
_FACE_IN_CROP = 160.0
# dlib's landmark models were trained on the boxes of its HOG detector, which are a little larger than the network's
# window and lie a little down and to the right (medians over 180 photos, by way of the landmarks).
_SHIFT_X, _SHIFT_Y, _GROWTH = 0.059, 0.089, 1.062

# Where the five landmarks lie in an aligned face, as shares of its size (dlib, get_face_chip_details).
MEAN_FIVE = np.array(
    [
        (0.8595674595992, 0.2134981538014),
        (0.6460604764104, 0.2289674387677),
        (0.1205750620789, 0.2137274526848),
        (0.3340850613712, 0.2290642403242),
        (0.4901123135679, 0.6277975316475),
    ]
)
# The HOG detector's score tells an upright face (1.3 in the median) from a lying one (below -0.3) and one upside down
# (below 0): of 445 photos turned at random it named the right turn in all.
_JUDGED_SIZE = 104
_JUDGED_MARGIN = 1.25
_CERTAINLY_UPRIGHT = 0.3
_HARDLY_A_FACE = -0.5
"""Below it in every turn (a face half hidden, in profile) the detector says nothing of how the face stands."""
_NO_SCORE = -3.0

FIVE_OF_68 = (45, 42, 36, 39, 33)
"""The places of the five landmarks, in their order, among the 68."""
_LEFT_EYE, _RIGHT_EYE = slice(36, 42), slice(42, 48)

# Where boxes lie in the frame of MEAN_FIVE: centre and width. dlib's HOG box, for which the 68 landmarks were trained
# (medians over 190 photos), and the network's window (medians over 180).
_HOG_BOX = (0.521, 0.493, 1.344)
_WINDOW = (0.4415, 0.3736, 1.2653)

_models: dict[str, Any] = {}
_loading = threading.Lock()
_judging = threading.Lock()


@dataclass(frozen=True, slots=True)
class UprightCrop:
    """An upright crop and the way back: photo = inverse @ (x, y, 1). inverse: float64 (2, 3)."""

    pixels: NDArray[np.uint8]
    inverse: NDArray[np.float64]

    def to_photo(self, points: NDArray[np.float64]) -> Points:
        return np.asarray(points @ self.inverse[:, :2].T + self.inverse[:, 2], dtype=np.float32)


class Aligner:
    """dlib's landmark models, loaded when first used, once for all aligners of a process: they take 120 MB."""

    def five(self, pixels: NDArray[np.uint8], box: Box, turn: int) -> Points:
        """The five landmarks of the face in a detector's window, float32 (5, 2), in pixels of the photo."""
        return self.five_of(upright_crop(pixels, box, turn))

    def five_of(self, crop: UprightCrop) -> Points:
        """The same of a crop that was made already."""
        return crop.to_photo(self._landmarks(FIVE_LANDMARKS, crop.pixels, _FACE_IN_CROP))

    def turn_of(self, pixels: NDArray[np.uint8], box: Box, likely: int, crop: UprightCrop) -> int:
        """The clockwise turn (0, 90, 180, 270) that stands the face in a detector's window upright.

        crop: of that face as it stands if the likely turn is right.
        """
        scores = {likely: self._frontal_score(crop)}
        if scores[likely] < _CERTAINLY_UPRIGHT:
            others = [(likely + more) % 360 for more in (90, 180, 270)]
            scores |= {turn: self._frontal_score(upright_crop(pixels, box, turn)) for turn in others}
        best = max(scores, key=lambda turn: scores[turn])
        return best if scores[best] > _HARDLY_A_FACE else likely

    def _frontal_score(self, upright: UprightCrop) -> float:
        half = round(_FACE_IN_CROP * _JUDGED_MARGIN / 2)
        middle = slice(_CROP // 2 - half, _CROP // 2 + half)
        crop = upright.pixels[middle, middle]
        small = cv2.resize(crop, (_JUDGED_SIZE, _JUDGED_SIZE), interpolation=cv2.INTER_AREA)
        detector = _model(_FRONTAL)
        # This detector keeps the picture it looks at in itself. One for each thread would cost each a quarter of a
        # second to make; a look takes half a millisecond.
        with _judging:
            scores: list[float] = detector.run(small, 0, _NO_SCORE)[1]
        return max(scores, default=_NO_SCORE)

    def _landmarks(self, model: str, crop: NDArray[np.uint8], face: float) -> NDArray[np.float64]:
        import dlib

        edge = round((crop.shape[0] - face) / 2)
        shape = _model(model)(crop, dlib.rectangle(edge, edge, edge + round(face), edge + round(face)))
        return np.array([(point.x, point.y) for point in shape.parts()], dtype=np.float64)

    def shape(self, pixels: NDArray[np.uint8], face: Face) -> Points:
        """The 68 landmarks of a face with dlib's five: those that it carries, else found."""
        return face.shape if len(face.shape) else self.sixty_eight(pixels, face.landmarks)

    def sixty_eight(self, pixels: NDArray[np.uint8], five: Points) -> Points:
        """The 68 landmarks in the iBUG order, float32 (68, 2), of the face whose five landmarks are given."""
        x, y, size = _HOG_BOX
        scale = _FACE_IN_CROP / size
        target = (MEAN_FIVE - (x, y)) * scale + _CROP / 2
        matrix = _similarity(five.astype(np.float64), target)
        crop = _warped(pixels, matrix)
        return crop.to_photo(self._landmarks(SIXTY_EIGHT_LANDMARKS, crop.pixels, _FACE_IN_CROP))


def disagreement(five: Points, sixty_eight: Points) -> float:
    """How far two models lie apart on the five landmarks in the mean, in distances between the eyes.

    They were trained apart, on upright faces. On a clear upright face both find the same points; on a lying one, or one
    that is covered, each guesses, and not alike.
    """
    eyes = sixty_eight[_RIGHT_EYE].mean(axis=0) - sixty_eight[_LEFT_EYE].mean(axis=0)
    apart = np.hypot(*(five - sixty_eight[list(FIVE_OF_68)]).T).mean()
    return float(apart / max(float(np.hypot(*eyes)), 1e-6))


def window(five: Points) -> Box:
    """Where the detector's window should lie, given the five landmarks."""
    x, y, size = _WINDOW
    matrix = _similarity(MEAN_FIVE, five.astype(np.float64))
    centre = matrix[:, :2] @ (x, y) + matrix[:, 2]
    half = size * float(np.hypot(matrix[0, 0], matrix[1, 0])) / 2
    return Box(float(centre[0]) - half, float(centre[1]) - half, float(centre[0]) + half, float(centre[1]) + half)


def upright_crop(pixels: NDArray[np.uint8], box: Box, turn: int) -> UprightCrop:
    """The face turned upright, centred, its HOG-like box 220 pixels wide."""
    width = box.width * _GROWTH
    shift_x, shift_y = _rotated(_SHIFT_X * width, _SHIFT_Y * width, -turn)
    x, y = box.centre[0] + shift_x, box.centre[1] + shift_y
    scale = _FACE_IN_CROP / width
    (a, b), (c, d) = _rotated(scale, 0.0, turn), _rotated(0.0, scale, turn)
    matrix = np.array([[a, c, _CROP / 2 - a * x - c * y], [b, d, _CROP / 2 - b * x - d * y]])
    return _warped(pixels, matrix)


def _rotated(x: float, y: float, turn: int) -> tuple[float, float]:
    """(x, y) turned clockwise on a picture, whose y points down, by a multiple of 90 degrees."""
    for _ in range(turn % 360 // 90):
        x, y = -y, x
    return x, y


def _warped(pixels: NDArray[np.uint8], matrix: NDArray[np.float64]) -> UprightCrop:
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    source, forward = pixels, matrix
    if scale < 0.5:
        # Bilinear sampling of a much larger face would skip pixels: halve the photo first, as often as needed.
        step = 2 ** int(np.floor(-np.log2(scale)))
        source, forward = _shrunk_around(pixels, matrix, step)
    crop = cv2.warpAffine(source, forward, (_CROP, _CROP), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inverse = np.asarray(cv2.invertAffineTransform(matrix), dtype=np.float64)
    return UprightCrop(np.asarray(crop, dtype=np.uint8), inverse)


def _shrunk_around(
    pixels: NDArray[np.uint8], matrix: NDArray[np.float64], step: int
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The part of the photo that the crop shows, shrunk by step, and the matrix from there to the crop."""
    inverse = cv2.invertAffineTransform(matrix)
    corners = np.array([(0, 0), (_CROP, 0), (0, _CROP), (_CROP, _CROP)]) @ inverse[:, :2].T + inverse[:, 2]
    height, width = pixels.shape[:2]
    left, top = (int(max(0, np.floor(v))) // step * step for v in corners.min(axis=0))
    right, bottom = min(width, int(corners[:, 0].max()) + step), min(height, int(corners[:, 1].max()) + step)
    if right - left < step or bottom - top < step:
        return pixels, matrix
    part = pixels[top:bottom, left:right]
    part = part[: part.shape[0] // step * step, : part.shape[1] // step * step]
    small = cv2.resize(part, (part.shape[1] // step, part.shape[0] // step), interpolation=cv2.INTER_AREA)
    # A pixel of the small picture is centred at step * x + (step - 1) / 2 of the part.
    offset = (step - 1) / 2
    forward = matrix.copy()
    forward[:, 2] += matrix[:, :2] @ (left + offset, top + offset)
    forward[:, :2] *= step
    return np.asarray(small, dtype=np.uint8), forward


def _similarity(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """The similarity (turn, scale, shift) that brings source nearest to target: float64 (2, 3) (Umeyama 1991)."""
    from_mean, to_mean = source.mean(axis=0), target.mean(axis=0)
    a, b = (source - from_mean) @ (1, 1j), (target - to_mean) @ (1, 1j)
    factor = complex((np.conj(a) @ b) / max(float((np.conj(a) @ a).real), 1e-9))
    rotation = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    return np.hstack([rotation, (to_mean - rotation @ from_mean)[:, None]])


def _model(name: str) -> Any:
    with _loading:
        if name not in _models:
            _models[name] = _load(name)
        return _models[name]


def _load(name: str) -> Any:
    import dlib

    if name == _FRONTAL:
        return dlib.get_frontal_face_detector()
    path = weights(name)
    try:
        return dlib.shape_predictor(str(path))
    except RuntimeError as exc:
        raise EngineUnavailable(
            f"the weights {name} are damaged ({exc}); reinstall the package face_recognition_models"
        ) from exc
