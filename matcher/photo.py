"""Untrusted bytes become a `Photo`, or a clear refusal."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Photo:
    """A decoded photo.

    pixels: uint8 (height, width, 3), RGB, upright (EXIF orientation applied), read-only.
    sha256: hex digest of the original bytes.
    format: the file's format, as in ``JPEG``.
    notes: what decoding had to do that a person should know, as in "first of 12 frames".
    """

    pixels: NDArray[np.uint8]
    sha256: str
    format: str
    notes: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    def __repr__(self) -> str:
        return f"Photo({self.width}x{self.height} {self.format}, sha256={self.sha256[:12]}...)"
