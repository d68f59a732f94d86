"""From a painted face to a photo of it: light, pose, age of the print, lens, sensor."""

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.drawn.canvas import Canvas
from matcher.drawn.head import Field
from matcher.drawn.shots import Shot

Pixels = NDArray[np.uint8]


def shine(canvas: Canvas) -> None:
    """Put the light on the colours; shadows lose less red than blue, as on skin."""
    level = np.arange(256) / 128
    table = np.stack([np.minimum(level**power, 1.99) * 128 for power in (0.86, 1.0, 1.06)])
    table = np.rint(table).astype(np.uint8)
    for plane, curve in zip(canvas.colour, table, strict=True):
        cv2.multiply(plane, cv2.LUT(canvas.light, curve), dst=plane, scale=1 / 128)


def posed(canvas: Canvas, heights: Field, shot: Shot) -> Pixels:
    """Turn, nod, tilt and shift the head: near parts move against far ones; heights in mm."""
    near = cv2.GaussianBlur(heights, (0, 0), 3)
    near = (near - 30) * cv2.GaussianBlur((near > 1).astype(np.float32), (0, 0), 3)
    depth = cv2.resize(near, (canvas.width, canvas.height))
    yaw, pitch, roll = np.deg2rad((shot.yaw, shot.pitch, shot.roll))
    cos, sin = np.cos(roll) / shot.size, np.sin(roll) / shot.size
    x = np.arange(canvas.width, dtype=np.float32)[None, :] - canvas.middle[0] - shot.shift[0] * canvas.scale
    y = np.arange(canvas.height, dtype=np.float32)[:, None] - canvas.middle[1] - shot.shift[1] * canvas.scale
    source_x = depth * np.float32(-np.sin(yaw) * canvas.scale)
    source_x += x * np.float32(cos) + np.float32(canvas.middle[0])
    source_x += y * np.float32(sin + shot.shear)
    source_y = depth * np.float32(-np.sin(pitch) * canvas.scale)
    source_y += y * np.float32(cos) + np.float32(canvas.middle[1])
    source_y -= x * np.float32(sin)
    turned = cv2.remap(
        cv2.merge(list(canvas.colour)), source_x, source_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(turned, np.uint8)


def developed(pixels: Pixels, shot: Shot) -> Pixels:
    """Exposure, fading, lens blur and sensor noise; uint8 RGB in, uint8 RGB out."""
    # A faded print: less contrast, paler, yellowish. All linear, so one matrix does it.
    grey = np.full((3, 3), 1 / 3)
    keep = 1 - 0.55 * shot.fading
    tint = np.diag([1 + shot.warmth, 1.0, 1 - shot.warmth])
    matrix = shot.exposure * (1 - 0.35 * shot.fading) * tint @ (keep * np.eye(3) + (1 - keep) * grey)
    lift = 0.35 * shot.fading * np.array([178, 166, 138])
    picture = cv2.transform(pixels, np.concatenate([matrix, lift[:, None]], axis=1).astype(np.float32))
    sigma = shot.blur * pixels.shape[1] / 480
    if sigma > 0.3:
        picture = cv2.GaussianBlur(picture, (0, 0), sigma)
    height, width = pixels.shape[:2]
    dice = np.frombuffer(np.random.default_rng(shot.seed).bytes(2 * height * width), np.uint8)
    # Two even dice make a triangular distribution: near enough to a normal one, and whole numbers everywhere.
    share = round(shot.noise * 256 / 104.5)
    noise = dice[: height * width].astype(np.int16) + dice[height * width :] - 255
    noise = (noise * share >> 8).reshape(height, width)
    coloured = cv2.merge([noise, noise, np.roll(noise, 7, axis=1)])
    return np.asarray(cv2.add(picture, coloured, dtype=cv2.CV_8U), np.uint8)
