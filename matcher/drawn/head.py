"""The head's outline, its relief under light, ears, neck and clothes."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.drawn.canvas import Alpha, Canvas, Colour, Points, curve, ellipse, mirrored, mixed, moved, points
from matcher.drawn.shots import Shot
from matcher.drawn.traits import Traits

Field = NDArray[np.float32]
"""Heights in mm towards the camera, float32, at half the picture's resolution."""

Bump = tuple[float, float, float, float, float]
"""x, y, spread across, spread down (standard deviations) and height, all in mm."""


def outline(traits: Traits) -> Points:
    """The right half of the bare head from crown to chin, control points in order."""
    skull = traits.skull
    temple, cheek, jaw, chin = skull.temples / 2, skull.cheeks / 2, skull.jaw / 2, skull.chin_width / 2
    full = 0.3 + 0.3 * skull.fullness
    return points(
        (0, -skull.crown),
        (temple * 0.47, -skull.crown * 0.945),
        (temple * 0.82, -skull.crown * 0.745),
        (temple * 0.99, -skull.crown * 0.42),
        (temple * 0.45 + cheek * 0.55, -14),
        (cheek, 14),
        (cheek * full + jaw * (1 - full) + 2.5, 44),
        (jaw, skull.jaw_height),
        (jaw * 0.42 + chin * 0.58 + 3, skull.jaw_height * 0.42 + skull.chin * 0.58),
        (chin, skull.chin - 4.5),
        (chin * 0.4, skull.chin - 0.3),
    )


def both_sides(half: Points, *, lean: float = 0.0) -> Points:
    """A closed curve from its right half, top to bottom; lean widens one side in mm."""
    right = half + np.where(half[:, :1] > 1, (lean, 0.0), (0.0, 0.0))
    left = mirrored(half)[::-1]
    return curve(np.concatenate([right, left[:-1] if half[0, 0] == 0 else left]), closed=True)


