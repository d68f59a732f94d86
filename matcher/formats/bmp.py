"""BMP without run-length coding."""

from io import BytesIO

from PIL.BmpImagePlugin import BmpImageFile

from matcher.formats.refusals import PhotoLimits, damaged, unsupported
from matcher.formats.unpacked import Unpacked, from_codec, to_rgb

_HEADER_LENGTHS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})


def looks_like(data: bytes) -> bool:
    """Whether data begin as a BMP; its magic is two letters only, with which a text may begin as well."""
    return data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _HEADER_LENGTHS


def unpack(data: bytes, limits: PhotoLimits) -> Unpacked:
    """Raises the refusals of matcher/formats/refusals.py."""
    picture = BmpImageFile(BytesIO(data))
    limits.check_size(*picture.size)
    if len(picture.tile) != 1:
        raise damaged("no picture")
    codec, _, offset, args = picture.tile[0]
    if codec != "raw" or not isinstance(args, tuple):
        raise unsupported("a run-length coded BMP")
    image = from_codec(picture.mode, picture.size, memoryview(data)[offset:], codec, args)
    if picture.mode == "P":
        image.palette = picture.palette
    pixels, notes = to_rgb(image)
    return Unpacked(pixels, "BMP", *picture.size, notes=notes)
