"""TIFF, first page: the tags are read by Pillow, compressed pixels unpacked by libtiff."""

import threading
import warnings
from io import BytesIO

from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from matcher.formats.refusals import PhotoLimits, damaged, truncated, unsupported
from matcher.formats.unpacked import Unpacked, from_codec, to_rgb

MAGICS = frozenset({b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"})
_BITS, _ORIENTATION, _PLANES, _PROFILE = 258, 274, 284, 34675
_OFFSETS_AND_COUNTS = ((273, 279), (324, 325))
_TILE_WIDTH, _TILE_HEIGHT = 322, 323
_opening = threading.Lock()


def unpack(data: bytes, limits: PhotoLimits) -> Unpacked:
    """Raises the refusals of matcher/formats/refusals.py."""
    page = _first_page(data)
    # The tags, not page.size, since that is turned already where the orientation says so.
    width, height = int(page.tag_v2[256]), int(page.tag_v2[257])
    limits.check_size(width, height)
    _check_layout(page, data, limits)
    image = _picture(page, data, (width, height))
    pixels, notes = to_rgb(image)
    # Colours of 16 bits come as 8 from the codec already; grey ones are counted by to_rgb.
    if max(page.tag_v2.get(_BITS, (1,))) == 16 and not page.mode.startswith("I;16"):
        notes = (*notes, "16 bits reduced to 8")
    if page.is_animated:
        notes = ("first of several pages", *notes)
    orientation = page.tag_v2.get(_ORIENTATION, 1)
    profile = page.tag_v2.get(_PROFILE, b"")
    return Unpacked(
        pixels,
        "TIFF",
        width,
        height,
        orientation if orientation in range(1, 9) else 1,
        profile if isinstance(profile, bytes) else b"",
        notes,
    )


def _first_page(data: bytes) -> TiffImageFile:
    # Odd tags make Pillow warn. Filters of warnings belong to the process until Python 3.14, hence the lock;
    # it covers the reading of a few tags only.
    with _opening, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return TiffImageFile(BytesIO(data))


def _check_layout(page: TiffImageFile, data: bytes, limits: PhotoLimits) -> None:
    """Every strip or tile lies within the file, and no tile is larger than a photo may be."""
    tile_width, tile_height = (int(page.tag_v2.get(tag, 1)) for tag in (_TILE_WIDTH, _TILE_HEIGHT))
    # libtiff allocates whole tiles, so a small picture made of one huge tile is a bomb.
    if tile_width > limits.max_side or tile_height > limits.max_side or tile_width * tile_height > limits.max_pixels:
        raise damaged(f"tiles of {tile_width:,}x{tile_height:,} pixels")
    for offsets, counts in _OFFSETS_AND_COUNTS:
        pieces = zip(page.tag_v2.get(offsets, ()), page.tag_v2.get(counts, ()), strict=False)
        if any(offset + count > len(data) for offset, count in pieces):
            raise truncated("a strip lies behind the end of the file")


def _picture(page: TiffImageFile, data: bytes, size: tuple[int, int]) -> Image.Image:
    if not page.tile:
        raise damaged("no picture")
    if page.tile[0].codec_name == "libtiff":
        image = from_codec(page.mode, size, data, "libtiff", _arguments(page.tile[0].args))
    else:
        if page.tag_v2.get(_PLANES, 1) == 2:
            raise unsupported("an uncompressed TIFF with its colours in separate planes")
        image = Image.new(page.mode, size)
        for codec, box, offset, args in page.tile:
            if box is None:
                raise damaged("a strip without a place")
            piece_size = (box[2] - box[0], box[3] - box[1])
            piece = from_codec(page.mode, piece_size, memoryview(data)[offset:], codec, _arguments(args))
            image.paste(piece, box[:2])
    if page.mode == "P":
        image.palette = page.palette
    return image


def _arguments(args: object) -> tuple[object, ...]:
    return args if isinstance(args, tuple) else (args,)
