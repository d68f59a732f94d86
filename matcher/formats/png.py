"""PNG: the chunks are read here, the pixels unpacked by Pillow's zip codec.

Only what makes the picture is looked at. Text, which may inflate a thousandfold, is passed over unread.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from PIL import ImagePalette

from matcher.formats.refusals import PhotoLimits, damaged, truncated, unsupported
from matcher.formats.unpacked import Unpacked, exif_orientation, from_codec, to_rgb

MAGIC = b"\x89PNG\r\n\x1a\n"
_MAX_CHUNKS = 100_000
_MAX_PROFILE = 4 * 1024 * 1024
# (bit depth, colour type) -> Pillow's mode and the layout of its codec.
_LAYOUTS = {
    (1, 0): ("1", "1"),
    (2, 0): ("L", "L;2"),
    (4, 0): ("L", "L;4"),
    (8, 0): ("L", "L"),
    (16, 0): ("I;16", "I;16B"),
    (8, 2): ("RGB", "RGB"),
    (16, 2): ("RGB", "RGB;16B"),
    (1, 3): ("P", "P;1"),
    (2, 3): ("P", "P;2"),
    (4, 3): ("P", "P;4"),
    (8, 3): ("P", "P"),
    (8, 4): ("LA", "LA"),
    (16, 4): ("RGBA", "LA;16B"),
    (8, 6): ("RGBA", "RGBA"),
    (16, 6): ("RGBA", "RGBA;16B"),
}


@dataclass(slots=True)
class _Chunks:
    """What was found while walking; the one value here that is filled step by step."""

    width: int
    height: int
    depth: int
    colour: int
    interlaced: bool
    data: list[memoryview] = field(default_factory=list)
    palette: bytes = b""
    transparency: bytes | None = None
    exif: bytes = b""
    profile: bytes = b""
    frames: int = 1


def unpack(data: bytes, limits: PhotoLimits) -> Unpacked:
    """Raises the refusals of matcher/formats/refusals.py."""
    walk = _walk(data)
    first = next(walk, None)
    if first is None or first[0] != b"IHDR":
        raise damaged("no header chunk")
    chunks = _header(bytes(first[1]))
    limits.check_size(chunks.width, chunks.height)
    for name, body in walk:
        _take(chunks, name, body)
    return _picture(chunks)


def _walk(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Each chunk's name and content up to IEND; checksums are verified where the content is used."""
    view, position = memoryview(data), len(MAGIC)
    for _ in range(_MAX_CHUNKS):
        if position + 12 > len(data):
            raise truncated("no end chunk")
        length, name = struct.unpack_from(">I4s", data, position)
        behind = position + 12 + length
        if behind > len(data):
            raise truncated("a chunk is cut off")
        if name == b"IEND":
            return
        body = view[position + 8 : behind - 4]
        critical = not name[0] & 0x20
        if critical and zlib.crc32(body, zlib.crc32(name)) != int.from_bytes(view[behind - 4 : behind]):
            raise damaged("a checksum is wrong")
        yield name, body
        position = behind
    raise damaged(f"more than {_MAX_CHUNKS:,} chunks")


def _header(body: bytes) -> _Chunks:
    if len(body) != 13:
        raise damaged("a header chunk of impossible length")
    width, height, depth, colour, compression, filtering, interlace = struct.unpack(">IIBBBBB", body)
    if (depth, colour) not in _LAYOUTS or compression or filtering or interlace > 1:
        raise damaged("a header chunk with impossible values")
    return _Chunks(width, height, depth, colour, bool(interlace))


def _take(chunks: _Chunks, name: bytes, body: memoryview) -> None:
    match name:
        case b"IDAT":
            chunks.data.append(body)
        case b"PLTE":
            chunks.palette = bytes(body[:768])
        case b"tRNS":
            chunks.transparency = bytes(body[:256])
        case b"eXIf":
            chunks.exif = bytes(body)
        case b"acTL" if len(body) >= 8:
            chunks.frames = int.from_bytes(body[:4])
        case b"iCCP":
            chunks.profile = _profile(bytes(body))
        case b"IHDR":
            raise damaged("two header chunks")
        case _ if not name[0] & 0x20:
            raise unsupported(f"a PNG with the unknown chunk {name!r}")
        case _:
            pass


def _profile(body: bytes) -> bytes:
    """The ICC profile, inflated to a limit; none where it is damaged or larger."""
    packed = body.partition(b"\0")[2][1:]
    inflater = zlib.decompressobj()
    try:
        profile = inflater.decompress(packed, _MAX_PROFILE)
    except zlib.error:
        return b""
    return b"" if inflater.unconsumed_tail else profile


def _picture(chunks: _Chunks) -> Unpacked:
    mode, layout = _LAYOUTS[chunks.depth, chunks.colour]
    image = from_codec(
        mode, (chunks.width, chunks.height), b"".join(chunks.data), "zip", (layout, int(chunks.interlaced))
    )
    if mode == "P":
        if not chunks.palette:
            raise damaged("no palette")
        # Indices beyond the palette are black, as in libpng.
        image.palette = ImagePalette.raw("RGB", chunks.palette.ljust(768, b"\0"))
        if chunks.transparency is not None:
            image.info["transparency"] = chunks.transparency.ljust(256, b"\xff")
    elif chunks.transparency is not None and mode in ("1", "L", "RGB"):
        image.info["transparency"] = _key(chunks, mode)
        image = image.convert("L") if mode == "1" else image
    pixels, notes = to_rgb(image)
    if chunks.depth == 16 and not notes:
        notes = ("16 bits reduced to 8",)
    if chunks.frames > 1:
        notes = (f"first of {chunks.frames} frames", *notes)
    orientation = exif_orientation(chunks.exif)
    return Unpacked(pixels, "PNG", chunks.width, chunks.height, orientation, chunks.profile, notes)


def _key(chunks: _Chunks, mode: str) -> int | tuple[int, ...]:
    """The one colour that a tRNS chunk makes transparent, in the 8 bits of the unpacked samples."""
    raw = chunks.transparency or b""
    count = 3 if mode == "RGB" else 1
    if len(raw) < 2 * count:
        raise damaged("a transparency chunk of impossible length")
    top = (1 << chunks.depth) - 1
    samples = tuple(min(value, top) for value in struct.unpack_from(f">{count}H", raw))
    scaled = tuple(value >> 8 if chunks.depth == 16 else value * 255 // top for value in samples)
    return scaled if count == 3 else scaled[0]
