"""WebP, still and animated; the container is checked here, the pixels are unpacked by libwebp through Pillow."""

from io import BytesIO

from PIL.WebPImagePlugin import WebPImageFile

from matcher.formats.refusals import PhotoLimits, damaged, truncated
from matcher.formats.unpacked import Unpacked, exif_orientation, to_rgb


def unpack(data: bytes, limits: PhotoLimits) -> Unpacked:
    """Raises the refusals of matcher/formats/refusals.py."""
    width, height = _canvas(data)
    limits.check_size(width, height)
    if int.from_bytes(data[4:8], "little") + 8 > len(data):
        raise truncated("its container is longer than the file")
    # The plugin's own class, since Image.open warns about sizes that the limits above allow.
    image = WebPImageFile(BytesIO(data))
    if image.size != (width, height):
        raise damaged("its header and its picture differ in size")
    image.load()
    pixels, notes = to_rgb(image)
    if image.n_frames > 1:
        notes = (f"first of {image.n_frames} frames", *notes)
    exif, profile = image.info.get("exif", b""), image.info.get("icc_profile", b"")
    return Unpacked(pixels, "WEBP", width, height, exif_orientation(exif), profile, notes)


def _canvas(data: bytes) -> tuple[int, int]:
    """Width and height by the first chunk; source: RFC 9649."""
    if len(data) < 30:
        raise truncated("its header is cut off")
    kind = data[12:16]
    if kind == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8L" and data[20] == 0x2F:
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = int.from_bytes(data[26:28], "little"), int.from_bytes(data[28:30], "little")
        return width & 0x3FFF, height & 0x3FFF
    raise damaged("an unknown WebP header")
