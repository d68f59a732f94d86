"""A form with photos, taken apart while it streams in and kept in memory: nothing is ever spooled to disk."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from api.errors import BadUpload, TooLarge
from matcher.errors import BadField
from matcher.person import shown

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

PHOTO = "photo"
MOST_FIELDS = 32
_NAME_BYTES = 100
_FIELD_BYTES = 4_096
_PART_OVERHEAD = 16_384


@dataclass(frozen=True, slots=True, repr=False)
class UploadLimits:
    """What one request may carry. photo_bytes: of each photo. names: the text fields that the address knows.

    alone: whether the photo may also be the whole body, with the fields in the query.
    """

    photo_bytes: int
    photos: int
    names: Collection[str]
    alone: bool

    @property
    def body_bytes(self) -> int:
        """All of it together: the bytes of at most four photos of the largest size, and the form around them."""
        content = min(self.photos, 4) * self.photo_bytes + MOST_FIELDS * _FIELD_BYTES
        return content + (self.photos + MOST_FIELDS) * _PART_OVERHEAD

    def must_know(self, name: str) -> None:
        """Raise BadField for a field that the address doesn't know."""
        if name not in self.names:
            known = ", ".join((PHOTO, *self.names))
            raise BadField(name[:40], f"unknown field {shown(name)}; the fields are {known}")


@dataclass(frozen=True, slots=True, repr=False)
class UploadedPhoto:
    """A photo's bytes, and the last part of the file name that came with it; empty where there was none."""

    content: bytes
    name: str = ""


@dataclass(slots=True)
class _Part:
    headers: dict[bytes, bytes] = field(default_factory=dict)
    name: str = ""
    file_name: str = ""
    content: bytearray = field(default_factory=bytearray)


class Form:
    """Takes a form's parts as the parser finds them, and refuses at the first that is too large or too many."""

    def __init__(self, limits: UploadLimits) -> None:
        self._limits = limits
        self._header = (bytearray(), bytearray())
        self._part = _Part()
        self._photos: list[UploadedPhoto] = []
        self._fields: list[tuple[str, str]] = []
        self._ended = False

    def parser(self, boundary: bytes) -> MultipartParser:
        """What to write the body's pieces to; raises BadUpload for a boundary that can't be one."""
        if not boundary:
            raise BadUpload("the content type names no boundary; let the HTTP library set it")
        callbacks: MultipartCallbacks = {
            "on_part_begin": self._part_begins,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_ends,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._data,
            "on_part_end": self._part_ends,
            "on_end": self._end,
        }
        try:
            return MultipartParser(boundary, callbacks)
        except FormParserError as exc:
            raise BadUpload("the boundary that the content type names is too long") from exc

    def finished(self) -> tuple[tuple[UploadedPhoto, ...], tuple[tuple[str, str], ...]]:
        """The photos and the fields, in the order in which they came; raises BadUpload where the end is missing."""
        if not self._ended:
            raise BadUpload("the form ends before its last boundary; the upload was cut off, send it again")
        return tuple(self._photos), tuple(self._fields)

    def _part_begins(self) -> None:
        self._part = _Part()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._header[0].extend(data[start:end])

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1].extend(data[start:end])

    def _header_ends(self) -> None:
        name, value = self._header
        self._part.headers[bytes(name).lower()] = bytes(value)
        self._header = (bytearray(), bytearray())

    def _headers_end(self) -> None:
        kind, options = parse_options_header(self._part.headers.get(b"content-disposition", b""))
        name = options.get(b"name", b"")
        if kind != b"form-data" or not name or len(name) > _NAME_BYTES:
            raise BadUpload("a part of the form has no name of at most 100 bytes; name every part")
        self._part.name = name.decode("utf-8", "replace")
        self._part.file_name = _last_part(options.get(b"filename", b"").decode("utf-8", "replace"))
        if self._part.name == PHOTO:
            if len(self._photos) >= self._limits.photos:
                raise TooLarge(f"more than {self._limits.photos} photos in one request; send fewer", field=PHOTO)
            return
        self._limits.must_know(self._part.name)
        if len(self._fields) >= MOST_FIELDS:
            raise TooLarge(f"more than {MOST_FIELDS} fields in one request; send fewer")

    def _data(self, data: bytes, start: int, end: int) -> None:
        part = self._part
        most = self._limits.photo_bytes if part.name == PHOTO else _FIELD_BYTES
        if len(part.content) + end - start > most:
            raise TooLarge(f"{part.name} is larger than {most:,} bytes; send it smaller", field=part.name)
        part.content += memoryview(data)[start:end]

    def _part_ends(self) -> None:
        part = self._part
        if part.name == PHOTO:
            self._photos.append(UploadedPhoto(bytes(part.content), part.file_name))
        else:
            self._fields.append((part.name, _text(bytes(part.content), part.name)))
        self._part = _Part()

    def _end(self) -> None:
        self._ended = True


def _text(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise BadField(name, f"{name} is not UTF-8 text") from None


def _last_part(file_name: str) -> str:
    """A browser or a program may send a whole path; only what follows its last slash is kept."""
    return file_name.replace("\\", "/").rpartition("/")[2][:200]
