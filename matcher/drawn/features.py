"""Eyes, brows, nose, mouth, and what the years and nature leave on skin."""

import numpy as np

from matcher.drawn.canvas import Canvas, Colour, Points, curve, ellipse, mixed, moved, points, ribbon
from matcher.drawn.shots import Shot
from matcher.drawn.traits import Traits

INK: Colour = (34, 22, 20)
WARM_SHADE: Colour = (96, 40, 30)


def paint_features(canvas: Canvas, traits: Traits, shot: Shot, skin: Colour) -> None:
    """Everything on the face but hair and beard."""
    _paint_flush(canvas, traits, skin)
    _paint_years(canvas, traits, shot, skin)
    for side in (-1, 1):
        _paint_eye(canvas, traits, shot, skin, side)
        _paint_brow(canvas, traits, shot, side)
    _paint_nose(canvas, traits, shot, skin)
    _paint_mouth(canvas, traits, shot, skin)
    _paint_marks(canvas, traits, skin)


def wear(traits: Traits, shot: Shot) -> float:
    """How far the years show, 0 to 1."""
    return min(1.0, max(0.0, (traits.age + shot.years - 30) / 42))


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


def _paint_eye(canvas: Canvas, traits: Traits, shot: Shot, skin: Colour, side: int) -> None:
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


def _paint_brow(canvas: Canvas, traits: Traits, shot: Shot, side: int) -> None:
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


def hair_tone(traits: Traits, shot: Shot, share: float = 1.0) -> Colour:
    """Hair colour on the day; `share` says how much of the greying reaches this hair."""
    age = traits.age + shot.years
    start = 38 + 22 * ((traits.seed >> 8) % 256) / 255
    grey = min(0.92, max(0.0, (age - start) / 26)) * share
    return mixed(traits.hair.colour, (186, 184, 182), grey)


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


def gleams(canvas: Canvas, traits: Traits, shot: Shot) -> None:
    """Reflections in the eyes; painted after the light, since they are light."""
    for side in (-1, 1):
        upper, lower = _lids(traits, shot, side)
        ball = canvas.patch(np.concatenate([upper, lower[::-1]]))
        spot = (side * traits.eyes.apart / 2 + shot.gaze[0] + 1.6 * np.sign(shot.light[0]), shot.gaze[1] - 2.4)
        canvas.paint(canvas.patch(ellipse(spot, (1.35, 1.35), steps=20), within=ball, soft=0.25), (255, 255, 255), 0.9)
