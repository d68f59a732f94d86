"""Glasses."""

import numpy as np

from matcher.drawn.canvas import Canvas, Points, curve, ellipse, moved, points
from matcher.drawn.shots import Shot
from matcher.drawn.traits import Glasses, Traits


def paint_glasses(canvas: Canvas, traits: Traits, shot: Shot) -> None:
    """Frames with a faint shadow; the lenses are clear, so the eyes stay visible."""
    if traits.glasses is Glasses.NONE or shot.bare:
        return
    size, tone = traits.glasses_size, traits.glasses_colour
    sink = 3.0 + 0.6 * shot.hair_change
    lines: list[Points] = []
    for side in (-1, 1):
        middle = side * (traits.eyes.apart / 2 + 1.5)
        lens = _lens(traits.glasses, size) * (side, 1.0) + (middle, sink)
        lines.append(lens)
        hinge = lens[np.argmax(lens[:, 0] * side)]
        lines.append(points((hinge[0], sink - 6), (side * (traits.skull.cheeks / 2 + 1), sink - 7)))
    inner = traits.eyes.apart / 2 + 1.5 - 22 * size
    lines.append(curve(points((-inner, sink - 4), (0, sink - 7), (inner, sink - 4))))
    shadow = [moved(line, 0, 2.2) for line in lines]
    canvas.paint(canvas.strands(shadow, width=2, soft=1.4), (60, 30, 26), 0.3)
    canvas.paint(canvas.strands(lines, width=1.5 if traits.glasses is Glasses.HALF else 2.3), tone, 0.95)


def _lens(kind: Glasses, size: float) -> Points:
    if kind is Glasses.ROUND:
        ring = ellipse((0, 0), (22 * size, 20.5 * size))
        return np.concatenate([ring, ring[:1]])
    if kind is Glasses.HALF:
        return curve(points((-21, -9), (0, -12), (22, -10), (22, 1))) * size
    box = points((-20, -13), (0, -15.5), (21, -14), (23, -6), (19, 12), (0, 16), (-17, 13), (-22, -3)) * size
    closed = curve(box, closed=True)
    return np.concatenate([closed, closed[:1]])
