"""Bodies with photos, read under limits and kept in memory: nothing is ever spooled to disk.

The limits hold while a body streams in, so what is too large is refused before it is there. How long it may take is
bodies.py's.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect

from api.errors import BadUpload, Busy, TooLarge, WrongContentType
from api.forms import MOST_FIELDS, PHOTO, Form, UploadedPhoto, UploadLimits
from matcher.errors import BadField

FORM = "multipart/form-data"


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
    """How many bytes all uploads together may hold at one moment; used from one event loop only."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._held = 0

    @contextmanager
    def share(self) -> Iterator[Callable[[int], None]]:
        """A function that takes more bytes and raises Busy where there are none; all are given back at the end."""
        taken = 0

        def take(count: int) -> None:
            nonlocal taken
            if self._held + count > self.limit:
                raise Busy("too many photos are being uploaded at once; send this one again in a moment")
            self._held += count
            taken += count

        try:
            yield take
        finally:
            self._held -= taken


async def read_upload(request: Request, limits: UploadLimits, take: Callable[[int], None]) -> Upload:
    """The photos and fields of a request: a form with parts named `photo`, or one image as the body.

    Raises BadUpload, WrongContentType, TooLarge, Busy, or BadField for a field that is not known.
    """
    query = tuple(request.query_params.multi_items())
    for name, _ in query:
        if not limits.alone:
            raise BadField(name[:40], "the query takes no fields here; send them in the form")
        limits.must_know(name)
    if len(query) > MOST_FIELDS:
        raise TooLarge(f"the query has more than {MOST_FIELDS} fields")
    kind, options = parse_options_header(request.headers.get("content-type"))
    declared = request.headers.get("content-length", "0")
    most = limits.body_bytes if kind == FORM.encode() else limits.photo_bytes
    if not declared.isdecimal() or int(declared) > most:
        raise _too_large(most)
    if kind == FORM.encode():
        form = Form(limits)
        await _feed(request, most, take, form.parser(options.get(b"boundary", b"")).write)
        photos, fields = form.finished()
        return Upload(photos, query + fields)
    if not (limits.alone and kind.startswith(b"image/")):
        other = ", or as a body of type image/*" if limits.alone else ""
        raise WrongContentType(f"send the photo as a {FORM} part named {PHOTO}{other}")
    body = bytearray()
    await _feed(request, most, take, body.extend)
    return Upload((UploadedPhoto(bytes(body)),), query)


async def _feed(request: Request, most: int, take: Callable[[int], None], write: Callable[[bytes], object]) -> None:
    """The body's pieces, counted, to `write`."""
    total = 0
    try:
        async for piece in _pieces(request):
            total += len(piece)
            if total > most:
                raise _too_large(most)
            take(len(piece))
            write(piece)
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
