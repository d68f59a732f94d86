"""Nose, mouth, and what the years and nature leave on skin."""

import numpy as np

from matcher.drawn.canvas import Canvas, Colour, curve, ellipse, mixed, moved, points, ribbon
from matcher.drawn.eyes import paint_brow, paint_eye
from matcher.drawn.shots import Shot
from matcher.drawn.traits import Traits
from matcher.drawn.years import INK, WARM_SHADE, wear


def paint_features(canvas: Canvas, traits: Traits, shot: Shot, skin: Colour) -> None:
    """Everything on the face but hair and beard."""
    _paint_flush(canvas, traits, skin)
    _paint_years(canvas, traits, shot, skin)
    for side in (-1, 1):
        paint_eye(canvas, traits, shot, skin, side)
        paint_brow(canvas, traits, shot, side)
    _paint_nose(canvas, traits, shot, skin)
    _paint_mouth(canvas, traits, shot, skin)
    _paint_marks(canvas, traits, skin)


def _paint_flush(canvas: Canvas, traits: Traits, skin: Colour) -> None:
    flush = mixed(skin, (222, 74, 66), 0.5)
    for side in (-1, 1):
        canvas.fill(ellipse((side * traits.skull.cheeks * 0.28, 38), (17, 14)), flush, 0.24, soft=9)
    canvas.fill(ellipse((0, traits.nose.length - 7), (10, 7)), flush, 0.2, soft=5)


def _paint_years(canvas: Canvas, traits: Traits, shot: Shot, skin: Colour) -> None:
    worn, shade = wear(traits, shot), mixed(skin, WARM_SHADE, 0.6)
    nose, mouth, eye = traits.nose, traits.mouth, traits.eyes.apart / 2
    lips = nose.length + mouth.drop
    for side in (-1, 1):
        fold = curve(
            points(
                (side * (nose.width * 0.52), nose.length - 5),
                (side * (nose.width * 0.66 + 3), nose.length + 8),
                (side * (mouth.width * 0.5 + 6), lips + 2),
            )
        )
        canvas.fill(ribbon(fold, (1, 3, 0.6)), shade, 0.12 + 0.4 * worn + 0.1 * max(0.0, shot.smile), soft=1.1)
        bag = curve(
            points((side * (eye - 11), 7.5), (side * (eye - 2), 12.5 + 2 * traits.eyes.bags), (side * (eye + 11), 9))
        )
        canvas.fill(ribbon(bag, (0.5, 2.2, 0.4)), shade, 0.7 * traits.eyes.bags, soft=1.0)
        if worn > 0.25:
            corner = side * (eye + traits.eyes.width * 0.5 + 4)
            feet = [
                curve(points((corner, 1 + rise * 0.25), (corner + side * 6, rise * 0.6), (corner + side * 10, rise)))
                for rise in (-6.0, 0.0, 6.0)
            ]
            canvas.paint(canvas.strands(feet, width=0.7, soft=0.5), shade, 0.6 * (worn - 0.25))
    if worn > 0.2:
        lift = traits.skull.hairline
        lines = [
            curve(points((-34, -lift * at + 2), (-12, -lift * at), (12, -lift * at + 0.6), (34, -lift * at + 2.4)))
            for at in (0.5, 0.64, 0.78)
        ]
        canvas.paint(canvas.strands(lines, width=0.9, soft=0.8), shade, 0.6 * (worn - 0.2))


def _paint_nose(canvas: Canvas, traits: Traits, shot: Shot, skin: Colour) -> None:
    nose = traits.nose
    shade, base = mixed(skin, WARM_SHADE, 0.62), nose.length
    half = nose.width / 2
    shadow = -1 if shot.light[0] > 0 else 1
    strength = 0.16 + 0.3 * min(1.0, abs(shot.light[0]))
    for side in (-1, 1):
        line = curve(
            points(
                (side * (nose.bridge + 3.5) + nose.bend, -4), (side * nose.bridge * 0.95 + nose.bend, base * 0.35),
                (side * (nose.tip * 0.75 + 2), base * 0.78),
            )
        )  # fmt: skip
        canvas.fill(ribbon(line, (3.5, 3, 2.5)), shade, nose.contour * (strength if side == shadow else 0.12), soft=2.4)
        wing = curve(
            points(
                (side * half * 0.82, base - 11), (side * half, base - 5), (side * half * 0.9, base - 0.5),
                (side * half * 0.6, base + 0.4),
            )
        )  # fmt: skip
        canvas.fill(ribbon(wing, (0.4, 1.8, 1.2)), shade, 0.45 + 0.3 * nose.contour, soft=0.7)
        hole = ellipse((side * half * 0.44, base - 0.3 + nose.hang * 0.2), (half * 0.25, 1.1 + 1.1 * nose.nostrils))
        canvas.fill(hole, mixed(shade, (20, 8, 8), 0.6), 0.85, soft=0.7)
    under = ellipse((shot.light[0] * -4, base + 4), (half * 0.95, 4))
    canvas.fill(under, shade, 0.34, soft=2.4)
    tip = curve(points((-nose.tip * 0.6, base - 1), (0, base + 1.6 + nose.hang), (nose.tip * 0.6, base - 1)))
    canvas.fill(ribbon(tip, (0.3, 1.5, 0.3)), shade, 0.6, soft=0.8)
    canvas.fill(
        ellipse((shot.light[0] * 3 + nose.bend * 0.5, base - 9 + nose.hang), (3, 3.6)),
        mixed(skin, (255, 250, 240), 0.75), 0.42, soft=1.7,
    )  # fmt: skip


