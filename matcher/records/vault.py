"""What is sealed in the records: templates, landmarks and photos, each bound to its row; keys are loaded when needed.

A home without keys keeps plain bytes. With keys, what is written is sealed with the newest; what is read is opened with
the key that its seal names, so that plain rows, old keys and new ones may stand side by side while a home is encrypted.
Once all of it is, plain bytes are refused: they can only have been put there by somebody else.
"""

import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select

from matcher.errors import RecordsUnavailable
from matcher.protection.master import master_key, unwrap
from matcher.protection.sealing import MARK, Key, NotOpened, number_of
from matcher.records import coding, tables

OPTION = "matcher_vault"
META = "encryption"

VECTOR = b"template.vector"
LANDMARKS = b"template.landmarks"
CONTENT = b"photo_content.content"


@dataclass(frozen=True, slots=True)
class _Known:
    """What this process knows of the records' keys. sealed: everything is, so that plain bytes are refused."""

    keys: dict[int, Key]
    newest: int | None
    sealed: bool


class Vault:
    """The keys of one database; any number of threads may share it."""

    def __init__(self) -> None:
        self._loading = threading.Lock()
        self._known: _Known | None = None

    def seal(self, connection: Connection, place: bytes, ids: Sequence[int], blobs: Sequence[bytes]) -> Sequence[bytes]:
        """The blobs as they are to be written to these rows; raises KeyRefused."""
        if not blobs:
            return blobs
        newest = connection.execute(select(func.max(tables.data_key.c.id))).scalar_one()
        known = self._known
        if known is None or known.newest != newest:
            known = self._load(connection)
        if known.newest is None:
            return blobs
        return known.keys[known.newest].seal(blobs, places(place, ids))

    def open(self, connection: Connection, place: bytes, ids: Iterable[int], blobs: Sequence[bytes]) -> list[bytes]:
        """What is in these rows; raises KeyRefused, and RecordsUnavailable for what was altered or moved."""
        known = self._known or self._load(connection)
        if known.newest is None and not any(blob.startswith(MARK) for blob in blobs):
            return list(blobs)
        return [self._opened(connection, place, number, blob) for number, blob in zip(ids, blobs, strict=True)]

    def forget(self) -> None:
        """Ask the records again at the next use."""
        self._known = None

    def _opened(self, connection: Connection, place: bytes, row: int, blob: bytes) -> bytes:
        number, known = number_of(blob), self._known
        if known is None or (number is not None and number not in known.keys):
            known = self._load(connection)
        if number is None:
            if known.sealed:
                raise RecordsUnavailable(
                    f"{place.decode()} of row {row} is not encrypted, although the records are: it was put there by "
                    "other means; restore it from a backup"
                )
            return blob
        if number not in known.keys:
            raise RecordsUnavailable(f"{place.decode()} of row {row} names key {number}, which the records don't have")
        try:
            return known.keys[number].open(blob, _place(place, row))
        except NotOpened as exc:
            raise RecordsUnavailable(
                f"{place.decode()} of row {row} was altered or moved from another row; restore it from a backup"
            ) from exc

    def _load(self, connection: Connection) -> _Known:
        with self._loading:
            rows = connection.execute(select(tables.data_key).order_by(tables.data_key.c.id)).all()
            master = master_key() if rows else None
            keys = {row.id: unwrap(master, row.id, bytes(row.wrapped), needed=row.master) for row in rows}
            self._known = _Known(keys, max(keys, default=None), sealed=is_complete(connection))
            return self._known


def vault_of(connection: Connection) -> Vault:
    """The vault of a connection's database."""
    vault = connection.get_execution_options().get(OPTION)
    return vault if isinstance(vault, Vault) else Vault()


def has_key(connection: Connection) -> bool:
    """Whether the records have a data key, with which everything new is sealed; asks for no master key."""
    return connection.execute(select(tables.data_key).limit(1)).first() is not None


def is_complete(connection: Connection) -> bool:
    """Whether everything that can be sealed is."""
    query = select(tables.meta.c.value).where(tables.meta.c.name == META)
    found = connection.execute(query).scalar_one_or_none()
    return bool(found and json.loads(found)["complete"])


def open_vectors(
    connection: Connection, ids: Sequence[int], blobs: Sequence[bytes], dimension: int
) -> NDArray[np.float32]:
    """The vectors of these templates, float32 (len(blobs), dimension)."""
    return coding.vectors_of(vault_of(connection).open(connection, VECTOR, ids, blobs), dimension)


def open_content(connection: Connection, photo_id: int, content: bytes) -> bytes:
    """The bytes of a photo."""
    return vault_of(connection).open(connection, CONTENT, [photo_id], [content])[0]


def open_landmarks(connection: Connection, template_id: int, landmarks: bytes) -> bytes:
    """The landmarks of a template; empty where there are none."""
    return vault_of(connection).open(connection, LANDMARKS, [template_id], [landmarks])[0] if landmarks else b""


def sealed_templates(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows of the table of templates as they are to be inserted."""
    vault, ids = vault_of(connection), [row[0] for row in rows]
    vectors = vault.seal(connection, VECTOR, ids, [row[3] for row in rows])
    marked = [(row[0], row[5]) for row in rows if row[5]]
    landmarks = vault.seal(connection, LANDMARKS, [number for number, _ in marked], [blob for _, blob in marked])
    of_row = dict(zip((number for number, _ in marked), landmarks, strict=True))
    return [(*row[:3], vector, row[4], of_row.get(row[0], b"")) for row, vector in zip(rows, vectors, strict=True)]


def sealed_contents(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows of the table of photos' bytes as they are to be inserted."""
    ids = [row[0] for row in rows]
    contents = vault_of(connection).seal(connection, CONTENT, ids, [row[1] for row in rows])
    return list(zip(ids, contents, strict=True))


def places(place: bytes, ids: Iterable[int]) -> Iterator[bytes]:
    """What binds each row's bytes to it."""
    return (_place(place, number) for number in ids)


def _place(place: bytes, row: int) -> bytes:
    return place + b"\0" + row.to_bytes(8, "little", signed=True)
