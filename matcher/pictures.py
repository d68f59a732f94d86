"""Photos as browsers and documents can show them."""

from typing import Any

from numpy.typing import NDArray

from matcher.photo import PhotoLimits, decode

LONGEST = 1_024
"""Pixels of a view's longer side."""

_QUALITY = 88


def jpeg_view(data: bytes, *, limits: PhotoLimits, longest: int = LONGEST) -> bytes:
    """A photo of any format that is opened here as an upright JPEG, without what the file told beside its pixels.

    longest: pixels of the longer side; smaller photos keep their size. Raises a kind of PhotoUnreadable.
    """
    import cv2

    pixels: NDArray[Any] = decode(data, limits=limits).pixels
    factor = longest / max(pixels.shape[:2])
    if factor < 1:
        height, width = (max(1, round(side * factor)) for side in pixels.shape[:2])
        pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    done, picture = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise RuntimeError("OpenCV could not write a JPEG: this build lacks the codec; install opencv-python-headless")
    return picture.tobytes()
