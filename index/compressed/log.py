"""The log of changes since the last segment: appended, flushed and checksummed before a change is acknowledged.

File::

    header   64 bytes: magic, dimension, attributes, CRC; at byte 32 the acknowledged length and its CRC
    record*  32 bytes of head with its own CRC, ids int64[n], attributes int32[n, names], vectors float32[n, dimension]
             (an addition) or ids alone (a removal), CRC of the payload

A change is acknowledged once its record is flushed and the acknowledged length says so. Readers go that far and no
further, so they never meet half a record. What stands behind it is the unfinished work of a writer that died: the
next writer keeps whole records (after a power cut the length may be older than they are) and cuts off the rest.
"""

import os
import struct
import time
import weakref
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from index.base import Attributes, Ids, IndexDamaged, Vectors
from index.compressed.files import REMEDY, refusals, sync_folder

MAGIC = b"VLOG0001"
HEADER = struct.Struct("<8sIII")
LENGTH = struct.Struct("<QI")
LENGTH_AT = 32
START = 64
HEAD = struct.Struct("<4sIIQqI")
MARK = b"chng"
ADDITION, REMOVAL = 1, 2
NO_POSITION = -1
# A reader that meets the length while it is being written looks again this often, this many seconds apart.
LOOKS, PAUSE = 20, 0.001


@dataclass(frozen=True, slots=True)
class Change:
    """One record. vectors and attributes are None for a removal; position is None where the caller gave none.

    end: where in the file the next record starts.
    """

    ids: Ids
    vectors: Vectors | None
    attributes: Attributes | None
    position: int | None
    end: int


