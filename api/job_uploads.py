"""The photos of a job as they come over HTTP: to the disk piece by piece, under a limit, whole or not at all."""

import os
import shutil
from pathlib import Path

import anyio
from anyio import to_thread
from fastapi import Request
from starlette.requests import ClientDisconnect

from api.errors import BadUpload, NotReady, TooLarge, TooSlow
from matcher.spooling import pieces_of, spool

_SECONDS_A_PIECE = 60.0
_WRITTEN_AT_ONCE = 4 * 2**20
_SPARE = 2**30
"""Bytes of the disk that uploads leave to the records."""


async def receive_photos(request: Request, place: Path, *, most_bytes: int) -> None:
    """Write the body to a file at `place`, unpacked if it is a compressed tar.

    Raises TooLarge, TooSlow, BadUpload, NotReady for a full disk, and BadManifest. Nothing is left then.
    """
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared) > most_bytes:
        raise _too_large(most_bytes)
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if shutil.disk_usage(place.parent).free < int(declared) + _SPARE:
        raise NotReady("the disk has not enough room for the photos; ask who runs the service")
    raw = place.with_name("upload")
    try:
        await _to_disk(request, raw, most_bytes)
        await to_thread.run_sync(_unpacked, raw, place, most_bytes)
    finally:
        raw.unlink(missing_ok=True)


async def _to_disk(request: Request, raw: Path, most_bytes: int) -> None:
    total, waiting = 0, bytearray()
    pieces = request.stream()
    with os.fdopen(os.open(raw, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        try:
            while True:
                with anyio.fail_after(_SECONDS_A_PIECE):
                    piece = await anext(pieces, None)
                if piece is None:
                    break
                total += len(piece)
                if total > most_bytes:
                    raise _too_large(most_bytes)
                waiting += piece
                if len(waiting) >= _WRITTEN_AT_ONCE:
                    await to_thread.run_sync(file.write, bytes(waiting))
                    waiting.clear()
        except TimeoutError as exc:
            raise TooSlow(f"nothing came for {_SECONDS_A_PIECE:.0f} s; send the photos again") from exc
        except ClientDisconnect as exc:
            raise BadUpload("the upload was broken off") from exc
        await to_thread.run_sync(file.write, bytes(waiting))


def _unpacked(raw: Path, place: Path, most_bytes: int) -> None:
    with raw.open("rb") as file:
        spool(pieces_of(file), place, most_bytes=most_bytes)


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"the photos take more than {most:,} bytes; send them in several jobs")
