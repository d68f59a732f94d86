"""The photos of an exercise: drawn when they are asked for, never stored; what leaves carries the mark."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.drawn.picture import render
from matcher.drawn.shots import Shot
from matcher.drawn.traits import Traits
from matcher.training.exercise import Exercise, exercise
from matcher.training.grades import Grade
from matcher.training.marking import marked

_KEPT = 96
_BAND = 26
_INK, _PAPER = (255, 255, 255), (0, 92, 168)


def probe_plain(exercise: Exercise, which: int) -> bytes:
    """Photo `which` of the person in custody as a JPEG without band and mark, for the engine alone."""
    return _encoded(_drawn(exercise.looks, exercise.probes[which]), exercise.probes[which].quality)


def entry_plain(exercise: Exercise, place: int) -> bytes:
    """The photo of an entry, the same way."""
    entry = exercise.entries[place]
    return _encoded(_drawn(entry.looks, entry.sitting), entry.sitting.quality)


@lru_cache(maxsize=_KEPT)
def probe_photo(grade: Grade, seed: int, which: int) -> bytes:
    """Photo `which` of the person in custody as people get it: a marked JPEG with a band that says what it is."""
    made = exercise(grade, seed)
    return _shown(_drawn(made.looks, made.probes[which]), made.probes[which])


@lru_cache(maxsize=_KEPT)
def entry_photo(grade: Grade, seed: int, place: int) -> bytes:
    """The photo of an entry, the same way."""
    entry = exercise(grade, seed).entries[place]
    return _shown(_drawn(entry.looks, entry.sitting), entry.sitting)


def _drawn(looks: Traits, sitting: Shot) -> NDArray[np.uint8]:
    return render(looks, sitting)


def _shown(picture: NDArray[np.uint8], sitting: Shot) -> bytes:
    banded = picture.copy()
    banded[-_BAND:] = _PAPER
    text, font = "TRAINING - drawn, nobody", cv2.FONT_HERSHEY_SIMPLEX
    (width, _), _ = cv2.getTextSize(text, font, 0.55, 1)
    start = ((picture.shape[1] - width) // 2, picture.shape[0] - 8)
    cv2.putText(banded, text, start, font, 0.55, _INK, 1, cv2.LINE_AA)
    return marked(_encoded(banded, sitting.quality))


def _encoded(picture: NDArray[np.uint8], quality: int) -> bytes:
    done, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise RuntimeError("OpenCV could not write a JPEG: this build lacks the codec; install opencv-python-headless")
    return data.tobytes()
