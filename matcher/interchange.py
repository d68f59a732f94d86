"""Embeddings in Parquet: a row for each template, streamed in and out. The only file that knows pyarrow."""

import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from index.base import Vectors
from matcher.embeddings import AT_ONCE, Batch, Embeddings, unusable
from matcher.errors import BadManifest, TooMuchToRead
from matcher.faces import EngineKey
from matcher.memory_bound import at_most
from matcher.person import FIELDS, shown
from matcher.photo_date import TAKEN_ON

VECTOR = "vector"
COLUMNS = (*FIELDS, "sha256", TAKEN_ON)
"""Columns of text beside the vector; all but person_id may be missing."""
# Bytes read at a time of each column.
_BUFFER = 2**20
_MOST_BYTES = 512 * 2**20
"""Memory that reading `AT_ONCE` rows may take, whatever the file says of itself."""
_ENGINE = "engine"
_ENGINE_META = b"identity-matcher.engine"


def read_parquet(path: Path, dimension: int, *, opened: BinaryIO | None = None) -> Embeddings:
    """The rows of a Parquet file with the columns person_id and vector; see `COLUMNS` for more, and `engine`.

    vector: a list of float, or one of fixed size. opened: the file itself where it has no name on the disk; path is
    then what errors call it. Raises BadManifest where the file as a whole can't be used.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    # The others keep memory in reserve, which can't be bounded.
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        # Without these, the columns of a whole row group would be in memory at once.
        with at_most(_MOST_BYTES):
            file = pq.ParquetFile(opened or path, buffer_size=_BUFFER, pre_buffer=False)
    except MemoryError as exc:
        raise _too_much(path) from exc
    except OSError as exc:
        raise BadManifest(f"{path} can't be read: {exc}") from exc
    except pa.ArrowException as exc:
        raise BadManifest(f"{path} is not a Parquet file, or was cut: {exc}") from exc
    try:
        _check_schema(path, file.schema_arrow, dimension)
    except BaseException:
        file.close()
        raise
    stated = (file.schema_arrow.metadata or {}).get(_ENGINE_META)
    engine = EngineKey(stated.decode("utf-8", "replace")) if stated else None
    return Embeddings(file.metadata.num_rows, engine, _batches(path, file, dimension))


def write_parquet(
    path: Path, parts: Iterable[tuple[dict[str, Sequence[str]], Vectors]], *, engine: EngineKey, dimension: int
) -> None:
    """Write parts as they come, each a row group: columns of text with the vectors, float32 (n, dimension).

    Raises OSError.
    """
    with path.open("wb") as file:
        for piece in parquet_pieces(parts, engine=engine, dimension=dimension):
            file.write(piece)


def parquet_pieces(
    parts: Iterable[tuple[dict[str, Sequence[str]], Vectors]], *, engine: EngineKey, dimension: int
) -> Iterator[bytes]:
    """The bytes of such a file in order, a piece for each part; without the last one nobody takes it for a file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    vector = pa.list_(pa.float32(), dimension)
    schema = pa.schema(
        [*((name, pa.string()) for name in COLUMNS), (VECTOR, vector)], metadata={_ENGINE_META: engine.encode()}
    )
    written = _Pieces()
    # Vectors neither repeat nor compress; trying costs more than all the rest.
    with pq.ParquetWriter(
        written, schema, compression=dict.fromkeys(COLUMNS, "snappy") | {f"{VECTOR}.list.element": "none"},
        use_dictionary=[name for name in COLUMNS if name not in ("person_id", "sha256")],
    ) as writer:  # fmt: skip
        for columns, vectors in parts:
            flat = pa.array(np.ascontiguousarray(vectors).reshape(-1))
            arrays = [pa.array(columns[name], pa.string()) for name in COLUMNS]
            arrays.append(pa.FixedSizeListArray.from_arrays(flat, type=vector))
            writer.write_batch(pa.record_batch(arrays, schema=schema), row_group_size=len(vectors))
            yield written.taken()
    yield written.taken()


