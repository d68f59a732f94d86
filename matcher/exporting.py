"""Embeddings of the records into a file that appears as a whole, readable by its owner alone."""

import csv
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from index.base import Vectors
from matcher.audit.entry import MOST_SUBJECTS, Action, Entry, gallery_subject, path_text
from matcher.build import Opened
from matcher.errors import BadField, NotFound
from matcher.gallery import Gallery
from matcher.interchange import COLUMNS, parquet_pieces, write_parquet
from matcher.records.exporting import count_templates, exported, exported_after, last_template
from matcher.tables import cell

Progress = Callable[[int, int], None]
_Part = tuple[dict[str, Sequence[str]], Vectors]
# Rows of one row group of a Parquet file, and in memory at a time.
_AT_ONCE = 20_000


def export_embeddings(
    parts: Opened,
    path: Path,
    *,
    gallery: str | None,
    ids: Path | None = None,
    progress: Progress = lambda _done, _total: None,
) -> int:
    """Write every template of the engine in use, of one gallery or of all, as the engine made it; return how many.

    path: .parquet, or .npy with a CSV of the ids and fields beside it (`ids`, or the same name with .ids.csv).
    The rows are those of one moment, in the order of adding. Raises BadField, NotFound, RecordsError or OSError.
    """
    kind = path.suffix.lower()
    if kind not in (".parquet", ".npy"):
        raise BadField("file", f"{path} is neither .parquet nor .npy; name the file so")
    if gallery is not None and gallery not in parts.gallery.galleries():
        raise NotFound(f"no gallery {gallery!a}; there are: {', '.join(parts.gallery.galleries())}")
    engine, dimension = parts.gallery.engine, parts.gallery.dimension
    with parts.database.reading() as connection:
        total = count_templates(connection, engine, gallery)
        parts.gallery.trail.record(_entry(parts.gallery, gallery, path, total))
        streamed = exported(connection, engine, dimension, gallery, at_once=_AT_ONCE)
        rows = _told(((dict(part.columns), part.vectors) for part in streamed), total, progress)
        if kind == ".parquet":
            with _whole(path) as draft:
                write_parquet(draft, rows, engine=engine, dimension=dimension)
        else:
            with _whole(path) as draft, _whole(ids or path.with_suffix(".ids.csv")) as listed:
                _write_npy(draft, listed, rows, total, dimension)
    return total


def streamed_embeddings(gallery: Gallery, name: str) -> Iterator[bytes]:
    """The templates of one gallery as the pieces of a Parquet file; that they are given out is recorded before.

    A part in each transaction, so that nobody waits for a slow reader: what is added meanwhile is not in it, nor is
    what is removed before its part is read. Raises NotFound, GalleryHeld or RecordsError.
    """
    gallery.must_have(name)
    gallery.must_be_usable(name)
    with gallery.database.reading() as connection:
        total, until = count_templates(connection, gallery.engine, name), last_template(connection)
    gallery.trail.record(_entry(gallery, name, None, total))
    return parquet_pieces(_parts(gallery, name, until), engine=gallery.engine, dimension=gallery.dimension)


def _parts(gallery: Gallery, name: str, until: int) -> Iterator[_Part]:
    last = -1
    while True:
        with gallery.database.reading() as connection:
            part = exported_after(
                connection, gallery.engine, gallery.dimension, name, last, until=until, at_once=_AT_ONCE
            )
        if part is None:
            return
        yield dict(part.columns), part.vectors
        last = part.last


def _entry(gallery: Gallery, name: str | None, path: Path | None, total: int) -> Entry:
    names = gallery.galleries() if name is None else (name,)
    details: dict[str, Any] = {"what": "embeddings", "engine": gallery.engine, "templates": total}
    if path is not None:
        details["file"] = path_text(path)
    return Entry(Action.EXPORT, [gallery_subject(one) for one in names[:MOST_SUBJECTS]], details)


def _told(parts: Iterable[_Part], total: int, progress: Progress) -> Iterator[_Part]:
    done = 0
    for columns, vectors in parts:
        yield columns, vectors
        done += len(vectors)
        progress(done, total)


def _write_npy(draft: Path, listed: Path, parts: Iterable[_Part], total: int, dimension: int) -> None:
    header = {"descr": "<f4", "fortran_order": False, "shape": (total, dimension)}
    with draft.open("wb") as file, listed.open("w", encoding="utf-8", newline="") as table:
        np.lib.format.write_array_header_1_0(file, header)
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(COLUMNS)
        for columns, vectors in parts:
            file.write(vectors.astype("<f4", copy=False).tobytes())
            named = [map(cell, columns[name]) for name in COLUMNS]
            writer.writerows(zip(*named, strict=True))


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A file to write to, which takes its name when the block ends without an error, and goes otherwise."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
