"""A stream that comes once becomes a file that can be read at any place: tar streams from standard input, uploads.

Compressed streams are unpacked on the way, as a member of a compressed tar can't be read without those before it. The
limit holds for what is written, so that a small file that unpacks to terabytes fills no disk.
"""

import bz2
import lzma
import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Protocol

from matcher.archives import NO_ARCHIVE, is_archive
from matcher.errors import BadManifest

_PIECE = 1 << 20
_KINDS = ((b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"), (b"\xfd7zXZ\x00", "xz"))


class _Unpacker(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


def spool(pieces: Iterable[bytes], path: Path, *, most_bytes: int) -> int:
    """Write a stream to a new file, readable by its owner alone, unpacked; how many bytes it has.

    Raises BadManifest for more than the limit, what is not whole or no archive, and OSError. Nothing is left then.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(path.name + ".part")
    written = 0
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            for piece in unpacked(pieces):
                written += len(piece)
                if written > most_bytes:
                    raise BadManifest(f"the archive holds more than {most_bytes:,} bytes; send it in parts")
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        if not is_archive(part):
            raise BadManifest(NO_ARCHIVE)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return written


def pieces_of(file: IO[bytes]) -> Iterator[bytes]:
    """A file's bytes, a piece at a time."""
    while piece := file.read(_PIECE):
        yield piece


def unpacked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The stream without its compression, if it has one that tar files have. Raises BadManifest."""
    pieces = iter(pieces)
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= 6:
            break
    kind = next((name for magic, name in _KINDS if head.startswith(magic)), "")
    if not kind:
        yield head
        yield from pieces
        return
    try:
        yield from _unpacked(_chained(head, pieces), kind)
    except (OSError, zlib.error, lzma.LZMAError, EOFError) as exc:
        raise BadManifest(f"the archive's {kind} compression is damaged ({exc}); pack it again") from exc


def _unpacked(pieces: Iterator[bytes], kind: str) -> Iterator[bytes]:
    unpacker = _unpacker(kind)
    for piece in pieces:
        if unpacker.eof or unpacker.unused_data:
            raise EOFError("something follows its end")
        data = piece
        # A piece may unpack to a thousand times its size: it comes out in pieces, too.
        while not unpacker.eof and (out := unpacker.decompress(data, _PIECE)):
            yield out
            data = b""
    if not unpacker.eof:
        raise EOFError("its end is missing")


def _unpacker(kind: str) -> _Unpacker:
    if kind == "gzip":
        return _Gzip()
    return bz2.BZ2Decompressor() if kind == "bzip2" else lzma.LZMADecompressor()


class _Gzip:
    """zlib's unpacker with the manners of the other two: it keeps what did not fit."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)


def _chained(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from rest