class _Pieces(io.RawIOBase):
    """A file that keeps what is written to it only until it is taken."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._place = 0

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        before = len(self._kept)
        self._kept += piece
        self._place += len(self._kept) - before
        return len(self._kept) - before

    def tell(self) -> int:
        return self._place

    def taken(self) -> bytes:
        piece = bytes(self._kept)
        self._kept.clear()
        return piece


def _check_schema(path: Path, schema: Any, dimension: int) -> None:
    from pyarrow import types

    for name in ("person_id", VECTOR):
        if name not in schema.names:
            raise BadManifest(f"{path} has no column {name}; it needs person_id and {VECTOR}")
    for field in schema:
        if field.name not in (*COLUMNS, VECTOR, _ENGINE) or schema.names.count(field.name) > 1:
            known = ", ".join((*COLUMNS, VECTOR, _ENGINE))
            raise BadManifest(f"{path} has the column {shown(field.name)}; the columns are {known}, each once")
    kind = schema.field(VECTOR).type
    lists = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
    if not lists or not types.is_floating(kind.value_type):
        raise BadManifest(f"{path}: the column {VECTOR} is {kind}; write it as a list of float")
    if types.is_fixed_size_list(kind) and kind.list_size != dimension:
        raise BadManifest(
            f"{path} has vectors of {kind.list_size} numbers, the engine makes {dimension}; name its --engine"
        )


def _batches(path: Path, file: Any, dimension: int) -> Iterator[Batch]:
    import pyarrow as pa

    first = 0
    with file:
        try:
            parts = iter(file.iter_batches(batch_size=AT_ONCE))
            while (batch := _next(parts, first, dimension)) is not None:
                yield batch
                first += len(batch)
        except MemoryError as exc:
            raise _too_much(path) from exc
        except (pa.ArrowException, OSError) as exc:
            raise BadManifest(f"{path} can't be read after row {first}, it was cut or altered: {exc}") from exc


def _next(parts: Iterator[Any], first: int, dimension: int) -> Batch | None:
    with at_most(_MOST_BYTES):
        rows = next(parts, None)
        return None if rows is None else _batch(first, rows, dimension)


def _too_much(path: Path) -> TooMuchToRead:
    return TooMuchToRead(
        f"{path} asks for more than {_MOST_BYTES // 2**20} MiB of memory for {AT_ONCE:,} of its rows, which templates "
        "and a person's fields never need; write it with row groups of fewer rows, and look where it comes from"
    )


def _batch(first: int, rows: Any, dimension: int) -> Batch:
    vectors, faults = _vectors(rows.column(VECTOR), dimension)
    columns: dict[str, Sequence[str]] = {
        name: _texts(rows.column(name)) for name in rows.schema.names if name in COLUMNS
    }
    engines = _texts(rows.column(_ENGINE)) if _ENGINE in rows.schema.names else ()
    return Batch(first, vectors, columns, {**unusable(vectors), **faults}, engines)


def _vectors(column: Any, dimension: int) -> tuple[Vectors, dict[int, str]]:
    import pyarrow as pa
    import pyarrow.compute as pc

    lengths = pc.fill_null(pc.list_value_length(column), -1).to_numpy(zero_copy_only=False)
    sound = lengths == dimension
    faults = {
        row: "there is no vector" if lengths[row] < 0 else f"the vector has {lengths[row]} numbers, not {dimension}"
        for row in np.flatnonzero(~sound).tolist()
    }
    kept = column.filter(pa.array(sound)) if faults else column
    values = kept.flatten().to_numpy(zero_copy_only=False)
    vectors = np.ones((len(column), dimension), dtype=np.float32)
    with np.errstate(over="ignore"):
        vectors[sound] = values.reshape(-1, dimension)
    return vectors, faults


def _texts(column: Any) -> list[str]:
    import pyarrow as pa

    texts: list[str] = column.cast(pa.string()).fill_null("").to_pylist()
    return texts
