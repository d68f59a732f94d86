"""Untrusted bytes become a `Photo`, or a clear refusal.

`decode` looks at the first bytes, hands the file to the one reader of that format (matcher/formats/), and turns the
picture upright. Nothing else than those formats is ever opened, no reader depends on a setting of the process, and
the limits hold before the first pixel is unpacked. The refusals are drawn in matcher/formats/refusals.py.
"""

import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from matcher.errors import PhotoUnreadable
from matcher.formats import bmp, heic, jpeg, png, tiff, webp
from matcher.formats.refusals import (
    NotAPhoto,
    PhotoDamaged,
    PhotoEmpty,
    PhotoLimits,
    PhotoMissing,
    PhotoNotAFile,
    PhotoOfTraining,
    PhotoTooManyBytes,
    PhotoTooManyPixels,
    PhotoTooSmall,
    PhotoTruncated,
    PhotoUnsupported,
    damaged,
    unsupported,
)
from matcher.training.marking import is_marked
from matcher.wording import why

if TYPE_CHECKING:
    from matcher.formats.unpacked import Unpacked

__all__ = [
    "DEFAULT_LIMITS",
    "NotAPhoto",
    "Photo",
    "PhotoDamaged",
    "PhotoEmpty",
    "PhotoLimits",
    "PhotoMissing",
    "PhotoNotAFile",
    "PhotoOfTraining",
    "PhotoTooManyBytes",
    "PhotoTooManyPixels",
    "PhotoTooSmall",
    "PhotoTruncated",
    "PhotoUnreadable",
    "PhotoUnsupported",
    "decode",
    "read",
    "read_bytes",
]

DEFAULT_LIMITS = PhotoLimits()

_GIVE = "give a JPEG, PNG, WebP, TIFF, BMP or HEIC"
_READABLE = frozenset(b"\t\r\n" + bytes(range(0x20, 0x7F)))
_FOREIGN = {
    b"GIF8": "a GIF",
    b"%PDF": "a PDF",
    b"8BPS": "a Photoshop file",
    b"\x00\x00\x00\x0cjP  ": "a JPEG 2000",
    b"\xff\x4f\xff\x51": "a JPEG 2000",
    b"\x00\x00\x00\x0cJXL ": "a JPEG XL",
    b"\xff\x0a": "a JPEG XL",
    b"\x00\x00\x01\x00": "an icon file",
    b"<svg": "an SVG drawing",
}


@dataclass(frozen=True, slots=True)
class Photo:
    """A decoded photo.

    pixels: uint8 (height, width, 3), RGB, C-contiguous, upright (EXIF orientation applied), read-only.
    sha256: hex digest of the original bytes.
    format: the file's format, as in ``JPEG``.
    notes: what decoding had to do that a person should know, as in "first of 12 frames".
    stored_width, stored_height: as in the file, before turning and reducing; 0 where it was never a file.
    """

    pixels: NDArray[np.uint8]
    sha256: str
    format: str
    notes: tuple[str, ...] = ()
    stored_width: int = 0
    stored_height: int = 0

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    def __repr__(self) -> str:
        return f"Photo({self.width}x{self.height} {self.format}, sha256={self.sha256[:12]}...)"


def decode(data: bytes, *, limits: PhotoLimits = DEFAULT_LIMITS) -> Photo:
    """The photo in data; may be called from any thread. Raises a kind of PhotoUnreadable, and nothing else."""
    limits.check_bytes(len(data))
    if is_marked(data):
        raise PhotoOfTraining("this is a photo of a training exercise and shows nobody; give the photo of a person")
    unpacked = _unpack(data, limits)
    pixels = np.ascontiguousarray(_upright(unpacked.pixels, unpacked.orientation))
    pixels.flags.writeable = False
    return Photo(
        pixels=pixels,
        sha256=hashlib.sha256(data).hexdigest(),
        format=unpacked.format,
        notes=unpacked.notes + _profile_note(unpacked.profile),
        stored_width=unpacked.width,
        stored_height=unpacked.height,
    )


def read(path: Path | str, *, limits: PhotoLimits = DEFAULT_LIMITS) -> tuple[bytes, Photo]:
    """The bytes of the file at path, and the photo in them. Symbolic links are followed, to plain files only.

    Raises a kind of PhotoUnreadable; its message does not repeat the path.
    """
    data = read_bytes(path, limits=limits)
    return data, decode(data, limits=limits)


def read_bytes(path: Path | str, *, limits: PhotoLimits = DEFAULT_LIMITS) -> bytes:
    """The bytes of the plain file at path, not yet looked at. Raises PhotoMissing, PhotoNotAFile, PhotoEmpty or
    PhotoTooManyBytes."""
    try:
        # Opening a pipe would wait for a writer; what was opened is then checked itself, not its name again.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as exc:
        reason, remedy = why(exc) if isinstance(exc, OSError) else ("it is not a possible path", "check the path")
        raise PhotoMissing(f"the file can't be opened: {reason}; {remedy}") from exc
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise PhotoNotAFile("the path leads to a folder, pipe or device; give the path of an image file")
    with os.fdopen(descriptor, "rb") as file:
        limits.check_bytes(status.st_size)
        # One byte more than allowed, so that a file that grows meanwhile is refused and not cut.
        return file.read(limits.max_bytes + 1)


def _unpack(data: bytes, limits: PhotoLimits) -> "Unpacked":
    reader = _reader(data)
    try:
        return reader(data, limits)
    except (PhotoUnreadable, MemoryError):
        raise
    except Exception as exc:
        # Foreign parsers of hostile bytes raise whatever they stumble upon; all of it means the same to the caller.
        raise damaged("its content contradicts its format") from exc


def _reader(data: bytes) -> "Callable[[bytes, PhotoLimits], Unpacked]":
    """The reader for the format that data begin as; raises NotAPhoto or PhotoUnsupported."""
    if data.startswith(b"\xff\xd8\xff"):
        return jpeg.unpack
    if data.startswith(png.MAGIC):
        return png.unpack
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return webp.unpack
    if data[:4] in tiff.MAGICS:
        return tiff.unpack
    if bmp.looks_like(data):
        return bmp.unpack
    if data[4:8] == b"ftyp":
        if data[8:12] in heic.BRANDS:
            return heic.unpack
        raise unsupported("a film or an image of the kind " + ascii(data[8:12].decode("latin-1")))
    for magic, name in _FOREIGN.items():
        if data.startswith(magic):
            raise unsupported(name)
    raise NotAPhoto(f"the file begins with {_beginning(data)}, as no image does; {_GIVE}")


def _beginning(data: bytes) -> str:
    """The first bytes as a person can read them: text quoted, anything else by number."""
    first = data[:8]
    return repr(first.decode("ascii")) if first.isascii() and _READABLE.issuperset(first) else first.hex(" ")


def _upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """The picture as it is meant to be seen; EXIF 2.32, tag 0x0112, says where row 0 and column 0 belong."""
    if orientation == 1:
        return pixels
    import cv2

    turned = cv2.transpose(pixels) if orientation >= 5 else pixels
    axis = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}.get(orientation)
    if axis is not None:
        turned = cv2.flip(turned, axis)
    return turned.astype(np.uint8, copy=False)


def _profile_note(profile: bytes) -> tuple[str, ...]:
    """Colours other than sRGB are used as they are: converting would cost several times the decoding, and a hostile
    profile would reach one more parser, for a shift in saturation that the networks hardly see."""
    name = "sRGB"
    if not profile or name.encode() in profile or name.encode("utf-16-be") in profile:
        return ()
    return ("colour profile not applied",)
