"""Copies of a photo made worse, as photos are made worse where officers get them.

Every kind takes its extent from the distance between the eyes, so that it does the same to a large photo and a small
one, and its strength from a generator, so that a run can be repeated.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]
Random = np.random.Generator

_EYES = slice(36, 42), slice(42, 48)
_SKIN = (1, 15, 30, 31, 35)


@dataclass(frozen=True, slots=True, repr=False)
class Scene:
    """A photo before it is made worse. pixels: uint8 (h, w, 3), RGB. points: float64 (68, 2), landmarks in it."""

    pixels: Pixels
    points: Floats

    @property
    def apart(self) -> float:
        """Pixels between the eyes, 1 at least."""
        left, right = (self.points[eye].mean(axis=0) for eye in _EYES)
        return max(1.0, float(np.hypot(*(right - left))))

    @property
    def axes(self) -> tuple[Floats, Floats, Floats]:
        """The middle of the eyes, and the steps of one distance between the eyes across and down the face."""
        left, right = (self.points[eye].mean(axis=0) for eye in _EYES)
        across = right - left
        return (left + right) / 2, across, np.array([-across[1], across[0]])

    @property
    def skin(self) -> Floats:
        """The median colour around nose and cheeks, float64 (3,)."""
        height, width = self.pixels.shape[:2]
        places = np.clip(np.rint(self.points[list(_SKIN)]), 0, (width - 1, height - 1)).astype(int)
        return np.asarray(np.median(self.pixels[places[:, 1], places[:, 0]].astype(np.float64), axis=0))

    def at(self, shape: list[tuple[float, float]]) -> NDArray[np.int32]:
        """Points of the face (across, down, in distances between the eyes) as pixels with 4 bits of fraction."""
        middle, across, down = self.axes
        placed = middle + np.array([(x, y) for x, y in shape]) @ np.stack([across, down])
        return np.asarray(np.rint(placed.clip(-1e4, 1e4) * 16), np.int32)


Damage = Callable[[Scene, Random], Pixels]


def blurred(scene: Scene, random: Random) -> Pixels:
    """Out of focus: a Gaussian of 3 to 15 % of the eyes' distance."""
    return _kept(cv2.GaussianBlur(scene.pixels, (0, 0), scene.apart * random.uniform(0.03, 0.15)))


def moved(scene: Scene, random: Random) -> Pixels:
    """Camera shake: a line of 10 to 40 % of the eyes' distance, in any direction."""
    length = max(2, round(scene.apart * random.uniform(0.1, 0.4)))
    kernel = np.zeros((length, length), np.float32)
    angle = random.uniform(0, np.pi)
    half, reach = (length - 1) / 2, length / 2 * np.array([np.cos(angle), np.sin(angle)])
    start, end = (tuple(int(v) for v in np.rint(half + sign * reach)) for sign in (-1, 1))
    cv2.line(kernel, start, end, 1.0)
    return _kept(cv2.filter2D(scene.pixels, -1, kernel / kernel.sum()))


def small(scene: Scene, random: Random) -> Pixels:
    """Sent small: 20 to 40 pixels between the eyes."""
    return _shrunk(scene, random.uniform(20, 40))


def enlarged(scene: Scene, random: Random) -> Pixels:
    """A small face cut out and made larger again: 12 to 25 pixels between the eyes, at 60."""
    tiny = _shrunk(scene, random.uniform(12, 25))
    factor = 60 / scene.apart
    size = max(1, round(scene.pixels.shape[1] * factor)), max(1, round(scene.pixels.shape[0] * factor))
    return _kept(cv2.resize(tiny, size, interpolation=cv2.INTER_CUBIC))


def compressed(scene: Scene, random: Random) -> Pixels:
    """A JPEG of quality 10 to 30, at about 60 pixels between the eyes."""
    return _squeezed(_shrunk(scene, 60), int(random.integers(10, 31)))


def compressed_and_resized(scene: Scene, random: Random) -> Pixels:
    """A JPEG of quality 5 to 15 of a small face, resized afterwards, so that its grid can't be seen."""
    squeezed = _squeezed(_shrunk(scene, random.uniform(30, 50)), int(random.integers(5, 16)))
    factor = random.uniform(1.2, 1.8)
    return _kept(cv2.resize(squeezed, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR))


def darkened(scene: Scene, random: Random) -> Pixels:
    """Under-exposed: 3 to 20 % of the light, with the noise of a camera in the dark."""
    light = _linear(scene.pixels) * random.uniform(0.03, 0.2)
    return _encoded(light + random.normal(0, 0.004, light.shape) + 0.05 * np.sqrt(light) * random.normal(0, 1, light.shape))


