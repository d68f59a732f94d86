"""The order in which a drawn person is painted and photographed."""

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.drawn.beard import paint_beard
from matcher.drawn.biography import biography
from matcher.drawn.camera import developed, posed, shine
from matcher.drawn.canvas import Canvas, Patch, mixed
from matcher.drawn.chance import traits
from matcher.drawn.eyes import gleams
from matcher.drawn.features import paint_features
from matcher.drawn.glasses import paint_glasses
from matcher.drawn.hair import paint_before, paint_behind
from matcher.drawn.head import paint_body, paint_ears, paint_skin
from matcher.drawn.shots import Shot, shot
from matcher.drawn.traits import Traits

SIZE = (480, 600)
"""Width and height in pixels of a drawn photo."""

MM_TO_PIXELS = 1.5
"""At SIZE: the eyes are then about 95 pixels apart."""


def draw(person: int, number: int, *, size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    """Photo `number` (0: the one to enroll) of drawn person `person`; uint8 (height, width, 3), RGB.

    size: width and height in pixels, each 96 to 4,096. The same arguments give the same picture, to within a grey
    level where a processor rounds otherwise. Raises ValueError for negative numbers and other sizes.
    """
    if person < 0 or number < 0:
        raise ValueError(f"drawn people and their photos are numbered 0 or more, not {person} and {number}")
    if not all(96 <= side <= 4096 for side in size):
        raise ValueError(f"a drawn photo's size is 96 to 4,096 pixels each way, not {size[0]}x{size[1]}")
    return render(traits(person, biography(person)), shot(person, number), size=size)


def render(who: Traits, sitting: Shot, *, size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    """A picture of looks of one's own making; uint8 (height, width, 3), RGB."""
    width, height = size
    scale = min(width / SIZE[0], height / SIZE[1])
    canvas = Canvas(width, height, scale=scale * MM_TO_PIXELS, middle=(width / 2, height * 0.455))
    _paint_background(canvas, sitting)
    skin = mixed(who.skin, (206, 176, 150), min(0.2, max(0.0, who.age + sitting.years - 50) / 150))
    paint_behind(canvas, who, sitting)
    paint_body(canvas, who, sitting, skin)
    paint_ears(canvas, who, skin)
    mask, heights = paint_skin(canvas, who, sitting, skin)
    paint_features(canvas, who, sitting, skin)
    paint_beard(canvas, who, sitting, Patch(0, 0, mask))
    paint_before(canvas, who, sitting)
    shine(canvas)
    gleams(canvas, who, sitting)
    paint_glasses(canvas, who, sitting)
    return developed(posed(canvas, heights, sitting), sitting)


def photo_bytes(person: int, number: int, *, size: tuple[int, int] = SIZE) -> bytes:
    """The same picture as a JPEG file, compressed as strongly as that sitting's camera does."""
    picture = cv2.cvtColor(draw(person, number, size=size), cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, shot(person, number).quality])
    if not done:
        raise RuntimeError("OpenCV could not write a JPEG: this build lacks the codec; install opencv-python-headless")
    return data.tobytes()


def _paint_background(canvas: Canvas, sitting: Shot) -> None:
    """A wall, a little darker towards the edges."""
    across = np.linspace(-1, 1, canvas.width // 8, dtype=np.float32)[None, :] - 0.3 * np.sign(sitting.light[0])
    down = np.linspace(-1, 1, canvas.height // 8, dtype=np.float32)[:, None]
    fade = np.clip(1.02 - 0.07 * (across * across + down * down), 0, 1).astype(np.float32)
    fade = cv2.resize(fade, (canvas.width, canvas.height))
    for plane, tone in zip(canvas.colour, sitting.background, strict=True):
        plane[:] = np.rint(fade * np.float32(tone))
