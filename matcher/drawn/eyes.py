"""Eyes and brows."""

import numpy as np

from matcher.drawn.canvas import Canvas, Colour, Points, curve, ellipse, mixed, moved, points, ribbon
from matcher.drawn.shots import Shot
from matcher.drawn.traits import Traits
from matcher.drawn.years import INK, WARM_SHADE, hair_tone, wear


def _lids(traits: Traits, shot: Shot, side: int) -> tuple[Points, Points]:
    """Upper and lower lid, from the inner to the outer corner."""
    eyes = traits.eyes
    half = eyes.width / 2
    opening = eyes.opening * shot.opening * (1 - 0.1 * max(0.0, shot.smile)) * (1 - 0.12 * wear(traits, shot))
    tilt = eyes.tilt
    upper = points(
        (-half, 1.5 + tilt * 0.4), (-half * 0.62, -opening * (0.36 - 0.06 * eyes.peak)),
        (half * (0.22 * eyes.peak - 0.05), -opening * 0.6),
        (half * 0.54, -opening * (0.44 + 0.06 * eyes.peak) - tilt * 0.5), (half, 0.4 - tilt),
    )  # fmt: skip
    lower = points(
        (-half, 1.5 + tilt * 0.4), (-half * 0.5, opening * 0.33), (half * 0.1, opening * 0.42),
        (half * 0.62, opening * 0.3 - tilt * 0.4), (half, 0.4 - tilt),
    )  # fmt: skip
    centre = (side * eyes.apart / 2 + traits.lean * 0.3, side * traits.lean * 0.35)
    return curve(upper) * (side, 1.0) + centre, curve(lower) * (side, 1.0) + centre


def paint_eye(canvas: Canvas, traits: Traits, shot: Shot, skin: Colour, side: int) -> None:
    eyes = traits.eyes
    upper, lower = _lids(traits, shot, side)
    middle = side * eyes.apart / 2
    shade = mixed(skin, WARM_SHADE, 0.55)
    socket = ellipse((middle, -6), (eyes.width * 0.62, 8))
    canvas.fill(socket, shade, 0.2 + 0.3 * eyes.depth, soft=4.5)
    ball = canvas.patch(np.concatenate([upper, lower[::-1]]))
    canvas.paint(ball, (238, 234, 229))
    centre = (middle + shot.gaze[0], shot.gaze[1] - 0.8)
    iris = eyes.iris
    rim = mixed(eyes.colour, (14, 12, 14), 0.55)
    canvas.paint(canvas.patch(ellipse(centre, (iris, iris)), within=ball, soft=0.25), rim)
    canvas.paint(canvas.patch(ellipse(centre, (iris * 0.82, iris * 0.82)), within=ball, soft=0.4), eyes.colour)
    glow = mixed(eyes.colour, (255, 226, 176), 0.32)
    canvas.paint(
        canvas.patch(ellipse((centre[0], centre[1] + iris * 0.42), (iris * 0.55, iris * 0.36)), within=ball, soft=0.7),
        glow, 0.7,
    )  # fmt: skip
    canvas.paint(canvas.patch(ellipse(centre, (iris * 0.42, iris * 0.42)), within=ball, soft=0.2), (16, 13, 14))
    # The lid's shadow on the ball, then lashes and fold.
    canvas.paint(canvas.patch(ribbon(moved(upper, 0, 1.2), (2, 4.5, 2)), soft=0.9, within=ball), (60, 44, 44), 0.5)
    inner = ellipse((upper[0, 0] + side * 1.8, upper[0, 1]), (1.9, 1.3))
    canvas.paint(canvas.patch(inner, within=ball, soft=0.4), (214, 140, 128), 0.8)
    canvas.fill(ribbon(moved(lower, 0, 0.4), (0.4, 1.1, 0.9)), shade, 0.75, soft=0.35)
    thick = 1.0 + 0.9 * eyes.lashes
    canvas.fill(ribbon(upper, (0.6, thick, thick * 1.15)), INK, 0.9, soft=0.2)
    if eyes.lashes > 0.75:
        tail = points(upper[-1], upper[-1] + (side * 3.2 * eyes.lashes, -1.8 * eyes.lashes))
        canvas.fill(ribbon(tail, (thick, 0.3)), INK, 0.85)
    if eyes.fold > 0:
        crease = upper * (1.0, 1.08) + (side * 0.4, -eyes.fold * 0.85)
        canvas.fill(ribbon(crease, (0.3, 1.3, 0.7)), shade, 0.85, soft=0.45)


def paint_brow(canvas: Canvas, traits: Traits, shot: Shot, side: int) -> None:
    brows, lift = traits.brows, traits.brows.height + shot.brow_lift
    start = traits.brows.gap / 2
    thick = brows.thickness
    line = curve(
        points(
            (start, -lift + 2 + brows.tilt * 0.5),
            (start + brows.length * 0.3, -lift + 0.6 - brows.arch * (0.6 - 0.4 * brows.bend)),
            (start + brows.length * (0.55 + 0.15 * brows.bend), -lift - brows.arch * 0.75 - brows.tilt * 0.3),
            (start + brows.length, -lift + 4.2 - brows.tilt),
        )
    )
    line = line * (side, 1.0) + (0, side * traits.lean * 0.5)
    tone = mixed(hair_tone(traits, shot, 0.6), INK, 0.35)
    shape = canvas.patch(ribbon(line, (thick * 0.8, thick * 1.12, thick, thick * 0.25)), soft=0.9)
    canvas.paint(shape, tone, brows.density * 0.72)
    rng = np.random.default_rng(traits.seed + 1)
    at = (rng.random(26) * (len(line) - 2)).astype(int)
    wide = np.interp(at / len(line), (0, 0.4, 1), (1, 1, 0.3)) * thick * 0.5
    hairs = [
        points(line[i] + (0, w * 0.9), line[i] + (side * 4.5, -w * (0.2 + 0.8 * float(rng.random()))))
        for i, w in zip(at, wide, strict=True)
    ]
    canvas.paint(canvas.strands(hairs, width=0.6), mixed(tone, INK, 0.4), 0.5 * brows.density)


def gleams(canvas: Canvas, traits: Traits, shot: Shot) -> None:
    """Reflections in the eyes; painted after the light, since they are light."""
    for side in (-1, 1):
        upper, lower = _lids(traits, shot, side)
        ball = canvas.patch(np.concatenate([upper, lower[::-1]]))
        spot = (side * traits.eyes.apart / 2 + shot.gaze[0] + 1.6 * np.sign(shot.light[0]), shot.gaze[1] - 2.4)
        canvas.paint(canvas.patch(ellipse(spot, (1.35, 1.35), steps=20), within=ball, soft=0.25), (255, 255, 255), 0.9)