def overexposed(scene: Scene, random: Random) -> Pixels:
    """Flash: 2 to 8 times the light."""
    return _encoded(_linear(scene.pixels) * random.uniform(2, 8))


def shaded(scene: Scene, random: Random) -> Pixels:
    """Light from one side: the other gets 3 to 15 % of it, in a ramp across the face."""
    middle, across, _ = scene.axes
    y, x = np.mgrid[: scene.pixels.shape[0], : scene.pixels.shape[1]]
    along = ((x - middle[0]) * across[0] + (y - middle[1]) * across[1]) / float(across @ across)
    least = random.uniform(0.03, 0.15)
    ramp = least + (1 - least) / (1 + np.exp(random.choice([-6, 6]) * along))
    return _encoded(_linear(scene.pixels) * ramp[..., None])


def flat(scene: Scene, random: Random) -> Pixels:
    """A washed-out copy: 8 to 35 % of the contrast."""
    middle = random.uniform(90, 190)
    return _rounded(middle + (scene.pixels.astype(np.float64) - middle) * random.uniform(0.08, 0.35))


def noisy(scene: Scene, random: Random) -> Pixels:
    """High sensitivity: noise of 15 to 60 levels at 60 pixels between the eyes."""
    pixels = _shrunk(scene, 60).astype(np.float64)
    return _rounded(pixels + random.uniform(15, 60) * random.normal(0, 1, pixels.shape))


def tilted(scene: Scene, random: Random) -> Pixels:
    """The head leans by 20 to 40 degrees."""
    height, width = scene.pixels.shape[:2]
    angle = float(random.choice([-1, 1]) * random.uniform(20, 40))
    turn = cv2.getRotationMatrix2D(tuple(scene.axes[0]), angle, 1.0)
    return _kept(cv2.warpAffine(scene.pixels, turn, (width, height), borderMode=cv2.BORDER_REFLECT))


def cut_off(scene: Scene, random: Random) -> Pixels:
    """The photo ends within the face, at one side or at the mouth."""
    middle, _, _ = scene.axes
    height, width = scene.pixels.shape[:2]
    where = int(random.integers(3))
    if where == 0:
        end = round(float(middle[1]) + scene.apart * random.uniform(0.75, 1.2))
        return scene.pixels[: min(height, max(8, end))]
    side = scene.apart * random.uniform(0.1, 0.6)
    if where == 1:
        return scene.pixels[:, : min(width, max(8, round(float(middle[0]) + side)))]
    return scene.pixels[:, max(0, min(width - 8, round(float(middle[0]) - side))) :]


def by_hand(scene: Scene, random: Random) -> Pixels:
    """Four fingers of about the skin's colour, over an eye, a cheek or the mouth."""
    x, y = random.uniform(-0.7, 0.7), random.uniform(-0.2, 1.3)
    angle, skin = random.uniform(-0.6, 0.6), scene.skin * random.uniform(0.85, 1.1)
    side = float(random.choice([-1, 1]))
    patch = scene.pixels.copy()
    for finger in range(4):
        shift = (finger - 1.5) * 0.27
        tip = (x - side * shift * np.sin(angle), y + shift * np.cos(angle))
        root = (tip[0] + side * 2.2 * np.cos(angle), tip[1] + side * 2.2 * np.sin(angle))
        ends = scene.at([tip, root])
        shade = [float(v) for v in (skin * (0.93 + 0.05 * (finger % 2))).clip(0, 255)]
        cv2.line(patch, _pair(ends[0]), _pair(ends[1]), shade, max(1, round(0.29 * scene.apart)), cv2.LINE_AA, 4)
    return _softened(patch, scene)


def by_sunglasses(scene: Scene, random: Random) -> Pixels:
    """Dark lenses over both eyes, with a bridge and arms."""
    patch = scene.pixels.copy()
    wide, tall = random.uniform(0.36, 0.46), random.uniform(0.26, 0.36)
    colour = [float(v) for v in random.uniform(5, 45, 3)]
    frame = max(1, round(0.06 * scene.apart))
    for x in (-0.5, 0.5):
        rim = [(x + wide * np.cos(t), 0.06 + tall * np.sin(t)) for t in np.linspace(0, 2 * np.pi, 24)]
        cv2.fillPoly(patch, [scene.at(rim)], colour, cv2.LINE_AA, 4)
    for one, other in (((-0.2, 0), (0.2, 0)), ((-0.85, -0.03), (-1.2, -0.05)), ((0.85, -0.03), (1.2, -0.05))):
        ends = scene.at([one, other])
        cv2.line(patch, _pair(ends[0]), _pair(ends[1]), colour, frame, cv2.LINE_AA, 4)
    return _softened(patch, scene)


