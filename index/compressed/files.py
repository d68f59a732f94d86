"""Files that survive a crash: durable writes, checksums, locks, and the errors of a disk in this floor's words."""

import errno
import fcntl
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.base import IndexDamaged, IndexUnwritable

REMEDY = "rebuild the index from the records"

# Files up to this size are checked whole when an index is opened; of larger ones, the size and both ends.
WHOLE = 32 << 20
END = 1 << 20


@dataclass(frozen=True, slots=True)
class Seal:
    """What a finished file must look like. crc: of all bytes; ends: of the first and the last megabyte."""

    size: int
    crc: int
    ends: int

    def as_dict(self) -> dict[str, int]:
        return {"size": self.size, "crc": self.crc, "ends": self.ends}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Seal":
        return cls(size=int(values["size"]), crc=int(values["crc"]), ends=int(values["ends"]))


def seal(path: Path) -> Seal:
    """Flush a finished file to the disk and compute its seal."""
    with refusals(path), path.open("rb+") as file:
        os.fsync(file.fileno())
    with path.open("rb") as file:
        return Seal(size=path.stat().st_size, crc=_crc(file, whole=True), ends=_crc(file, whole=False))


def check_seal(path: Path, expected: Seal, *, whole: bool = False) -> None:
    """Raise IndexDamaged where the file is missing, cut, or altered as far as is looked.

    Small files are always read whole; large ones only with whole=True, as that takes seconds for each gigabyte.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size != expected.size:
                raise IndexDamaged(f"{path} has {size} bytes instead of {expected.size}: {REMEDY}")
            if whole or size <= WHOLE:
                sound = _crc(file, whole=True) == expected.crc
            else:
                sound = _crc(file, whole=False) == expected.ends
    except FileNotFoundError as exc:
        raise IndexDamaged(f"{path} is missing: {REMEDY}") from exc
    if not sound:
        raise IndexDamaged(f"{path} was altered, its checksum differs: {REMEDY}")


def _crc(file: Any, *, whole: bool) -> int:
    """CRC-32 of an open file, or of its first and last END bytes."""
    size, crc = os.fstat(file.fileno()).st_size, 0
    spans = [(0, size)] if whole else [(0, min(END, size)), (max(0, size - END), size)]
    for start, stop in spans:
        file.seek(start)
        left = stop - start
        while left > 0:
            block = file.read(min(END, left))
            if not block:
                break
            crc, left = zlib.crc32(block, crc), left - len(block)
    return crc


def replace(path: Path, content: bytes) -> None:
    """Write a whole file so that a crash leaves either the old one or the new one."""
    draft = path.with_name(path.name + ".new")
    with refusals(path):
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def refusals(path: Path) -> Iterator[None]:
    """A disk that refuses becomes IndexUnwritable, with the reason."""
    try:
        yield
    except OSError as exc:
        words = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the disk quota is used up"}
        reason = words.get(exc.errno or 0, exc.strerror or str(exc))
        raise IndexUnwritable(f"can't write {path}: {reason}") from exc


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of this file, across processes and threads; waits for it."""
    with _lock_file(path) as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def locked_if_free(path: Path) -> Iterator[bool]:
    """Hold the lock of this file if nobody else does; gives whether it is held."""
    with _lock_file(path) as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


@contextmanager
def _lock_file(path: Path) -> Iterator[int]:
    # A fresh handle each time: two threads of one process exclude each other, and closing it lets go.
    with refusals(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield handle
    finally:
        os.close(handle)
