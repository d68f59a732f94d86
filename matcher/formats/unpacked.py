"""What every format's file hands back, and the way from any pixel layout to RGB."""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from matcher.formats.refusals import damaged, truncated, unsupported

Pixels = NDArray[np.uint8]

_ORIENTATION = 0x0112
_BAND = 512  # rows


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
    """Any of Pillow's 8-bit and 16-bit layouts as RGB over white, with notes on what was changed.

    Works through bands of rows, so that a large picture never stands in memory in every layout on the way.
    """
    if image.mode in ("I", "F"):
        raise unsupported("an image of 32 bits a sample")
    transparent = "A" in image.getbands() or "a" in image.getbands() or "transparency" in image.info
    pixels = np.empty((image.height, image.width, 3), np.uint8)
    shown_white = False
    for top in range(0, image.height, _BAND):
        band = image.crop((0, top, image.width, min(top + _BAND, image.height)))
        if transparent:
            band, some = _over_white(band.convert("RGBA"))
            shown_white |= some
        pixels[top : top + _BAND] = _grey_of_16_bits(band) if band.mode.startswith("I;16") else _rgb(band)
    if image.mode.startswith("I;16"):
        return pixels, ("16 bits reduced to 8",)
    if image.mode == "CMYK":
        return pixels, ("converted from CMYK",)
    return pixels, ("transparent areas shown white",) if shown_white else ()


def _rgb(band: Image.Image) -> Pixels:
    return np.asarray(band if band.mode == "RGB" else band.convert("RGB"))


def _grey_of_16_bits(band: Image.Image) -> Pixels:
    # Exact rounding of value * 255 / 65535, as 16-bit samples are meant.
    wide = np.asarray(band).astype(np.uint32)
    return ((wide * 255 + 32_767) // 65_535).astype(np.uint8)[:, :, np.newaxis]


def _over_white(band: Image.Image) -> tuple[Image.Image, bool]:
    """The RGBA band over white, and whether anything of it was transparent."""
    low, _ = band.getchannel("A").getextrema()
    if low == 255:
        return band, False
    return Image.alpha_composite(Image.new("RGBA", band.size, (255, 255, 255, 255)), band), True
