"""Hair behind and around the face."""

from collections.abc import Sequence

import numpy as np

from matcher.drawn.canvas import Canvas, Colour, Patch, Points, curve, ellipse, mirrored, mixed, points
from matcher.drawn.head import lighting, outline, rounded
from matcher.drawn.shots import Shot
from matcher.drawn.traits import HairStyle, Traits
from matcher.drawn.years import INK, hair_tone

FALLING = frozenset({HairStyle.BOB, HairStyle.LONG, HairStyle.WAVY})
THICKNESS: dict[HairStyle, float] = {
    HairStyle.BALD: 0.5, HairStyle.RING: 4, HairStyle.CROPPED: 3.5, HairStyle.SHORT: 9, HairStyle.SWEPT: 12,
    HairStyle.FRINGE: 8, HairStyle.CURLY: 20, HairStyle.TIED: 5, HairStyle.BOB: 9, HairStyle.LONG: 8,
    HairStyle.WAVY: 11,
}  # fmt: skip


def paint_behind(canvas: Canvas, traits: Traits, shot: Shot) -> None:
    """What of the hair lies behind neck and shoulders."""
    hair, tone = traits.hair, hair_tone(traits, shot)
    dark = mixed(tone, INK, 0.35)
    if hair.style is HairStyle.TIED and hair.length > 0.4:
        _solid(canvas, shot, canvas.patch(ellipse((0, -traits.skull.crown - 12), (26 + 6 * hair.volume, 22))), dark)
    if hair.style not in FALLING and not (hair.style is HairStyle.FRINGE and traits.woman):
        return
    top = _outer(traits, shot)
    end = _fall(traits, shot)
    cheek = traits.skull.cheeks / 2
    wide = cheek + 9 + 5 * hair.volume + (8 * hair.curl if hair.style is HairStyle.WAVY else 0)
    half = np.concatenate(
        [top[:-1], points((cheek + 9, 12), (wide, 55), (wide + 3, end * 0.75), (wide - 10, end), (0, end + 4))]
    )
    shape = curve(np.concatenate([half, mirrored(half)[-2:0:-1]]), closed=True)
    if hair.style is HairStyle.WAVY:
        shape = _waved(shape, hair.curl)
    _solid(canvas, shot, canvas.patch(shape, soft=0.4), dark)


def paint_before(canvas: Canvas, traits: Traits, shot: Shot) -> None:
    """The hair that frames the face."""
    hair, tone = traits.hair, hair_tone(traits, shot)
    if hair.style is HairStyle.BALD:
        shadow, _, _ = _cap(canvas, traits, shot)
        canvas.paint(shadow, tone, 0.10 + 0.1 * hair.volume)
        return
    if hair.style is HairStyle.RING:
        _paint_ring(canvas, traits, shot, tone)
        return
    if hair.style in FALLING or (hair.style is HairStyle.FRINGE and traits.woman):
        for side in (1, -1) if hair.parting > 0 else (-1, 1):
            outer, inner = _curtain(traits, shot, side)
            lock = canvas.patch(np.concatenate([outer, inner[::-1]]), soft=0.35)
            _solid(canvas, shot, lock, tone)
            _comb(canvas, lock, [_between(outer, inner, t) for t in _spread(traits, 34)], tone)
    if hair.style in FALLING:
        return
    cap, inner, outer = _cap(canvas, traits, shot)
    _solid(canvas, shot, cap, tone)
    if hair.style is HairStyle.CURLY:
        _comb(canvas, cap, _curls(traits, inner, outer), tone)
    else:
        _comb(canvas, cap, _radial(traits, inner, outer), tone)


def _outer(traits: Traits, shot: Shot) -> Points:
    """The right half of the hair's outer edge, from the crown down to the ear."""
    hair = traits.hair
    thick = THICKNESS[hair.style] * (0.55 + 0.45 * hair.volume) * (1 + 0.1 * shot.hair_change)
    half = outline(traits)[:6]
    away = half - (0, -20)
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    upward = np.clip(-half[:, 1:] / traits.skull.crown, 0, 1)
    falls = hair.style in FALLING or (hair.style is HairStyle.FRINGE and traits.woman)
    sides = 0.75 if falls or hair.style is HairStyle.CURLY else 0.25
    return half + away * thick * (sides + (1 - sides) * upward)


