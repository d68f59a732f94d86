"""Tails that were drawn once, by person: sorted columns that can lie in a file, and what was added since."""

import os
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from matcher.scoring.likeness import Vectors
from matcher.scoring.tail import Tail

_MERGED_AT = 50_000
_MOST = 20_000_000

Columns = NDArray[np.int64]


def marks_of(templates: Vectors) -> NDArray[np.int64]:
    """A 64-bit mark of each template's very bits, int64 (n,); the same in every process."""
    words = np.ascontiguousarray(templates, dtype="<f4").view("<u4").astype(np.uint64)
    keyed = (words + np.uint64(1)) * _keys(words.shape[1])
    marks: NDArray[np.int64] = keyed.sum(axis=1, dtype=np.uint64).view(np.int64)
    return marks


@cache
def _keys(words: int) -> NDArray[np.uint64]:
    """Multilinear hashing (Lemire and Kaser 2014): one fixed random odd number a word."""
    drawn = np.random.default_rng(20140101).integers(1, 2**63, words, dtype=np.uint64)
    keys: NDArray[np.uint64] = drawn * np.uint64(2) + np.uint64(1)
    return keys


class TailStore:
    """Tails by person, with a mark of the template that they are of. Any number of threads may share it.

    Columns: int64 (4, n): codes ascending, marks, and the bits of level and spread as float64.
    """

    def __init__(self, columns: Columns | None = None) -> None:
        self._lock = threading.Lock()
        self._merging = threading.Lock()
        self._columns: Columns = np.zeros((4, 0), dtype=np.int64) if columns is None else columns
        self._new: dict[int, tuple[int, float, float]] = {}

    @classmethod
    def load(cls, place: Path) -> Self:
        """From a file that `save` wrote, mapped and not read; empty where there is none, or not a whole one."""
        try:
            columns = np.load(place, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return cls()
        sound = columns.dtype == np.int64 and columns.ndim == 2 and len(columns) == 4
        return cls(columns if sound else None)

    def __len__(self) -> int:
        return int(self._columns.shape[1]) + len(self._new)

    def find(self, codes: Sequence[int], marks: NDArray[np.int64]) -> tuple[Tail, NDArray[np.bool_]]:
        """The tails of these people, and which of them are there for this very template; the others are undefined."""
        with self._lock:
            columns, new = self._columns, [self._new.get(code) for code in codes]
        level, spread = np.zeros(len(codes)), np.ones(len(codes))
        known = np.zeros(len(codes), dtype=np.bool_)
        if columns.shape[1]:
            place = np.minimum(np.searchsorted(columns[0], np.asarray(codes, dtype=np.int64)), columns.shape[1] - 1)
            found = columns[:, place]
            known = (found[0] == codes) & (found[1] == marks)
            level[known], spread[known] = (found[row][known].view(np.float64) for row in (2, 3))
        for row, entry in enumerate(new):
            if entry is not None:
                known[row] = entry[0] == marks[row]
                _, level[row], spread[row] = entry
        return Tail(level, spread), known

    def keep(self, codes: Sequence[int], marks: NDArray[np.int64], tails: Tail) -> None:
        rows = zip(marks.tolist(), tails.level.tolist(), tails.spread.tolist(), strict=True)
        with self._lock:
            self._new.update(zip(codes, rows, strict=True))
            full = len(self._new) >= _MERGED_AT
        if full:
            self._merge()

    def forget_others(self, codes: NDArray[np.int64]) -> None:
        """Keep only these people, int64 (n,): who was removed from the gallery is not to stay here."""
        self._merge()
        with self._merging, self._lock:
            self._columns = np.ascontiguousarray(self._columns[:, np.isin(self._columns[0], codes)])
            present = set(codes.tolist())
            self._new = {code: entry for code, entry in self._new.items() if code in present}

    def save(self, place: Path) -> None:
        """Write everything to a file, whole or not at all; raises OSError."""
        self._merge()
        with self._lock:
            columns = self._columns
        part = place.with_suffix(".part")
        with part.open("wb") as file:
            np.save(file, columns, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        part.replace(place)

    def _merge(self) -> None:
        """Sort what is new into the columns. Searches go on meanwhile: with a million people it takes a while."""
        with self._merging:
            with self._lock:
                new, columns = dict(self._new), self._columns
            if not new:
                return
            merged = _merged(columns, new)
            with self._lock:
                self._columns = merged
                for code, entry in new.items():
                    if self._new.get(code) is entry:
                        del self._new[code]


def _merged(columns: Columns, new: Mapping[int, tuple[int, float, float]]) -> Columns:
    codes = np.fromiter(new, dtype=np.int64, count=len(new))
    marks = np.array([entry[0] for entry in new.values()], dtype=np.int64)
    values = np.array([entry[1:] for entry in new.values()], dtype=np.float64)
    added = np.stack([codes, marks, _bits(values[:, 0]), _bits(values[:, 1])])
    kept = columns[:, ~np.isin(columns[0], codes)]
    # People who were removed stay until there are far too many; then it is begun anew.
    together = added if kept.shape[1] > _MOST else np.concatenate([kept, added], axis=1)
    return np.ascontiguousarray(together[:, np.argsort(together[0], kind="stable")])


def _bits(values: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.ascontiguousarray(values).view(np.int64)
