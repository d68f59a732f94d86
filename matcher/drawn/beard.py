"""Beards and moustaches."""

import cv2
import numpy as np

from matcher.drawn.canvas import Canvas, Patch, Points, curve, mirrored, mixed, points
from matcher.drawn.shots import Shot
from matcher.drawn.traits import Beard, Traits
from matcher.drawn.years import INK, hair_tone


def paint_beard(canvas: Canvas, traits: Traits, shot: Shot, face: Patch) -> None:
    """Beard and moustache, kept inside the face but for a full beard's fringe."""
    if traits.beard is Beard.NONE:
        return
    trim = 0.6 if shot.bare else 1.0
    tone = mixed(hair_tone(traits, shot, 0.8), INK, 0.25)
    rng = np.random.default_rng(traits.seed + 6)
    for shape, opacity, soft in _beard_parts(traits, shot):
        patch = canvas.patch(shape, soft=soft, within=None if traits.beard is Beard.FULL else face)
        canvas.paint(patch, tone, opacity * trim)
        grain = rng.integers(0, 256, patch.alpha.shape, np.uint8)
        grain = cv2.resize(grain[: (len(grain) + 1) // 2], patch.alpha.shape[::-1], interpolation=cv2.INTER_LINEAR)
        speckled = cv2.multiply(patch.alpha, grain, scale=1 / 255)
        canvas.paint(
            Patch(patch.left, patch.top, np.asarray(speckled, np.uint8)), mixed(tone, INK, 0.6), opacity * trim * 0.7
        )
        if opacity * trim < 0.5:
            continue
        canvas.lit(patch, np.asarray(cv2.convertScaleAbs(canvas.light, alpha=0.86), np.uint8))


def _beard_parts(traits: Traits, shot: Shot) -> list[tuple[Points, float, float]]:
    """(closed curve, opacity, softness) of each part."""
    skull, mouth = traits.skull, traits.mouth
    top, lips = traits.nose.length, traits.nose.length + traits.mouth.drop
    half, jaw, chin = mouth.width / 2, skull.jaw / 2, skull.chin
    moustache = points(
        (0, top + 5), (half * 0.6, top + 8), (half * 1.08, lips - 1), (half * 1.12, lips + 6), (half * 0.9, lips + 2),
        (half * 0.45, lips - mouth.upper * 0.8), (0, lips - mouth.upper + 0.5),
    )  # fmt: skip
    grown = 4.0 if traits.beard is Beard.FULL else 0.0
    low = np.array([lips + mouth.lower + 3, chin + grown + 4])
    mask = points(
        (half * 1.2, lips + 4), (jaw * 0.9, lips - 6), (skull.cheeks / 2 - 1, 22), (skull.cheeks / 2 + grown * 0.3, 34),
        (jaw + 2 + grown * 0.6, skull.jaw_height), (skull.chin_width * 0.62 + grown, chin - 6), (0, low[1]),
    )  # fmt: skip
    under = points((half * 0.85, lips + mouth.lower * 0.8), (half * 0.3, low[0]), (0, low[0] - 0.5))
    full = np.concatenate([mask, mirrored(mask)[-2::-1], mirrored(under), under[-2::-1]])
    goatee = points(
        (half * 1.12, lips + 4), (half * 1.05, lips + 16), (skull.chin_width * 0.4, chin - 2), (0, chin + 4 + grown)
    )
    goatee = np.concatenate([goatee, mirrored(goatee)[-2::-1], mirrored(under), under[-2::-1]])
    lip = curve(np.concatenate([moustache, mirrored(moustache)[-2:0:-1]]), closed=True)
    whole = curve(full, closed=True)
    dense = 0.8 + 0.03 * shot.hair_change
    return {
        Beard.NONE: [],
        Beard.STUBBLE: [(whole, 0.24, 3.0), (lip, 0.22, 1.6)],
        Beard.MOUSTACHE: [(lip, dense, 0.9)],
        Beard.GOATEE: [(lip, dense * 0.85, 0.9), (curve(goatee, closed=True), dense * 0.85, 1.2)],
        Beard.SHORT: [(whole, dense * 0.66, 2.2), (lip, dense * 0.7, 1.2)],
        Beard.FULL: [(whole, dense, 1.2), (lip, dense, 1.0)],
    }[traits.beard]
