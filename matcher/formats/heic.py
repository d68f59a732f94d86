"""HEIC, through libheif as pillow-heif ships it."""

from PIL import Image

from matcher.formats.refusals import PhotoLimits
from matcher.formats.unpacked import Unpacked, to_rgb

BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})


def unpack(data: bytes, limits: PhotoLimits) -> Unpacked:
    """Raises the refusals of matcher/formats/refusals.py.

    libheif turns the picture as its container says, and the standard wants an EXIF orientation beside that ignored.
    """
    import pillow_heif

    container = pillow_heif.HeifFile(data)  # type: ignore[no-untyped-call]
    width, height = container.size
    limits.check_size(width, height)
    image: Image.Image = container[container.primary_index].to_pillow()
    limits.check_size(*image.size)
    pixels, notes = to_rgb(image)
    if len(container) > 1:
        notes = (f"the main one of {len(container)} pictures", *notes)
    profile = container.info.get("icc_profile") or b""
    return Unpacked(pixels, "HEIC", width, height, profile=profile, notes=notes)
