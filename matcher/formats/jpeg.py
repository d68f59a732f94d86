"""JPEG: the header and the end are read here, the pixels by OpenCV (CMYK by Pillow).

libjpeg paints whatever is missing grey and says so only on the standard error stream. So the end is looked for before
the pixels are unpacked, and a picture that ends in libjpeg's grey is looked at twice.
"""

import re
from dataclasses import dataclass
from operator import mul

import numpy as np

from matcher.formats.refusals import PhotoLimits, damaged, truncated, unsupported
from matcher.formats.unpacked import Pixels, Unpacked, exif_orientation, from_codec, to_rgb

# A marker inside coded data: FF, but neither a stuffed FF00 nor a restart (D0-D7).
_MARKER = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])")
_BARE = frozenset({0x01, 0xD8, *range(0xD0, 0xD8)})
_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})
_OTHER_FRAMES = frozenset({0xC3, 0xC5, 0xC6, 0xC7, 0xC8, 0xCB, 0xCD, 0xCE, 0xCF, 0xDE})
_MAX_SEGMENTS = 5_000
# Encoders write about 10; hundreds of empty ones over many pixels would keep a processor busy for minutes.
_MAX_SCANS = 50
_TAKEN_AWAY = 8  # bytes


@dataclass(frozen=True, slots=True)
class _Frame:
    width: int
    height: int
    components: int
    huffman_in_one_pass: bool
    unit_width: int  # pixels of the smallest unit of coding
    unit_height: int
    blocks_in_unit: int


@dataclass(frozen=True, slots=True)
class _Header:
    frame: _Frame
    scan: int  # where the first scan's header begins
    exif: bytes
    profile: bytes
    many: bool  # the file holds further pictures (MPO)


def unpack(data: bytes, limits: PhotoLimits) -> Unpacked:
    """Raises the refusals of matcher/formats/refusals.py."""
    header = _header(data)
    frame = header.frame
    limits.check_size(frame.width, frame.height)
    end = _end(data, header.scan)
    notes: tuple[str, ...] = ("first of several pictures",) if header.many else ()
    if frame.components == 4:
        # Every CMYK JPEG in the wild is stored inverted, as Adobe does.
        image = from_codec("CMYK", (frame.width, frame.height), data, "jpeg", ("CMYK;I", ""))
        pixels, more = to_rgb(image)
        notes += more
    else:
        factor = limits.reduction(frame.width, frame.height)
        pixels = _pixels(data, frame, factor)
        if factor > 1:
            notes += (f"read at 1/{factor} of its {frame.width}x{frame.height} pixels",)
        _refuse_grey_end(data, end, header, pixels)
    return Unpacked(
        pixels,
        "MPO" if header.many else "JPEG",
        frame.width,
        frame.height,
        exif_orientation(header.exif),
        header.profile,
        notes,
    )


