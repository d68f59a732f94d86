"""JPEG: the header and the end are read here, the pixels by OpenCV (CMYK by Pillow).

libjpeg paints whatever is missing grey and says so only on the standard error stream. So the end is looked for before
the pixels are unpacked, and a picture that ends in libjpeg's grey is looked at twice.
"""

import re
from dataclasses import dataclass

import numpy as np

from matcher.formats.refusals import PhotoLimits, damaged, truncated, unsupported
from matcher.formats.unpacked import Pixels, Unpacked, exif_orientation, from_codec, to_rgb

# A marker inside coded data: FF, but neither a stuffed FF00 nor a restart (D0-D7).
_MARKER = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])")
_BARE = frozenset({0x01, 0xD8, *range(0xD0, 0xD8)})
_FRAMES = {0xC0: "", 0xC1: "", 0xC2: "progressive", 0xC9: "", 0xCA: "progressive"}
_OTHER_FRAMES = frozenset({0xC3, 0xC5, 0xC6, 0xC7, 0xC8, 0xCB, 0xCD, 0xCE, 0xCF, 0xDE})
_MAX_SEGMENTS = 5_000
# Encoders write about 10; hundreds of empty ones over many pixels would keep a processor busy for minutes.
_MAX_SCANS = 50


@dataclass(frozen=True, slots=True)
class _Header:
    width: int
    height: int
    components: int
    scan: int  # where the first scan's header begins
    exif: bytes
    profile: bytes
    many: bool  # the file holds further pictures (MPO)


def unpack(data: bytes, limits: PhotoLimits) -> Unpacked:
    """Raises the refusals of matcher/formats/refusals.py."""
    header = _header(data)
    limits.check_size(header.width, header.height)
    end = _end(data, header.scan)
    notes: tuple[str, ...] = ("first of several pictures",) if header.many else ()
    if header.components == 4:
        # Every CMYK JPEG in the wild is stored inverted, as Adobe does.
        image = from_codec("CMYK", (header.width, header.height), data, "jpeg", ("CMYK;I", ""))
        pixels, more = to_rgb(image)
        notes += more
    else:
        factor = limits.reduction(header.width, header.height)
        pixels = _pixels(data, header, factor)
        if factor > 1:
            notes += (f"read at 1/{factor} of its {header.width}x{header.height} pixels",)
        _refuse_grey_end(data, end, header, pixels)
    return Unpacked(
        pixels,
        "MPO" if header.many else "JPEG",
        header.width,
        header.height,
        exif_orientation(header.exif),
        header.profile,
        notes,
    )


def _pixels(data: bytes, header: _Header, factor: int) -> Pixels:
    import cv2  # noqa: PLC0415 - heavy

    reduced = {1: 0, 2: 16, 4: 32, 8: 64}[factor]  # the IMREAD_REDUCED_* bits
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION | reduced
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as exc:
        raise damaged("its JPEG data can't be unpacked") from exc
    expected = (-(-header.height // factor), -(-header.width // factor), 3)
    if pixels is None or pixels.shape != expected:
        raise damaged("its JPEG data can't be unpacked")
    return pixels.astype(np.uint8, copy=False)


def _header(data: bytes) -> _Header:
    frame: tuple[int, int, int] | None = None
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
            frame = _frame(segment, frame)
        elif code == 0xDA:
            if frame is None:
                raise damaged("no frame header before the picture")
            icc = b"".join(profile[key] for key in sorted(profile))
            return _Header(*frame, position, exif, icc, many)
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


def _frame(segment: bytes, earlier: tuple[int, int, int] | None) -> tuple[int, int, int]:
    if earlier is not None:
        raise damaged("two frame headers")
    if len(segment) < 6:
        raise damaged("a frame header of impossible length")
    if segment[0] != 8:
        raise unsupported(f"a JPEG of {segment[0]} bits a sample")
    height, width, components = int.from_bytes(segment[1:3]), int.from_bytes(segment[3:5]), segment[5]
    if components not in (1, 3, 4):
        raise unsupported(f"a JPEG of {components} colour components")
    return width, height, components


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
    if not (pixels[-1] == 128).all():
        return
    mode = "L" if header.components == 1 else "RGB"
    args = (mode, "")
    size = (header.width, header.height)
    whole = np.asarray(from_codec(mode, size, data, "jpeg", args))
    less = np.asarray(from_codec(mode, size, data[: end - 8] + b"\xff\xd9", "jpeg", args))
    rows = (whole != less).reshape(header.height, -1).any(axis=1)
    if not rows.any():
        return
    last = int(np.flatnonzero(rows)[-1])
    # 8 bytes code at most 64 blocks; blocks are 8 to 32 pixels a side with their subsampling.
    blocks_behind = ((header.height - 1 - last) // 32) * max(1, header.width // 32)
    if blocks_behind > 64 or (header.height - 1 - last) * header.width > 64 * 32 * 32:
        raise truncated("the picture breaks off")