def _cap(canvas: Canvas, traits: Traits, shot: Shot) -> tuple[Patch, Points, Points]:
    """The hair on top: its patch, its hairline and its outer edge, both lines from the left to the right."""
    hair, skull = traits.hair, traits.skull
    temple, cheek = skull.temples / 2, skull.cheeks / 2
    line = skull.hairline + (1.2 * shot.hair_change) + min(10.0, max(0.0, traits.age - 35) * 0.15)
    burn = -2.0 if traits.woman else 12.0 + 14 * hair.length
    side = _outer(traits, shot)
    half = points(
        (0, -line + 6 * hair.peak), (temple * 0.4, -line - 4 * hair.temples),
        (temple * 0.72, -line * 0.93 - 6 * hair.temples),
        (temple * 0.9, -line * 0.56), (temple * 0.95, -18), (cheek - 5, burn - 6), (cheek - 2.5, burn),
    )  # fmt: skip
    right, left = half, mirrored(half)
    if hair.style is HairStyle.FRINGE:
        right, left = _fringe(traits, right, 1), _fringe(traits, right, -1)
    elif hair.style is HairStyle.SWEPT or (hair.style is HairStyle.SHORT and hair.curl > 0.5):
        lift = 9 * hair.parting
        right = right + np.stack([np.zeros(7), lift * np.array([0.2, 0.9, 1.0, 0.4, 0, 0, 0])], axis=1)
        left = left + np.stack([np.zeros(7), -lift * np.array([-0.2, 0.6, 0.8, 0.3, 0, 0, 0])], axis=1)
    inner = curve(np.concatenate([left[::-1], right[1:]]))
    rim = np.concatenate([side, points((cheek + 1.5, burn))])
    outer = curve(np.concatenate([mirrored(rim)[::-1], rim[1:]]))
    if hair.style is HairStyle.CURLY:
        outer = _bumpy(outer, 3.5 + 3 * hair.curl)
        inner = _bumpy(inner, 1.8)
    return canvas.patch(np.concatenate([outer, inner[::-1]]), soft=0.5), inner, outer


def _fringe(traits: Traits, half: Points, side: int) -> Points:
    """Hair that falls to just above the brows, slanting with the parting."""
    hair, temple = traits.hair, traits.skull.temples / 2
    low = -traits.brows.height - 7 - 12 * hair.length
    slant = 9 * hair.parting * side
    cut = points(
        (0, low),
        (temple * 0.36, low + slant * 0.5 - 1),
        (temple * 0.7, low + slant + 1),
        (temple * 0.9, low + slant * 0.6 + 7),
    )
    return np.concatenate([cut, half[4:]]) * (side, 1.0)


def _fall(traits: Traits, shot: Shot) -> float:
    """How far down falling hair reaches, mm below the eyes."""
    hair, chin = traits.hair, traits.skull.chin
    change = 5 * shot.hair_change + 2.5 * shot.years * (hair.length - 0.5)
    if hair.style in (HairStyle.BOB, HairStyle.FRINGE):
        return chin - 26 + 36 * hair.length + change
    return chin + 60 + 60 * hair.length + 3 * change


def _curtain(traits: Traits, shot: Shot, side: int) -> tuple[Points, Points]:
    """One side of parted falling hair: its outer and its inner edge, top to bottom, equally many points."""
    hair, skull = traits.hair, traits.skull
    temple, cheek = skull.temples / 2, skull.cheeks / 2
    part = 0.0 if hair.style is HairStyle.FRINGE else 26 * hair.parting
    top, end = _outer(traits, shot), _fall(traits, shot)
    wide = cheek + 6 + 5 * hair.volume
    line = skull.hairline + shot.hair_change
    reach = 0.84 + 0.16 * hair.temples
    outer = np.concatenate([top[:-1], points((cheek + 7, 12), (wide, 52), (wide + 2, end * 0.75), (wide - 9, end))])
    outer = outer * (side, 1.0)
    outer[0, 0] = part
    inner = points(
        (part, -line - 5), (side * temple * 0.42 + part * 0.5, -line * 0.9),
        (side * temple * 0.8 * reach, -line * 0.55),
        (side * temple * 0.95 * reach, -14), (side * cheek * 0.985 * reach, 22), (side * cheek * 0.97, 60),
        (side * cheek * 0.99, max(64.0, end * 0.8)), (side * cheek * 0.8, max(70.0, end + 2)),
    )  # fmt: skip
    left, right = _resampled(curve(outer), 60), _resampled(curve(inner), 60)
    if hair.style is HairStyle.WAVY:
        return _waved(left, hair.curl), _waved(right, hair.curl * 0.8)
    return left, right


