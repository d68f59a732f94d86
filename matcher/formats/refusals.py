"""Why a photo is refused, and the limits that it has to keep.

::

    PhotoUnreadable (matcher/errors.py)
    |-- PhotoMissing          missing              no such file, or not readable
    |-- PhotoNotAFile         not_a_file           a folder, pipe, socket or device
    |-- PhotoEmpty            empty                zero bytes
    |-- PhotoTooManyBytes     too_many_bytes
    |-- PhotoTooManyPixels    too_many_pixels      in all, or along one side
    |-- PhotoTooSmall         too_small
    |-- NotAPhoto             not_a_photo          text, an archive, noise
    |-- PhotoOfTraining       training_photo       a drawn face of an exercise, which must not come among real ones
    |-- PhotoUnsupported      unsupported_format   an image, but of a kind that is not opened here
    |-- PhotoTruncated        truncated            the end of the file is missing
    `-- PhotoDamaged          damaged              the file contradicts itself
"""

from dataclasses import dataclass

from matcher.errors import PhotoUnreadable

SEND_AGAIN = "ask for the file again, or save it anew as JPEG or PNG"


class PhotoMissing(PhotoUnreadable):
    """There is no such file, or it may not be read."""

    code = "missing"


class PhotoNotAFile(PhotoUnreadable):
    """The path leads to a folder, pipe, socket or device."""

    code = "not_a_file"


class PhotoEmpty(PhotoUnreadable):
    """Zero bytes."""

    code = "empty"


class PhotoTooManyBytes(PhotoUnreadable):
    """More bytes than the limit."""

    code = "too_many_bytes"


class PhotoTooManyPixels(PhotoUnreadable):
    """More pixels than the limit, in all or along one side."""

    code = "too_many_pixels"


class PhotoTooSmall(PhotoUnreadable):
    """Too few pixels along a side for any face."""

    code = "too_small"


class NotAPhoto(PhotoUnreadable):
    """The bytes begin like no image format known here."""

    code = "not_a_photo"


class PhotoOfTraining(PhotoUnreadable):
    """A drawn face of an exercise, which must not come among real ones."""

    code = "training_photo"


class PhotoUnsupported(PhotoUnreadable):
    """An image of a format, or a variant of one, that is not opened here."""

    code = "unsupported_format"


class PhotoTruncated(PhotoUnreadable):
    """The end of the file is missing."""

    code = "truncated"


class PhotoDamaged(PhotoUnreadable):
    """The file contradicts itself or its format."""

    code = "damaged"


@dataclass(frozen=True, slots=True)
class PhotoLimits:
    """What a photo may measure. All but max_bytes are checked on the header, before any pixel is unpacked.

    max_bytes: of the file. max_side, min_side: pixels, of each side. max_pixels: width times height; 64 million admit
    all but a few cameras, and cost at most about 0.5 GB while decoding (1 GB for WebP, which keeps two canvases).
    detail_side: a JPEG is read at 1/2, 1/4 or 1/8 of its size as long as its longer side keeps this many pixels;
    at 1,800 a face that fills a twelfth of the frame still has the 150 pixels that the networks look at.
    0 never reduces.
    """

    max_bytes: int = 32 * 1024 * 1024
    max_pixels: int = 64_000_000
    max_side: int = 16_384
    min_side: int = 16
    detail_side: int = 1_800

    def check_bytes(self, count: int) -> None:
        """Raise PhotoEmpty or PhotoTooManyBytes."""
        if count == 0:
            raise PhotoEmpty("the file has 0 bytes; ask for it again")
        if count > self.max_bytes:
            raise PhotoTooManyBytes(
                f"the file has {count:,} bytes, the limit is {self.max_bytes:,}; save it smaller, as JPEG"
            )

    def check_size(self, width: int, height: int) -> None:
        """Raise PhotoDamaged, PhotoTooManyPixels or PhotoTooSmall."""
        size = f"the image is {width:,}x{height:,} pixels"
        if width < 1 or height < 1:
            raise PhotoDamaged(f"{size}; {SEND_AGAIN}")
        if max(width, height) > self.max_side:
            raise PhotoTooManyPixels(f"{size}, the limit is {self.max_side:,} a side; scale it down")
        if width * height > self.max_pixels:
            raise PhotoTooManyPixels(f"{size}, the limit is {self.max_pixels:,} in all; scale it down")
        if min(width, height) < self.min_side:
            raise PhotoTooSmall(f"{size}, at least {self.min_side} a side are needed; use a larger photo")

    def reduction(self, width: int, height: int) -> int:
        """By how much (1, 2, 4 or 8) a JPEG of this size is reduced while it is read."""
        longest = max(width, height)
        if self.detail_side < 1:
            return 1
        return max(factor for factor in (1, 2, 4, 8) if factor == 1 or longest >= factor * self.detail_side)


def truncated(what: str) -> PhotoTruncated:
    return PhotoTruncated(f"the end of the file is missing ({what}); {SEND_AGAIN}")


def damaged(what: str) -> PhotoDamaged:
    return PhotoDamaged(f"the file is damaged ({what}); {SEND_AGAIN}")


def unsupported(what: str) -> PhotoUnsupported:
    return PhotoUnsupported(f"{what} is not opened here; save the photo as JPEG, PNG, WebP, TIFF, BMP or HEIC")