class Log:
    """One open log file. Reading may happen from any thread; appending needs the index's write lock."""

    def __init__(self, path: Path, dimension: int, attributes: int) -> None:
        self.path = path
        self.first = START
        self._dimension = dimension
        self._attributes = attributes
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError as exc:
            raise IndexDamaged(f"{path} is missing: {REMEDY}") from exc
        # Closed with the last reference: a reader may still be asking while the index moves on to the next log.
        weakref.finalize(self, os.close, self._file)
        header = os.pread(self._file, HEADER.size, 0)
        if header != _header(dimension, attributes):
            raise IndexDamaged(f"{path} is not a log of this index: {REMEDY}")

    @classmethod
    def create(cls, path: Path, dimension: int, attributes: int) -> "Log":
        """A new, empty log, durable before it is returned."""
        with refusals(path):
            with path.open("wb") as file:
                file.write(_header(dimension, attributes).ljust(START, b"\0"))
                file.seek(LENGTH_AT)
                file.write(_length(START))
                file.flush()
                os.fsync(file.fileno())
            sync_folder(path.parent)
        return cls(path, dimension, attributes)

    def acknowledged(self) -> int:
        """The length up to which changes are acknowledged."""
        for _ in range(LOOKS):
            slot = os.pread(self._file, LENGTH.size, LENGTH_AT)
            if len(slot) == LENGTH.size:
                length, crc = LENGTH.unpack(slot)
                if crc == zlib.crc32(slot[:8]):
                    return int(length)
            time.sleep(PAUSE)
        raise IndexDamaged(f"{self.path} has a damaged header: {REMEDY}")

    def read(self, start: int, stop: int) -> Iterator[Change]:
        """The changes between two places that are both the ends of records."""
        while start < stop:
            change = self._record(start, stop)
            if change is None:
                raise IndexDamaged(f"{self.path} is damaged at byte {start}, before acknowledged changes: {REMEDY}")
            yield change
            start = change.end

    def repair(self) -> None:
        """Settle what a writer that died left behind the acknowledged length; needs the write lock."""
        acknowledged, size = self.acknowledged(), os.fstat(self._file).st_size
        if size < acknowledged:
            raise IndexDamaged(f"{self.path} lost {acknowledged - size} bytes of acknowledged changes: {REMEDY}")
        end = acknowledged
        while (change := self._record(end, size)) is not None:
            end = change.end
        if size > end:
            with refusals(self.path):
                os.ftruncate(self._file, end)
        if size > acknowledged:
            with refusals(self.path):
                os.fsync(self._file)
                os.pwrite(self._file, _length(end), LENGTH_AT)

    def append_addition(self, ids: Ids, vectors: Vectors, attributes: Attributes, position: int | None) -> None:
        """Keep an addition; durable when this returns. Needs the write lock and a repaired log."""
        self._append(ADDITION, len(ids), (ids.tobytes(), attributes.tobytes(), vectors.tobytes()), position)

    def append_removal(self, ids: Ids, position: int | None) -> None:
        """Keep a removal; durable when this returns. Needs the write lock and a repaired log."""
        self._append(REMOVAL, len(ids), (ids.tobytes(),), position)

    def _append(self, kind: int, count: int, parts: tuple[bytes, ...], position: int | None) -> None:
        payload = b"".join(parts)
        head = _head(kind, count, len(payload), NO_POSITION if position is None else position)
        record = head + payload + struct.pack("<I", zlib.crc32(payload))
        end = self.acknowledged()
        try:
            with refusals(self.path):
                _write_all(self._file, record, end)
                os.fdatasync(self._file)
                os.pwrite(self._file, _length(end + len(record)), LENGTH_AT)
        except BaseException:
            # Not acknowledged, so it must not come back to life; unless the interruption came just after that.
            if self.acknowledged() == end:
                os.ftruncate(self._file, end)
            raise

    def _record(self, start: int, stop: int) -> Change | None:
        """The record at start, or None where there is no whole and sound one before stop."""
        head = os.pread(self._file, HEAD.size, start)
        if start + HEAD.size > stop or len(head) < HEAD.size:
            return None
        mark, kind, count, size, position, crc = HEAD.unpack(head)
        each = 8 if kind == REMOVAL else 8 + 4 * self._attributes + 4 * self._dimension
        if mark != MARK or crc != zlib.crc32(head[:-4]) or kind not in (ADDITION, REMOVAL) or size != count * each:
            return None
        end = start + HEAD.size + size + 4
        if end > stop:
            return None
        payload = _read_all(self._file, size + 4, start + HEAD.size)
        if len(payload) < size + 4 or struct.unpack_from("<I", payload, size)[0] != zlib.crc32(payload[:size]):
            return None
        return self._change(kind, count, payload, None if position == NO_POSITION else position, end)

    def _change(self, kind: int, count: int, payload: bytes, position: int | None, end: int) -> Change:
        ids = np.frombuffer(payload, dtype=np.int64, count=count)
        if kind == REMOVAL:
            return Change(ids, None, None, position, end)
        at = 8 * count
        attributes = np.frombuffer(payload, dtype=np.int32, count=count * self._attributes, offset=at)
        at += attributes.nbytes
        vectors = np.frombuffer(payload, dtype=np.float32, count=count * self._dimension, offset=at)
        return Change(
            ids=ids,
            vectors=vectors.reshape(count, self._dimension),
            attributes=attributes.reshape(count, self._attributes),
            position=position,
            end=end,
        )


def _header(dimension: int, attributes: int) -> bytes:
    body = struct.pack("<8sII", MAGIC, dimension, attributes)
    return body + struct.pack("<I", zlib.crc32(body))


def _length(length: int) -> bytes:
    body = struct.pack("<Q", length)
    return body + struct.pack("<I", zlib.crc32(body))


def _head(kind: int, count: int, size: int, position: int) -> bytes:
    body = struct.pack("<4sIIQq", MARK, kind, count, size, position)
    return body + struct.pack("<I", zlib.crc32(body))


def _write_all(file: int, content: bytes, at: int) -> None:
    view = memoryview(content)
    while view:
        written = os.pwrite(file, view, at)
        view, at = view[written:], at + written


def _read_all(file: int, size: int, at: int) -> bytes:
    parts = []
    while size > 0:
        part = os.pread(file, min(size, 1 << 30), at)
        if not part:
            break
        parts.append(part)
        size, at = size - len(part), at + len(part)
    return b"".join(parts)