def _paint_ring(canvas: Canvas, traits: Traits, shot: Shot, tone: Colour) -> None:
    skull, hair = traits.skull, traits.hair
    temple, cheek = skull.temples / 2, skull.cheeks / 2
    edge = _outer(traits, shot)
    burn = 12 + 10 * hair.length
    for side in (-1, 1):
        outer = np.concatenate([points((temple * 0.9, -skull.crown * 0.62)), edge[3:], points((cheek + 1, burn))]) * (
            side,
            1.0,
        )
        inner = points(
            (temple * 0.86, -skull.crown * 0.58), (temple * 0.82, -42), (temple * 0.9, -16), (cheek - 5, burn * 0.5),
            (cheek - 3, burn),
        ) * (side, 1.0)  # fmt: skip
        a, b = _resampled(curve(outer), 40), _resampled(curve(inner), 40)
        tuft = canvas.patch(np.concatenate([a, b[::-1]]), soft=1.6)
        canvas.paint(tuft, tone, 0.85)
        _comb(canvas, tuft, [_between(a, b, t) for t in _spread(traits, 12)], tone)


def _solid(canvas: Canvas, shot: Shot, patch: Patch, tone: Colour) -> None:
    canvas.paint(patch, tone)
    swollen = rounded(canvas.whole(patch), 26 * canvas.scale, step=4) / canvas.scale
    canvas.lit(patch, lighting(canvas, swollen, shot, contrast=1.15))


def _comb(canvas: Canvas, within: Patch, lines: Sequence[Points], tone: Colour) -> None:
    """Fine lines along the fall of the hair, some darker and some lighter than the rest."""
    pale, dark = mixed(tone, (255, 232, 206), 0.2), mixed(tone, INK, 0.5)
    canvas.paint(canvas.strands(lines[0::3], width=1.6, soft=0.5, within=within), dark, 0.5)
    canvas.paint(canvas.strands(lines[1::3], width=1.4, soft=0.6, within=within), pale, 0.4)
    canvas.paint(canvas.strands(lines[2::3], width=0.7, within=within), dark, 0.4)


def _spread(traits: Traits, count: int) -> list[float]:
    rng = np.random.default_rng(traits.seed + 3)
    return [float(t) for t in np.clip((np.arange(count) + rng.random(count)) / count, 0.02, 0.98)]


def _between(one: Points, other: Points, share: float) -> Points:
    return one + (other - one) * share


def _radial(traits: Traits, inner: Points, outer: Points) -> list[Points]:
    """Strands from the hairline to the outer edge, leaning away from the parting."""
    count = 132
    a, b = _resampled(inner, count), _resampled(outer, count)
    lean = np.clip((a[:, :1] - 30 * traits.hair.parting) / 40, -1, 1) * (-9, 0)
    middle = (a + b) / 2 + lean
    rng = np.random.default_rng(traits.seed + 4)
    order = rng.permutation(np.arange(2, count - 2))
    return [curve(np.stack([a[i], middle[i], b[i]]), steps=6) for i in order]


def _curls(traits: Traits, inner: Points, outer: Points) -> list[Points]:
    rng = np.random.default_rng(traits.seed + 5)
    a, b = _resampled(inner, 80), _resampled(outer, 80)
    lines = []
    for i in range(150):
        at = a[i % 80] + (b[i % 80] - a[i % 80]) * float(rng.random())
        radius, start = 3 + 3.5 * float(rng.random()), float(rng.random()) * 6.28
        turn = np.linspace(start, start + 4.2, 10)
        lines.append(at + radius * np.stack([np.cos(turn), np.sin(turn)], axis=1))
    return lines


def _resampled(line: Points, count: int) -> Points:
    step = np.linalg.norm(np.diff(line, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(step)])
    at = np.linspace(0, along[-1], count)
    return np.stack([np.interp(at, along, line[:, 0]), np.interp(at, along, line[:, 1])], axis=1)


def _waved(line: Points, curl: float) -> Points:
    """Sideways waves that begin at the ears and grow downwards."""
    grows = np.clip((line[:, 1] + 20) / 70, 0, 1)
    wave = np.sin(line[:, 1] / (9 + 4 * curl)) * grows * (2.5 + 3 * curl) * np.sign(line[:, 0])
    return line + np.stack([wave, np.zeros(len(line))], axis=1)


def _bumpy(line: Points, height: float) -> Points:
    even = _resampled(line, 160)
    ahead = np.gradient(even, axis=0)
    across = np.stack([ahead[:, 1], -ahead[:, 0]], axis=1) / np.linalg.norm(ahead, axis=1, keepdims=True)
    at = np.arange(160)
    wave = np.abs(np.sin(at * 0.31)) * np.minimum(1, np.minimum(at, 159 - at) / 8)
    return np.asarray(even + across * (wave * height)[:, None], np.float64)
