"""The compressed index: a folder that many threads and processes search and change at once."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from index.base import (
    EVERYTHING,
    Attributes,
    DuplicateId,
    Hits,
    Ids,
    IndexClosed,
    Stats,
    Vectors,
    Where,
    WrongRequest,
)
from index.checks import (
    check_attributes,
    check_ids,
    check_k,
    check_new_ids,
    check_position,
    check_query,
    check_radius,
    check_shape_of_index,
    check_vectors,
    check_where,
)
from index.compressed import manifest as manifests
from index.compressed.background import Background
from index.compressed.building import Order, Part, build
from index.compressed.compaction import LOCK as COMPACTION_LOCK
from index.compressed.compaction import Compactor, Limits, is_due
from index.compressed.files import check_seal, locked
from index.compressed.founding import WRITE_LOCK, make_unless_there
from index.compressed.manifest import Manifest, Precision
from index.compressed.memory import precision_for
from index.compressed.report import report
from index.compressed.rotation import Rotation
from index.compressed.store import Store

# More could not be told from a few thousand measured neighbours; who needs it takes the exact index.
HIGHEST_TARGET = 0.9999


class CompressedIndex:
    """A `VectorIndex` in a folder; made where the folder is empty or missing, opened where it holds one.

    tag: names the engine that the vectors are from, as in ``dlib-resnet@2``; a folder with another is refused.
    key: at least 16 secret bytes; what is stored is rotated by it, see `index/compressed/rotation.py`.
    recall_target: the share of the true 20 nearest that searches must find, measured; None takes the folder's,
    0.999 for a new one. precision: how vectors are kept for the exact refinement; only for a new folder.
    background: compact in a thread of this process whenever it is due after a change.
    Raises IndexDamaged, IndexForeign, RecallTooLow or IndexUnwritable.
    """

    def __init__(
        self,
        folder: Path,
        dimension: int,
        attribute_names: Sequence[str] = (),
        *,
        tag: str,
        key: bytes,
        recall_target: float | None = None,
        precision: Precision = Precision.AUTO,
        limits: Limits | None = None,
        background: bool = True,
    ) -> None:
        self._names = check_shape_of_index(dimension, attribute_names)
        self._dimension = dimension
        self._folder = Path(folder)
        self._limits = limits or Limits()
        self._background = background
        self._rotation = Rotation(key, dimension)
        if recall_target is not None and not 0.5 <= recall_target <= HIGHEST_TARGET:
            raise WrongRequest(f"a recall target of {recall_target} is outside 0.5 to {HIGHEST_TARGET}")
        fresh = Manifest(
            tag=tag,
            dimension=dimension,
            attribute_names=self._names,
            precision=precision,
            key_check=self._rotation.check,
            recall_target=recall_target or 0.999,
            segments=(),
            logs=(0,),
            next_number=1,
        )
        make_unless_there(self._folder, fresh)
        manifests.read(self._folder).refuse_other(
            tag=tag, dimension=dimension, attribute_names=self._names, key_check=self._rotation.check
        )
        self._closed = threading.Event()
        self._turn = threading.Lock()
        self._store = Store(self._folder, recall_target)
        self._compactor = Compactor(self._folder, self._store, self._limits, self._writing, self._closed)
        self._in_background = Background(self._compactor, self._is_due, self._closed, name=str(self._folder))
        with self._writing():
            # Settles at once what a writer that died has left; readers then find all that was acknowledged.
            pass

    @property
    def dimension(self) -> int:
        return self._dimension

    @property
    def attribute_names(self) -> tuple[str, ...]:
        return self._names

    @property
    def position(self) -> int:
        return self._store.view().position

    def __len__(self) -> int:
        return len(self._store.view())

    def add(
        self,
        ids: Ids,
        vectors: Vectors,
        *,
        attributes: Attributes | None = None,
        position: int | None = None,
    ) -> None:
        vectors = check_vectors(vectors, self._dimension)
        ids = check_new_ids(ids, len(vectors))
        attributes = check_attributes(attributes, len(ids), self._names)
        check_position(position, 0)
        rotated = self._rotation.apply(vectors) if len(ids) < self._limits.bulk_rows else None
        with self._writing():
            present = self._store.view().present(ids)
            if len(present):
                raise DuplicateId(f"id {int(present[0])} is already there")
            if rotated is None:
                part = Part(ids, attributes, lambda rows: self._rotation.apply(vectors[rows]))
                self._add_segment(part, position)
            else:
                self._store.log.append_addition(ids, rotated, attributes, position)
            self._store.view()
        self._start_if_due()

    def remove(self, ids: Ids, *, position: int | None = None) -> int:
        ids = check_ids(ids)
        check_position(position, 0)
        with self._writing():
            present = self._store.view().present(ids)
            if len(present) or position is not None:
                self._store.log.append_removal(present, position)
                self._store.view()
        self._start_if_due()
        return len(present)

    def search(self, queries: Vectors, k: int, *, where: Where = EVERYTHING) -> Hits:
        queries = check_vectors(queries, self._dimension)
        k = check_k(k)
        check_where(where, self._names)
        return self._store.view().search(self._rotation.apply(queries), k, where)

    def range_search(self, query: Vectors, radius: float, *, where: Where = EVERYTHING) -> Hits:
        queries = check_query(query, self._dimension)
        radius = check_radius(radius)
        check_where(where, self._names)
        return self._store.view().within(self._rotation.apply(queries)[0], radius, where)

    def vectors(self, ids: Ids) -> Vectors:
        return self._rotation.undo(self._store.view().vectors(check_ids(ids)))

    def ids(self) -> Ids:
        return self._store.view().ids()

    def stats(self) -> Stats:
        view = self._store.view()
        return report(self._store, view, trouble=self._in_background.trouble)

    def compact(self) -> None:
        """Build one segment of everything, now; searches and changes go on. Waits for a compaction under way."""
        self._refuse_closed()
        while not self._compactor.run(everything=True):
            if self._closed.wait(0.05):
                self._refuse_closed()

    def verify(self) -> None:
        """Read every file whole and compare checksums; raises IndexDamaged. Takes seconds for each gigabyte.

        Searches and changes go on; a compaction waits.
        """
        self._refuse_closed()
        with locked(self._folder / COMPACTION_LOCK):
            self._store.view()
            for segment in self._store.manifest.segments:
                for name, sealed in segment.files.items():
                    check_seal(self._folder / segment.name / name, sealed, whole=True)
            self._store.check_logs()

    def close(self) -> None:
        self._closed.set()
        self._in_background.join()
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """The write lock, with the view current and the log in order."""
        self._refuse_closed()
        with self._turn, locked(self._folder / WRITE_LOCK):
            self._store.view()
            self._store.log.repair()
            self._store.view()
            yield

    def _refuse_closed(self) -> None:
        if self._closed.is_set():
            raise IndexClosed("this index was closed")

    def _add_segment(self, part: Part, position: int | None) -> None:
        """Write many entries as a segment of their own; the manifest makes them all visible at once."""
        manifest, born = self._store.manifest, self._store.end
        number = manifest.next_number
        order = Order(
            root=self._folder,
            name=f"segment-{number:08d}",
            born=born,
            precision=precision_for(manifest, len(part.ids), self._limits.float_bytes),
            dimension=self._dimension,
            recall_target=self._store.view().recall_target,
            coded_rows=self._limits.coded_rows,
        )
        grown = replace(manifest.with_segment(build(order, [part], self._closed)), next_number=number + 1)
        if position is not None:
            grown = replace(grown, position=position, position_at=born)
        manifests.write(self._folder, grown)

    def _start_if_due(self) -> None:
        if self._background:
            self._in_background.start_if_due()

    def _is_due(self) -> bool:
        return is_due(self._store.view(), self._store.end[1], self._limits)
