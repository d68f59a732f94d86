"""Large uploads as they come over HTTP: to the disk piece by piece, under a limit, whole or not at all."""

import os
import shutil
from pathlib import Path
from typing import IO

import anyio
from anyio import to_thread
from fastapi import Request
from starlette.requests import ClientDisconnect

from api.errors import BadUpload, NotReady, TooLarge, TooSlow
from matcher.spooling import pieces_of, spool

_SECONDS_A_PIECE = 60.0
_BYTES_A_SECOND = 1_024
"""What a stream must bring in the mean, after its first minute: slower ones hold a place that others wait for."""
_WRITTEN_AT_ONCE = 4 * 2**20
_SPARE = 2**30
"""Bytes of the disk that uploads leave to the records."""


async def receive_photos(request: Request, place: Path, *, most_bytes: int) -> None:
    """Write the body to a file at `place`, unpacked if it is a compressed tar.

    Raises TooLarge, TooSlow, BadUpload, NotReady for a full disk, and BadManifest. Nothing is left then.
    """
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    must_have_room(request, place.parent, most_bytes=most_bytes)
    raw = place.with_name("upload")
    try:
        with os.fdopen(os.open(raw, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            await to_disk(request, file, most_bytes)
        await to_thread.run_sync(_unpacked, raw, place, most_bytes)
    finally:
        raw.unlink(missing_ok=True)


def must_have_room(request: Request, folder: Path, *, most_bytes: int) -> None:
    """Raises TooLarge for a body that says it is larger than the limit, NotReady where the disk can't take it."""
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared) > most_bytes:
        raise _too_large(most_bytes)
    if shutil.disk_usage(folder).free < int(declared) + _SPARE:
        raise NotReady("the disk has not enough room for this upload; ask who runs the service")


async def to_disk(request: Request, file: IO[bytes], most_bytes: int) -> None:
    """Write the body to an open file as it comes; raises TooLarge, TooSlow, BadUpload, NotReady for a full disk."""
    total, waiting = 0, bytearray()
    pieces, began = request.stream(), anyio.current_time()
    try:
        while True:
            with anyio.fail_after(_SECONDS_A_PIECE):
                piece = await anext(pieces, None)
            if piece is None:
                break
            total += len(piece)
            seconds = anyio.current_time() - began
            if seconds > _SECONDS_A_PIECE and total < seconds * _BYTES_A_SECOND:
                raise TooSlow(f"less than {_BYTES_A_SECOND:,} bytes came a second; send it over a better line")
            if total > most_bytes:
                raise _too_large(most_bytes)
            waiting += piece
            if len(waiting) >= _WRITTEN_AT_ONCE:
                await to_thread.run_sync(file.write, bytes(waiting))
                waiting.clear()
        await to_thread.run_sync(file.write, bytes(waiting))
    except TimeoutError as exc:
        raise TooSlow(f"nothing came for {_SECONDS_A_PIECE:.0f} s; send it again") from exc
    except ClientDisconnect as exc:
        raise BadUpload("the upload was broken off") from exc
    except OSError as exc:
        raise NotReady(f"the upload can't be written to the disk ({exc.strerror}); ask who runs the service") from exc


def _unpacked(raw: Path, place: Path, most_bytes: int) -> None:
    with raw.open("rb") as file:
        spool(pieces_of(file), place, most_bytes=most_bytes)


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"the upload is larger than {most:,} bytes; send it in several parts")
