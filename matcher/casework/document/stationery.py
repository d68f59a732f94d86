"""What an office puts on its documents, and with what it signs and sets them."""

from dataclasses import dataclass
from pathlib import Path

from matcher.photo import DEFAULT_LIMITS, PhotoLimits
from matcher.settings import Settings

KEY_NAME = "document-key.pem"


@dataclass(frozen=True, slots=True)
class Stationery:
    """key_file: the private key; None where there is none. office, contact: who asks, and how they are reached.

    fonts: files of fonts beside the one that comes with the program, for characters that it lacks. limits: of photos.
    """

    key_file: Path | None = None
    office: str = ""
    contact: str = ""
    fonts: tuple[Path, ...] = ()
    limits: PhotoLimits = DEFAULT_LIMITS


def stationery_of(settings: Settings) -> Stationery:
    """That of a home."""
    fonts = tuple(Path(name.strip()) for name in settings.document_fonts.split(",") if name.strip())
    return Stationery(
        key_file=settings.document_key or settings.home / KEY_NAME,
        office=settings.document_office.strip(),
        contact=settings.document_contact.strip(),
        fonts=fonts,
        limits=PhotoLimits(max_bytes=settings.max_photo_bytes, max_pixels=settings.max_photo_pixels),
    )