def _paint_mouth(canvas: Canvas, traits: Traits, shot: Shot, skin: Colour) -> None:
    mouth = traits.mouth
    y, half = traits.nose.length + mouth.drop, mouth.width / 2 * (1 + 0.07 * shot.smile)
    corner = -mouth.corners - 1.9 * shot.smile
    bow = 1.6 * mouth.bow
    lean = traits.lean * 0.4
    part = curve(points((-half, corner), (-half * 0.45, 0.7), (0, 0.2), (half * 0.45, 0.7), (half, corner - lean)))
    upper = curve(
        points(
            (-half, corner), (-half * 0.52, -mouth.upper * 0.68), (-mouth.philtrum / 2, -mouth.upper),
            (0, -mouth.upper + bow), (mouth.philtrum / 2, -mouth.upper), (half * 0.52, -mouth.upper * 0.68),
            (half, corner - lean),
        )
    )  # fmt: skip
    lower = curve(
        points(
            (-half, corner), (-half * 0.6, mouth.lower * 0.68), (-half * 0.2, mouth.lower),
            (half * 0.2, mouth.lower), (half * 0.6, mouth.lower * 0.68), (half, corner - lean),
        )
    )  # fmt: skip
    part, upper, lower = moved(part, 0, y), moved(upper, 0, y), moved(lower, 0, y)
    shade = mixed(skin, WARM_SHADE, 0.55)
    canvas.fill(ellipse((0, y + mouth.lower + 4), (half * 0.55, 2.6)), shade, 0.42, soft=2.0)
    canvas.fill(np.concatenate([upper, part[::-1]]), mixed(mouth.colour, WARM_SHADE, 0.22), 0.9, soft=0.5)
    canvas.fill(np.concatenate([part, lower[::-1]]), mouth.colour, 0.88, soft=0.55)
    canvas.fill(ribbon(part, (0.7, 1.7, 1.3, 1.7, 0.7)), mixed(mouth.colour, INK, 0.68), 0.9, soft=0.4)
    canvas.fill(
        ellipse((shot.light[0] * 4, y + mouth.lower * 0.55), (half * 0.3, mouth.lower * 0.16)),
        mixed(mouth.colour, (255, 240, 236), 0.6), 0.5, soft=1.0,
    )  # fmt: skip
    for side in (-1, 1):
        canvas.fill(ellipse((side * (half + 0.6), y + corner), (1.6, 1.8)), shade, 0.5, soft=1.0)
        ridge = curve(points((side * 2.4, traits.nose.length + 5), (side * mouth.philtrum * 0.42, y - mouth.upper - 1)))
        canvas.fill(ribbon(ridge, (0.6, 1.4)), shade, 0.16, soft=0.9)


def _paint_marks(canvas: Canvas, traits: Traits, skin: Colour) -> None:
    if traits.freckles:
        rng = np.random.default_rng(traits.seed + 2)
        tone = mixed(skin, (120, 62, 36), 0.6)
        for x, y in rng.normal((0, 26), (27, 9), (46, 2)):
            canvas.fill(ellipse((float(x), float(y)), (0.8, 0.7), steps=8), tone, 0.45 * traits.freckles, soft=0.25)
    for mole in traits.moles:
        tone = mixed(skin, (52, 28, 22), 0.75)
        canvas.fill(ellipse((mole.x, mole.y), (mole.radius, mole.radius * 0.94), steps=16), tone, 0.9, soft=0.3)
    if traits.chin_cleft:
        chin = traits.skull.chin
        dent = curve(points((0, chin - 18), (0.3, chin - 12), (0, chin - 6)))
        canvas.fill(ribbon(dent, (0.5, 2.2, 0.5)), mixed(skin, WARM_SHADE, 0.5), 0.5 * traits.chin_cleft, soft=1.0)
