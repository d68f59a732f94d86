"""Lends FAISS a memory map for the codes that it would otherwise copy into the memory of every process.

FAISS 1.15 maps the files of several index types, but not of the fast scan, whose codes live in an `AlignedTable`: a
pointer, the number of its elements, and the number in use. The table is pointed at the map instead. Where a version
of FAISS lays it out differently, that is noticed by comparing with what FAISS itself says of the table, the codes are
copied, and stats() says so.
"""

import ctypes
import weakref
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.working import load_faiss


class _Table(ctypes.Structure):
    _fields_ = [("pointer", ctypes.c_void_p), ("allocated", ctypes.c_size_t), ("used", ctypes.c_size_t)]


def attach(owner: object, scanner: Any, codes: NDArray[np.uint8]) -> bool:
    """Make codes, uint8 (n,), those of an empty fast-scan index for as long as owner lives; False if copied."""
    table = _table_of(scanner)
    if table is None:
        load_faiss().copy_array_to_AlignedTable(np.asarray(codes), scanner.codes)
        return False
    # FAISS must not free what it did not allocate: it forgets the map before it is destroyed, and is not destroyed
    # at all when the interpreter ends.
    scanner.this.disown()
    table.pointer, table.allocated, table.used = codes.ctypes.data, codes.nbytes, codes.nbytes
    weakref.finalize(owner, _detach, scanner, table, codes).atexit = False
    return True


def _table_of(scanner: Any) -> _Table | None:
    """The table inside the index, if it is laid out as expected; told by a trial with a table of FAISS's own."""
    faiss = load_faiss()
    trial = faiss.AlignedTableUint8(96)
    seen = _Table.from_address(int(trial.tab))
    if (seen.pointer, seen.used) != (int(trial.data()), 96) or seen.allocated < 96:
        return None
    table = _Table.from_address(int(scanner.codes.tab))
    return table if not table.pointer and not table.allocated and not table.used else None


def _detach(scanner: Any, table: _Table, _codes: NDArray[np.uint8]) -> None:
    """Runs when the owner goes; until then it keeps the index, its table and the map alive."""
    table.pointer, table.allocated, table.used = None, 0, 0
    scanner.this.own(True)
