"""Bodies with photos, read under limits and kept in memory: nothing is ever spooled to disk.

The limits hold while a body streams in, so what is too large is refused before it is there.
"""

from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import anyio
from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from api.errors import BadUpload, Busy, TooLarge, TooSlow, WrongContentType
from matcher.errors import BadField
from matcher.person import shown

PHOTO = "photo"
FORM = "multipart/form-data"
_NAME_BYTES = 100
_FIELD_BYTES = 4_096
_PART_OVERHEAD = 16_384
_SECONDS = 60.0


@dataclass(frozen=True, slots=True, repr=False)
class UploadLimits:
    """What one request may carry. photo_bytes: of each photo. names: the fields that the address knows."""

    photo_bytes: int
    photos: int
    fields: int
    names: Collection[str]

    @property
    def body_bytes(self) -> int:
        """All of it together: the bytes of at most four photos of the largest size, and the form around them."""
        content = min(self.photos, 4) * self.photo_bytes + self.fields * _FIELD_BYTES
        return content + (self.photos + self.fields) * _PART_OVERHEAD


@dataclass(frozen=True, slots=True, repr=False)
class UploadedPhoto:
    """A photo's bytes, and the last part of the file name that came with it; empty where there was none."""

    content: bytes
    name: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Upload:
    """The photos and the (name, value) pairs of the query and the form, in the order in which they came."""

    photos: tuple[UploadedPhoto, ...]
    fields: tuple[tuple[str, str], ...]

    def one(self, name: str) -> str:
        """A field's value, empty where it is absent; raises BadField where it was given more than once."""
        values = self.every(name)
        if len(values) > 1:
            raise BadField(name, f"{name} was given {len(values)} times; give it once")
        return values[0] if values else ""

    def every(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.fields if key == name)


class Memory:
    """How many bytes all uploads together may hold at one moment."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0

    @contextmanager
    def share(self) -> Iterator[Callable[[int], None]]:
        """A function that takes more bytes and raises Busy where there are none; all are given back at the end."""
        taken = 0

        def take(count: int) -> None:
            nonlocal taken
            if self._held + count > self._limit:
                raise Busy("too many photos are being uploaded at once; send this one again in a moment")
            self._held += count
            taken += count

        try:
            yield take
        finally:
            self._held -= taken


async def read_upload(request: Request, limits: UploadLimits, take: Callable[[int], None]) -> Upload:
    """The photos and fields of a request: a form with parts named `photo`, or one image as the body.

    Raises BadUpload, WrongContentType, TooLarge, TooSlow, Busy, or BadField for a field that is not known.
    """
    query = tuple(request.query_params.multi_items())
    for name, _ in query:
        _must_be_known(name, limits)
    if len(query) > limits.fields:
        raise TooLarge(f"the query has more than {limits.fields} fields")
    kind, options = parse_options_header(request.headers.get("content-type"))
    declared = request.headers.get("content-length", "0")
    most = limits.body_bytes if kind == FORM.encode() else limits.photo_bytes
    if not declared.isdecimal() or int(declared) > most:
        raise _too_large(most)
    if kind == FORM.encode():
        form = _Form(limits)
        await _feed(request, most, take, _parser(options.get(b"boundary", b""), form).write)
        photos, fields = form.finished()
        return Upload(photos, query + fields)
    if not kind.startswith(b"image/"):
        raise WrongContentType(f"send the photo as a {FORM} part named {PHOTO}, or as a body of type image/*")
    body = bytearray()
    await _feed(request, most, take, body.extend)
    return Upload((UploadedPhoto(bytes(body)),), query)


def _parser(boundary: bytes, form: "_Form") -> MultipartParser:
    if not boundary:
        raise BadUpload("the content type names no boundary; let the HTTP library set it")
    try:
        return MultipartParser(
            boundary,
            {
                "on_part_begin": form.part_begins,
                "on_header_field": form.header_name,
                "on_header_value": form.header_value,
                "on_header_end": form.header_ends,
                "on_headers_finished": form.headers_end,
                "on_part_data": form.data,
                "on_part_end": form.part_ends,
                "on_end": form.end,
            },
        )
    except FormParserError as exc:
        raise BadUpload("the boundary that the content type names is too long") from exc


async def _feed(request: Request, most: int, take: Callable[[int], None], write: Callable[[bytes], object]) -> None:
    """The body's pieces, counted, to `write`."""
    total = 0
    try:
        with anyio.fail_after(_SECONDS):
            async for piece in _pieces(request):
                total += len(piece)
                if total > most:
                    raise _too_large(most)
                take(len(piece))
                write(piece)
    except TimeoutError as exc:
        raise TooSlow(f"the upload took longer than {_SECONDS:.0f} s; send it again") from exc
    except FormParserError as exc:
        raise BadUpload(
            "the form can't be read; its parts don't follow the boundary that the content type names"
        ) from exc
    except ClientDisconnect as exc:
        raise BadUpload("the upload was broken off") from exc


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    async for piece in request.stream():
        if piece:
            yield piece


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"the upload is larger than {most:,} bytes; save the photo smaller, as JPEG", field=PHOTO)


def _must_be_known(name: str, limits: UploadLimits) -> None:
    if name not in limits.names:
        known = ", ".join(sorted(limits.names))
        raise BadField(name[:40], f"unknown field {shown(name)}; the fields are {known}")


@dataclass(slots=True)
class _Part:
    headers: dict[bytes, bytes] = field(default_factory=dict)
    name: str = ""
    file_name: str = ""
    content: bytearray = field(default_factory=bytearray)


class _Form:
    """Takes a form's parts as the parser finds them, and refuses at the first that is too large or too many."""

    def __init__(self, limits: UploadLimits) -> None:
        self._limits = limits
        self._header = (bytearray(), bytearray())
        self._part = _Part()
        self._photos: list[UploadedPhoto] = []
        self._fields: list[tuple[str, str]] = []
        self._ended = False

    def part_begins(self) -> None:
        self._part = _Part()

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._header[0].extend(data[start:end])

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1].extend(data[start:end])

    def header_ends(self) -> None:
        name, value = self._header
        self._part.headers[bytes(name).lower()] = bytes(value)
        self._header = (bytearray(), bytearray())

    def headers_end(self) -> None:
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
        _must_be_known(self._part.name, self._limits)
        if len(self._fields) >= self._limits.fields:
            raise TooLarge(f"more than {self._limits.fields} fields in one request; send fewer")

    def data(self, data: bytes, start: int, end: int) -> None:
        part = self._part
        most = self._limits.photo_bytes if part.name == PHOTO else _FIELD_BYTES
        if len(part.content) + end - start > most:
            raise TooLarge(f"{part.name} is larger than {most:,} bytes; send it smaller", field=part.name)
        part.content += memoryview(data)[start:end]

    def part_ends(self) -> None:
        part = self._part
        if part.name == PHOTO:
            self._photos.append(UploadedPhoto(bytes(part.content), part.file_name))
        else:
            self._fields.append((part.name, _text(bytes(part.content), part.name)))
        self._part = _Part()

    def end(self) -> None:
        self._ended = True

    def finished(self) -> tuple[tuple[UploadedPhoto, ...], tuple[tuple[str, str], ...]]:
        if not self._ended:
            raise BadUpload("the form ends before its last boundary; the upload was cut off, send it again")
        return tuple(self._photos), tuple(self._fields)


def _text(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise BadField(name, f"{name} is not UTF-8 text") from None


def _last_part(file_name: str) -> str:
    """A browser or a program may send a whole path; only what follows its last slash is kept."""
    return file_name.replace("\\", "/").rpartition("/")[2][:200]
