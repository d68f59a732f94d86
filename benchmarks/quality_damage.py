"""Copies of a photo made worse, as photos are made worse where officers get them.

Every kind takes its extent from the distance between the eyes, so that it does the same to a large photo and a small
one, and its strength from a generator, so that a run can be repeated.
"""

from collections.abc import Callable

import cv2
import numpy as np

from benchmarks.quality_covers import by_hand, by_mask, by_sunglasses, stamped
from benchmarks.quality_scene import Floats, Pixels, Random, Scene, as_pixels, rounded

Damage = Callable[[Scene, Random], Pixels]


def blurred(scene: Scene, random: Random) -> Pixels:
    """Out of focus: a Gaussian of 3 to 15 % of the eyes' distance."""
    return as_pixels(cv2.GaussianBlur(scene.pixels, (0, 0), scene.apart * random.uniform(0.03, 0.15)))


def moved(scene: Scene, random: Random) -> Pixels:
    """Camera shake: a line of 10 to 40 % of the eyes' distance, in any direction."""
    length = max(2, round(scene.apart * random.uniform(0.1, 0.4)))
    kernel = np.zeros((length, length), np.float32)
    angle = random.uniform(0, np.pi)
    half, reach = (length - 1) / 2, length / 2 * np.array([np.cos(angle), np.sin(angle)])
    start, end = (tuple(int(v) for v in np.rint(half + sign * reach)) for sign in (-1, 1))
    cv2.line(kernel, start, end, 1.0)
    return as_pixels(cv2.filter2D(scene.pixels, -1, kernel / kernel.sum()))


def small(scene: Scene, random: Random) -> Pixels:
    """Sent small: 20 to 40 pixels between the eyes."""
    return _shrunk(scene, random.uniform(20, 40))


def enlarged(scene: Scene, random: Random) -> Pixels:
    """A small face cut out and made larger again: 12 to 25 pixels between the eyes, at 60."""
    tiny = _shrunk(scene, random.uniform(12, 25))
    factor = 60 / scene.apart
    size = max(1, round(scene.pixels.shape[1] * factor)), max(1, round(scene.pixels.shape[0] * factor))
    return as_pixels(cv2.resize(tiny, size, interpolation=cv2.INTER_CUBIC))


def compressed(scene: Scene, random: Random) -> Pixels:
    """A JPEG of quality 10 to 30, at about 60 pixels between the eyes."""
    return _squeezed(_shrunk(scene, 60), int(random.integers(10, 31)))


def compressed_and_resized(scene: Scene, random: Random) -> Pixels:
    """A JPEG of quality 5 to 15 of a small face, resized afterwards, so that its grid can't be seen."""
    squeezed = _squeezed(_shrunk(scene, random.uniform(30, 50)), int(random.integers(5, 16)))
    factor = random.uniform(1.2, 1.8)
    return as_pixels(cv2.resize(squeezed, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR))


def darkened(scene: Scene, random: Random) -> Pixels:
    """Under-exposed: 3 to 20 % of the light, with the noise of a camera in the dark."""
    light = _linear(scene.pixels) * random.uniform(0.03, 0.2)
    return _encoded(
        light + random.normal(0, 0.004, light.shape) + 0.05 * np.sqrt(light) * random.normal(0, 1, light.shape)
    )


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
    return rounded(middle + (scene.pixels.astype(np.float64) - middle) * random.uniform(0.08, 0.35))


def noisy(scene: Scene, random: Random) -> Pixels:
    """High sensitivity: noise of 15 to 60 levels at 60 pixels between the eyes."""
    pixels = _shrunk(scene, 60).astype(np.float64)
    return rounded(pixels + random.uniform(15, 60) * random.normal(0, 1, pixels.shape))


def tilted(scene: Scene, random: Random) -> Pixels:
    """The head leans by 20 to 40 degrees."""
    height, width = scene.pixels.shape[:2]
    angle = float(random.choice([-1, 1]) * random.uniform(20, 40))
    turn = cv2.getRotationMatrix2D(tuple(scene.axes[0]), angle, 1.0)
    return as_pixels(cv2.warpAffine(scene.pixels, turn, (width, height), borderMode=cv2.BORDER_REFLECT))


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
    return as_pixels(cv2.resize(scene.pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA))


def _squeezed(pixels: Pixels, level: int) -> Pixels:
    _, data = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, level])
    return as_pixels(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))[..., ::-1])


def _linear(pixels: Pixels) -> Floats:
    return np.asarray((pixels / 255.0) ** 2.2)


def _encoded(light: Floats) -> Pixels:
    return rounded(255 * light.clip(0, 1) ** (1 / 2.2))