def _pixels(data: bytes, frame: _Frame, factor: int) -> Pixels:
    import cv2

    reduced = {1: 0, 2: 16, 4: 32, 8: 64}[factor]  # the IMREAD_REDUCED_* bits
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION | reduced
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as exc:
        raise damaged("its JPEG data can't be unpacked") from exc
    expected = (-(-frame.height // factor), -(-frame.width // factor), 3)
    if pixels is None or pixels.shape != expected:
        raise damaged("its JPEG data can't be unpacked")
    return pixels.astype(np.uint8, copy=False)


def _header(data: bytes) -> _Header:
    frame: _Frame | None = None
    exif, many = b"", False
    profile: dict[int, bytes] = {}
    position = 2
    for _ in range(_MAX_SEGMENTS):
        code, position = _next_marker(data, position)
        if code in _BARE:
            continue
        if code == 0xD9:
            raise damaged("it ends before any picture")
        segment = _segment(data, position)
        if code in _OTHER_FRAMES:
            raise unsupported("a lossless, hierarchical or otherwise rare JPEG")
        if code in _FRAMES:
            frame = _frame(code, segment, frame)
        elif code == 0xDA:
            if frame is None:
                raise damaged("no frame header before the picture")
            icc = b"".join(profile[key] for key in sorted(profile))
            return _Header(frame, position, exif, icc, many)
        elif code == 0xE1 and segment.startswith(b"Exif\0\0"):
            exif = exif or segment
        elif code == 0xE2 and segment.startswith(b"ICC_PROFILE\0") and len(segment) > 14:
            profile[segment[12]] = segment[14:]
        elif code == 0xE2 and segment.startswith(b"MPF\0"):
            many = True
        position += 2 + len(segment)
    raise damaged(f"more than {_MAX_SEGMENTS:,} segments")


def _next_marker(data: bytes, position: int) -> tuple[int, int]:
    """The next marker's code at or after position, and where its content begins; junk before it is passed over."""
    found = _MARKER.search(data, position)
    if found is None:
        raise truncated("no end mark")
    return found[1][0], found.end()


def _segment(data: bytes, position: int) -> bytes:
    length = int.from_bytes(data[position : position + 2])
    if position + max(length, 2) > len(data):
        raise truncated("a header is cut off")
    if length < 2:
        raise damaged("a header of impossible length")
    return data[position + 2 : position + length]


def _frame(code: int, segment: bytes, earlier: _Frame | None) -> _Frame:
    if earlier is not None:
        raise damaged("two frame headers")
    if len(segment) < 6:
        raise damaged("a frame header of impossible length")
    if segment[0] != 8:
        raise unsupported(f"a JPEG of {segment[0]} bits a sample")
    height, width, components = int.from_bytes(segment[1:3]), int.from_bytes(segment[3:5]), segment[5]
    if components not in (1, 3, 4):
        raise unsupported(f"a JPEG of {components} colour components")
    if len(segment) < 6 + 3 * components:
        raise damaged("a frame header of impossible length")
    across = [segment[7 + 3 * index] >> 4 for index in range(components)]
    down = [segment[7 + 3 * index] & 15 for index in range(components)]
    if not all(1 <= factor <= 4 for factor in across + down):
        raise damaged("impossible sampling factors")
    # A single component is coded block by block, whatever its factors say.
    unit = (8, 8, 1) if components == 1 else (8 * max(across), 8 * max(down), sum(map(mul, across, down)))
    return _Frame(width, height, components, code in (0xC0, 0xC1), *unit)


def _end(data: bytes, scan: int) -> int:
    """Where the end mark stands, walking from scan to scan; raises PhotoTruncated where there is none."""
    position, scans = scan, 1
    position += 2 + len(_segment(data, position))
    # Inside coded data FF is always followed by 0 or a restart code, so the end mark can't appear there by chance,
    # and this search runs at memory speed; the regular expression runs only over what has several scans.
    first = data.find(b"\xff\xd9", position)
    if first < 0:
        raise truncated("no end mark")
    if data.find(b"\xff\xda", position, first) < 0 and data.find(b"\xff\xc4", position, first) < 0:
        return first
    for _ in range(_MAX_SEGMENTS):
        code, position = _next_marker(data, position)
        if code == 0xD9:
            return position - 2
        if code in _BARE:
            continue
        if code == 0xDA:
            scans += 1
            if scans > _MAX_SCANS:
                raise damaged(f"more than {_MAX_SCANS} scans")
        position += 2 + len(_segment(data, position))
    raise damaged(f"more than {_MAX_SEGMENTS:,} segments")


def _refuse_grey_end(data: bytes, end: int, header: _Header, pixels: Pixels) -> None:
    """Raise PhotoTruncated where an end mark was put behind data that stop in the middle of the picture.

    libjpeg fills what is missing with mid-grey. A picture may end in that very grey by itself; so the last coded bytes
    are taken away: in a complete picture that changes at most the last few blocks, in a cut one those at the cut.
    """
    frame = header.frame
    # Progressive and arithmetic coding may spend far less than a bit on a block, which blurs the difference.
    if not frame.huffman_in_one_pass or not (pixels[-1] == 128).all():
        return
    mode = "L" if frame.components == 1 else "RGB"
    size = (frame.width, frame.height)
    whole, less = (
        np.asarray(from_codec(mode, size, stream, "jpeg", (mode, "")))
        for stream in (data, data[: end - _TAKEN_AWAY] + b"\xff\xd9")
    )
    changed = (whole != less).reshape(frame.height, -1).any(axis=1)
    if not changed.any():
        return
    rows_behind = frame.height - 1 - int(np.flatnonzero(changed)[-1])
    units_behind = rows_behind // frame.unit_height * -(-frame.width // frame.unit_width)
    # A block takes at least two bits, so this many units is the most that the bytes taken away can hold; one more row
    # for the smoothing of colours across units.
    most = _TAKEN_AWAY * 8 // 2 // frame.blocks_in_unit + 1
    if units_behind > most + -(-frame.width // frame.unit_width):
        raise truncated("the picture breaks off")