def by_mask(scene: Scene, random: Random) -> Pixels:
    """A surgical mask from the bridge of the nose to below the chin: white, blue or black."""
    colours = [(225.0, 228.0, 230.0), (120.0, 170.0, 205.0), (35.0, 35.0, 40.0)]
    colour = np.array(colours[int(random.integers(3))]) * random.uniform(0.85, 1.05)
    top = random.uniform(0.35, 0.6)
    jaw = scene.points[3:14]
    middle, across, down = scene.axes
    edge = [(-0.85, top + 0.15), (-0.35, top), (0.35, top), (0.85, top + 0.15)]
    cloth = np.concatenate([scene.at(edge), np.rint(16 * (jaw + 0.12 * down)[::-1].clip(-1e4, 1e4)).astype(np.int32)])
    patch = scene.pixels.copy()
    cv2.fillPoly(patch, [cloth], [float(v) for v in colour.clip(0, 255)], cv2.LINE_AA, 4)
    for fold in np.arange(top + 0.3, 1.5, 0.25):
        line = np.rint(16 * (middle + fold * down + np.array([[-0.7], [0.7]]) * across).clip(-1e4, 1e4)).astype(int)
        shade = [float(v) for v in colour * 0.85]
        cv2.line(patch, _pair(line[0]), _pair(line[1]), shade, max(1, round(0.02 * scene.apart)), cv2.LINE_AA, 4)
    return _softened(patch, scene)


def stamped(scene: Scene, random: Random) -> Pixels:
    """An ink stamp across a part of the face: two rings, and bars of writing."""
    ink = np.array([(40.0, 50.0, 150.0), (170.0, 30.0, 40.0), (60.0, 40.0, 110.0)][int(random.integers(3))])
    x, y, size = random.uniform(-0.9, 0.9), random.uniform(-0.2, 1.5), random.uniform(0.8, 1.3)
    cover = np.zeros(scene.pixels.shape[:2], np.uint8)
    width = max(1, round(0.06 * scene.apart))
    for radius in (size, 0.72 * size):
        centre = scene.at([(x, y)])[0]
        cv2.circle(cover, _pair(centre), round(16 * radius * scene.apart), 255, width, cv2.LINE_AA, 4)
    for row in (-0.25, 0.0, 0.25):
        for start in np.arange(-0.5, 0.5, 0.18):
            ends = scene.at([(x + size * start, y + size * row), (x + size * (start + 0.1), y + size * row)])
            cv2.line(cover, _pair(ends[0]), _pair(ends[1]), 255, max(1, 2 * width), cv2.LINE_AA, 4)
    opaque = (cover / 255.0 * random.uniform(0.55, 0.9))[..., None]
    # Ink takes light away, as a filter does.
    return _rounded(scene.pixels * (1 - opaque + opaque * ink / 255))


DAMAGES: dict[str, Damage] = {
    "blur": blurred,
    "motion": moved,
    "small": small,
    "enlarged": enlarged,
    "jpeg": compressed,
    "jpeg_resized": compressed_and_resized,
    "dark": darkened,
    "over_exposed": overexposed,
    "shade": shaded,
    "flat": flat,
    "noise": noisy,
    "tilt": tilted,
    "cut": cut_off,
    "hand": by_hand,
    "sunglasses": by_sunglasses,
    "mask": by_mask,
    "stamp": stamped,
}


def _shrunk(scene: Scene, apart: float) -> Pixels:
    """The photo with so many pixels between the eyes, or as it is where it has fewer."""
    factor = apart / scene.apart
    if factor >= 1:
        return scene.pixels
    return _kept(cv2.resize(scene.pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA))


def _squeezed(pixels: Pixels, level: int) -> Pixels:
    _, data = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, level])
    return _kept(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))[..., ::-1])


def _softened(patch: Pixels, scene: Scene) -> Pixels:
    """Edges as soft as those of the photo, the rest untouched."""
    changed = np.any(patch != scene.pixels, axis=2).astype(np.uint8)
    rim = cv2.dilate(changed, np.ones((3, 3), np.uint8)).astype(bool)
    soft = cv2.GaussianBlur(patch, (0, 0), 0.8)
    return _kept(np.where(rim[..., None], soft, patch))


def _linear(pixels: Pixels) -> Floats:
    return np.asarray((pixels / 255.0) ** 2.2)


def _encoded(light: Floats) -> Pixels:
    return _rounded(255 * light.clip(0, 1) ** (1 / 2.2))


def _rounded(levels: Floats) -> Pixels:
    return np.asarray(np.rint(levels).clip(0, 255), np.uint8)


def _kept(pixels: NDArray[np.generic]) -> Pixels:
    return np.ascontiguousarray(pixels, np.uint8)


def _pair(point: NDArray[np.integer]) -> tuple[int, int]:
    return int(point[0]), int(point[1])
