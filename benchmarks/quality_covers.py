"""Things over a face: a hand, dark glasses, a mask, a stamp. Drawn flat, softened at their edges."""

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.quality_scene import Pixels, Random, Scene, as_pixels, rounded


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
    return rounded(scene.pixels * (1 - opaque + opaque * ink / 255))


def _softened(patch: Pixels, scene: Scene) -> Pixels:
    """Edges as soft as those of the photo, the rest untouched."""
    changed = np.any(patch != scene.pixels, axis=2).astype(np.uint8)
    rim = cv2.dilate(changed, np.ones((3, 3), np.uint8)).astype(bool)
    soft = cv2.GaussianBlur(patch, (0, 0), 0.8)
    return as_pixels(np.where(rim[..., None], soft, patch))


def _pair(point: NDArray[np.integer]) -> tuple[int, int]:
    return int(point[0]), int(point[1])
