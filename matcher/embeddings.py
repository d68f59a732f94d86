"""Embeddings on their way in or out: the batches that files of any format become, and numpy's files."""

import csv
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO

import numpy as np
from numpy.typing import NDArray

from index.base import Vectors
from matcher.errors import BadManifest
from matcher.faces import EngineKey
from matcher.person import FIELDS, shown
from matcher.photo_date import TAKEN_ON

AT_ONCE = 10_000
"""Rows in memory at a time."""


@dataclass(frozen=True, slots=True, repr=False)
class Batch:
    """Rows of a file. first: the number of its first row, from 0.

    vectors: float32 (n, dimension); of rows with a fault, anything. faults: row in the batch -> why it can't be used.
    columns: name -> n texts, "" where nothing is stated; person_id is always there. Other names: FIELDS,
    sha256 and taken_on (of the photo)
    engines: the engine key that each row states; empty where the file has none.
    """

    first: int
    vectors: Vectors
    columns: dict[str, Sequence[str]]
    faults: dict[int, str]
    engines: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.vectors)


@dataclass(frozen=True, slots=True)
class Embeddings:
    """A file of embeddings. rows: how many; engine: the key it states, empty where it states none.

    batches: once, in order; BadManifest may come in between.
    """

    rows: int
    engine: EngineKey | None
    batches: Iterator[Batch]


def read_npy(path: Path, ids: Path | None, dimension: int) -> Embeddings:
    """A float32 array (n, dimension), with ids from a file or the rows' numbers from 0.

    ids: a text file with an id a line, or a CSV whose first line names person_id and any of the person's fields.
    Raises BadManifest: not such an array, another dimension, cut, or another number of ids.
    """
    with _opened(path) as file:
        rows = _header(path, file, dimension)
        start = file.tell()
        size = os.fstat(file.fileno()).st_size - start
    if size != rows * dimension * 4:
        raise BadManifest(
            f"{path} holds {size} bytes of numbers, its header says {rows * dimension * 4}: it was cut or altered"
        )
    if ids is not None and (found := sum(1 for _ in _ids(ids))) != rows:
        raise BadManifest(f"{ids} has {found} ids, {path} has {rows} rows; there must be one for each")
    return Embeddings(rows, None, _npy_batches(path, ids, start, rows, dimension))


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as exc:
        raise BadManifest(f"{path} can't be read ({exc.strerror}); check the path and the rights") from exc


def _header(path: Path, file: BinaryIO, dimension: int) -> int:
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, by_columns, kind = read(file)
    except (ValueError, EOFError) as exc:
        raise BadManifest(f"{path} is not a file of numpy.save: {exc}") from exc
    if kind != np.dtype("<f4") or len(shape) != 2 or (by_columns and min(shape) > 1):
        raise BadManifest(
            f"{path} holds {kind} of shape {shape}; save it as numpy.ascontiguousarray(rows, dtype='<f4')"
        )
    if shape[1] != dimension:
        raise BadManifest(f"{path} has vectors of {shape[1]} numbers, the engine makes {dimension}; name its --engine")
    return int(shape[0])


def _npy_batches(path: Path, ids: Path | None, start: int, rows: int, dimension: int) -> Iterator[Batch]:
    named = _ids(ids) if ids is not None else ({"person_id": str(row)} for row in range(rows))
    with _opened(path) as file:
        file.seek(start)
        for first in range(0, rows, AT_ONCE):
            count = min(AT_ONCE, rows - first)
            vectors = np.fromfile(file, dtype="<f4", count=count * dimension)
            if len(vectors) != count * dimension:
                raise BadManifest(f"{path} was cut while it was read")
            cells = [next(named, {"person_id": ""}) for _ in range(count)]
            columns: dict[str, Sequence[str]] = {name: [row[name] for row in cells] for name in cells[0]}
            vectors = vectors.astype(np.float32, copy=False).reshape(count, dimension)
            yield Batch(first, vectors, columns, unusable(vectors))


def unusable(vectors: NDArray[np.float32]) -> dict[int, str]:
    """Which of the vectors, float32 (n, d), are no templates, and why."""
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64)
    faults = dict.fromkeys(np.flatnonzero(lengths == 0).tolist(), "the vector is all zeros")
    return faults | dict.fromkeys(np.flatnonzero(~np.isfinite(lengths)).tolist(), "the vector is not finite")


def _ids(path: Path) -> Iterator[dict[str, str]]:
    """A dictionary for each id, all with the same keys; raises BadManifest."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _id_rows(path, file)
    except OSError as exc:
        raise BadManifest(f"{path} can't be read ({exc.strerror}); check the path and the rights") from exc
    except (UnicodeDecodeError, csv.Error) as exc:
        raise BadManifest(f"{path} is not a list of ids in UTF-8: {exc}") from exc


def _id_rows(path: Path, file: TextIO) -> Iterator[dict[str, str]]:
    first = file.readline()
    names = [name.strip().lower() for name in next(csv.reader([first]), [])]
    if "person_id" not in names:
        file.seek(0)
        yield from ({"person_id": line.strip()} for line in file)
        return
    for name in names:
        if name not in (known := (*FIELDS, "sha256", TAKEN_ON)) or names.count(name) > 1:
            raise BadManifest(f"{path} has the column {shown(name)}; the columns are {', '.join(known)}, each once")
    reader = csv.reader(file, strict=True)
    for cells in reader:
        if len(cells) != len(names):
            raise BadManifest(f"{path}, line {reader.line_num + 1}: {len(cells)} cells, the header has {len(names)}")
        yield dict(zip(names, (value.strip() for value in cells), strict=True))
