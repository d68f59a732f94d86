"""What every format's file hands back, and the way from any pixel layout to RGB."""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from matcher.formats.refusals import damaged, truncated, unsupported

Pixels = NDArray[np.uint8]

_ORIENTATION = 0x0112


@dataclass(frozen=True, slots=True)
class Unpacked:
    """Pixels as the file stores them, with what is still to be done to them.

    pixels: uint8 (height, width, 3), RGB. width, height: as stored in the file, before any reduction.
    orientation: the EXIF value, 1 to 8, not yet applied. profile: the ICC profile's bytes, or none.
    """

    pixels: Pixels
    format: str
    width: int
    height: int
    orientation: int = 1
    profile: bytes = b""
    notes: tuple[str, ...] = ()


def exif_orientation(exif: bytes) -> int:
    """The orientation (1 to 8) in an EXIF block, which starts with a TIFF header; 1 where it is absent or nonsense.

    Read here, by hand, since a damaged EXIF block must neither fail the photo nor raise a warning.
    """
    block = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", block, 4)
        (count,) = struct.unpack_from(order + "H", block, start)
        for entry in range(count):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", block, start + 2 + 12 * entry)
            if tag == _ORIENTATION:
                return int(value) if kind == 3 and 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1


def from_codec(
    mode: str, size: tuple[int, int], data: bytes | memoryview, codec: str, args: tuple[object, ...]
) -> Image.Image:
    """Unpack data with one of Pillow's codecs; raises PhotoTruncated or PhotoDamaged unless every pixel came out.

    `Image.frombytes` is the one door to the codecs that never looks at `ImageFile.LOAD_TRUNCATED_IMAGES`, which any
    library in the process may have set, and which would turn a missing end into grey.
    """
    try:
        return Image.frombytes(mode, size, data, codec, args)
    except ValueError as exc:
        if "not enough" in str(exc):
            raise truncated("its pixels end early") from exc
        raise damaged("its pixels can't be unpacked") from exc


def to_rgb(image: Image.Image) -> tuple[Pixels, tuple[str, ...]]:
    """Any of Pillow's 8-bit and 16-bit layouts as RGB over white, with notes on what was changed."""
    if image.mode.startswith("I;16"):
        # Exact rounding of value * 255 / 65535, as 16-bit samples are meant.
        wide = np.asarray(image).astype(np.uint32)
        grey = ((wide * 255 + 32_767) // 65_535).astype(np.uint8)
        return np.repeat(grey[:, :, np.newaxis], 3, axis=2), ("16 bits reduced to 8",)
    if image.mode in ("I", "F"):
        raise unsupported("an image of 32 bits a sample")
    if "A" in image.getbands() or "a" in image.getbands() or "transparency" in image.info:
        return _over_white(image.convert("RGBA"))
    notes = ("converted from CMYK",) if image.mode == "CMYK" else ()
    return np.array(image if image.mode == "RGB" else image.convert("RGB")), notes


def _over_white(image: Image.Image) -> tuple[Pixels, tuple[str, ...]]:
    low, _ = image.getchannel("A").getextrema()
    if low == 255:
        return np.array(image.convert("RGB")), ()
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return np.array(Image.alpha_composite(white, image).convert("RGB")), ("transparent areas shown white",)