def rounded(alpha: Alpha, radius: float, *, step: int) -> Field:
    """A flat shape swollen like a cushion: heights in pixels; alpha is uint8, radius in pixels of alpha."""
    height, width = alpha.shape
    small = cv2.resize(alpha, (width // step, height // step), interpolation=cv2.INTER_AREA)
    # A rim outside the picture keeps a shape that the edge cuts from falling away there.
    framed = cv2.copyMakeBorder(small, 12, 12, 12, 12, cv2.BORDER_REPLICATE)
    inside = cv2.distanceTransform((framed > 127).astype(np.uint8), cv2.DIST_L2, 5)
    reach = radius / step
    depth = reach - np.minimum(inside, reach)
    swollen = np.sqrt(np.maximum(reach * reach - depth * depth, 0)) * step
    swollen = cv2.GaussianBlur(swollen.astype(np.float32), (0, 0), reach * 0.16)[12:-12, 12:-12]
    return np.asarray(cv2.resize(swollen, (width // 2, height // 2), interpolation=cv2.INTER_CUBIC), np.float32)


def relief(canvas: Canvas, bumps: Sequence[Bump]) -> Field:
    """The sum of smooth bumps, as one matrix product."""
    x, y = half_grid(canvas)
    b = np.array(bumps, np.float32)
    across = np.exp(-0.5 * ((x[None, :] - b[:, 0:1]) / b[:, 2:3]) ** 2)
    down = np.exp(-0.5 * ((y[None, :] - b[:, 1:2]) / b[:, 3:4]) ** 2) * b[:, 4:5]
    # OpenCV's product, since NumPy's starts threads that wait for each other on a busy machine.
    return np.asarray(cv2.gemm(down.T, across, 1.0, np.empty(0, np.float32), 0.0), np.float32)


def half_grid(canvas: Canvas) -> tuple[Field, Field]:
    """x and y in mm of every second pixel."""
    x = (np.arange(canvas.width // 2, dtype=np.float32) * 2 + 0.5 - canvas.middle[0]) / canvas.scale
    y = (np.arange(canvas.height // 2, dtype=np.float32) * 2 + 0.5 - canvas.middle[1]) / canvas.scale
    return x.astype(np.float32), y.astype(np.float32)


def lighting(canvas: Canvas, heights: Field, shot: Shot, *, contrast: float = 1.0) -> Alpha:
    """Lambert's law on a relief; uint8 of the whole picture, 128 where a surface faces camera and light evenly."""
    pixel = 2 / canvas.scale
    slope_x = cv2.Sobel(heights, cv2.CV_32F, 1, 0, ksize=3, scale=1 / (8 * pixel))
    slope_y = cv2.Sobel(heights, cv2.CV_32F, 0, 1, ksize=3, scale=1 / (8 * pixel))
    right, down, out = shot.light
    length = float(np.sqrt(right * right + down * down + out * out))
    facing = (out - slope_x * right - slope_y * down) / (np.sqrt(1 + slope_x**2 + slope_y**2) * length)
    share = shot.contrast * contrast
    light = 128 * (1 - share + share * 1.12 * np.maximum(facing, 0))
    small = np.clip(np.rint(light), 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(small, (canvas.width, canvas.height), interpolation=cv2.INTER_LINEAR), np.uint8)


def face_bumps(traits: Traits) -> list[Bump]:
    """Brows, sockets, nose, cheeks, lips and chin as bumps."""
    skull, eyes, nose, mouth = traits.skull, traits.eyes, traits.nose, traits.mouth
    eye, lips = eyes.apart / 2, nose.length + mouth.drop
    sides: list[Bump] = [
        (eye + 1, -1, 13, 8.5, -2.5 - 3.5 * eyes.depth),
        (eye, 0, 9, 6, 1.8),
        (eye, -traits.brows.height + 2, 17, 6, 1.5 if traits.woman else 3),
        (skull.cheeks * 0.32, 27, 14, 12, 1.5 + 4.5 * skull.cheekbones),
        (skull.cheeks * 0.26, 50, 17, 16, 1.0 + 4.0 * skull.fullness),
        (nose.width * 0.36, nose.length - 4.5, 4.5, 4.5, 4.0),
        (mouth.width * 0.55, lips, 6, 9, -1.6),
    ]
    # The bridge grows steadily from between the eyes to the tip.
    ridge: list[Bump] = [
        (
            nose.bend * np.sin(np.pi * t),
            2 + t * (nose.length - 10),
            nose.bridge * (0.75 + 0.35 * t),
            6.0,
            nose.rise * (2.2 + 5.5 * t),
        )
        for t in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    middle: list[Bump] = [
        (0, nose.length - 6 + nose.hang, nose.tip * 0.75, 6.5, 5.5),
        (0, lips, 24, 18, 3.5),
        (0, lips - mouth.upper * 0.5, mouth.width * 0.24, 3, 1.2),
        (0, lips + mouth.lower * 0.55, mouth.width * 0.22, 3.4, 1.8),
        (0, lips + mouth.lower + 5, 15, 4, -1.8),
        (0, skull.chin - 12, skull.chin_width * 0.36, 8.5, 4.5),
        (0, -skull.hairline * 0.85, 38, 20, 4),
    ]
    others = [(-x, y, wide, high, rise) for x, y, wide, high, rise in sides]
    return [*sides, *others, *ridge, *middle]


def _neck(traits: Traits) -> float:
    """Half the neck's width: never wider than the jaw above it."""
    return min(traits.skull.neck, traits.skull.jaw * 0.92) / 2


def paint_body(canvas: Canvas, traits: Traits, shot: Shot, skin: Colour) -> None:
    """Neck and clothes."""
    skull = traits.skull
    neck, shoulder, chin = _neck(traits), skull.shoulders / 2, skull.chin
    slope = chin + 52
    half = points(
        (neck * 0.9, 55), (neck * 0.93, chin), (neck * 0.98, chin + 22), (neck * 1.22, slope - 10),
        (shoulder * 0.6, slope + 8), (shoulder * 0.92, slope + 30), (shoulder * 1.03, slope + 70),
        (shoulder * 1.06, 330),
    )  # fmt: skip
    torso = canvas.patch(both_sides(half))
    canvas.paint(torso, skin)
    light = lighting(canvas, rounded(canvas.whole(torso), 46 * canvas.scale, step=4) / canvas.scale, shot, contrast=0.9)
    canvas.lit(torso, light)
    # The head's shadow on the neck.
    shade = mixed(skin, (70, 30, 24), 0.55)
    fall = shot.light[0] * -10
    canvas.paint(canvas.patch(ellipse((fall, chin - 4), (skull.jaw * 0.46, 30)), soft=7, within=torso), shade, 0.62)
    for side in (-1, 1):
        muscle = curve(points((side * neck * 0.8, chin + 8), (side * neck * 0.55, chin + 34), (side * 9, slope + 6)))
        canvas.paint(canvas.strands([muscle], width=3, soft=2.2), shade, 0.28)
    _paint_clothes(canvas, traits, shot, light)


def _paint_clothes(canvas: Canvas, traits: Traits, shot: Shot, light: Alpha) -> None:
    skull = traits.skull
    neck, shoulder, chin = _neck(traits), skull.shoulders / 2, skull.chin
    slope, cloth = chin + 52, shot.clothes_colour
    dip = (30.0, 62.0, 22.0, 46.0)[shot.clothes]
    opening = [(neck * 1.12, slope - 17), (neck * 0.72, slope - 22 + dip * 0.72), (0.0, slope - 18 + dip)]
    outer = [
        (shoulder * 0.6, slope + 5),
        (shoulder * 0.93, slope + 27),
        (shoulder * 1.05, slope + 68),
        (shoulder * 1.08, 330),
    ]
    edge = curve(points(*outer[::-1], *opening), steps=10)
    shirt = canvas.patch(np.concatenate([edge, mirrored(edge)[::-1]]))
    canvas.paint(shirt, cloth)
    canvas.lit(shirt, light)
    dark, pale = mixed(cloth, (20, 20, 26), 0.45), mixed(cloth, (255, 255, 255), 0.5)
    rim = curve(points(*opening, *((-x, y) for x, y in opening[-2::-1])), steps=10)
    canvas.paint(canvas.strands([moved(rim, 0, 3.2)], width=1.2, soft=0.8), dark, 0.5)
    if shot.clothes == 1:
        for side in (-1, 1):
            lapel = points(
                (side * neck * 1.12, slope - 19),
                (side * neck * 1.32, slope + 2),
                (side * 20, slope + 68),
                (0, slope + 46),
            )
            canvas.fill(lapel, mixed(cloth, pale, 0.25), 1.0)
            canvas.paint(canvas.strands([lapel[1:]], width=1.0, soft=0.5), dark, 0.6)
    if shot.clothes == 3:
        canvas.paint(canvas.strands([moved(rim, 0, 1.5)], width=7, soft=0.3, within=shirt), pale, 0.8)
    for side in (-1, 1):
        fold = curve(
            points(
                (side * shoulder * 0.62, slope + 34), (side * shoulder * 0.56, slope + 70), (side * shoulder * 0.6, 330)
            )
        )
        canvas.paint(canvas.strands([fold], width=3, soft=3), dark, 0.35)


def paint_ears(canvas: Canvas, traits: Traits, skin: Colour) -> None:
    """Both ears, as far as they stand out."""
    skull = traits.skull
    length, out = skull.ear_length / 2, skull.ear_turn
    rim, hollow = mixed(skin, (150, 60, 44), 0.16), mixed(skin, (92, 40, 30), 0.48)
    for side in (-1, 1):
        x = side * (skull.cheeks / 2 - 3)
        ear = curve(
            points(
                (x, -length * 0.55 + 10), (x + side * out * 0.8, -length + 12),
                (x + side * (out + 5), -length * 0.5 + 10),
                (x + side * (out + 3), length * 0.2 + 10), (x + side * out * 0.5, length * 0.85 + 10),
                (x - side * 2, length + 8),
                (x - side * 6, 8),
            ),
            closed=True,
        )  # fmt: skip
        canvas.fill(ear, rim)
        inner = (ear - (x, 10)) * (0.6, 0.66) + (x - side * 0.5, 9)
        canvas.fill(inner, hollow, 0.55, soft=1.6)


def paint_skin(canvas: Canvas, traits: Traits, shot: Shot, skin: Colour) -> tuple[Alpha, Field]:
    """The bare head; returns its mask (uint8, whole picture) and its relief in mm."""
    head = canvas.patch(both_sides(outline(traits), lean=traits.lean))
    canvas.paint(head, skin)
    mask = canvas.whole(head)
    dome = rounded(mask, 60 * canvas.scale, step=4) / canvas.scale
    heights = 0.72 * dome + relief(canvas, face_bumps(traits))
    canvas.lit(head, lighting(canvas, heights, shot))
    return mask, heights
