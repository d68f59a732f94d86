"""The process's memory in large pages, where the kernel gives them.

Landmark models are read at random over 120 MB, and networks go through all their weights and working memory for each
photo. In pages of 4 KiB nearly every such read first looks up where its page is, and on a virtual machine whose host is
busy that look-up takes longer than the read: there a photo took 380 ms of processor time in small pages and 26 ms in
large ones (docs/engines.md). Programs start with small pages unless they ask: the command line asks from its first byte
on (`from_the_start`), and engines ask for what they use, in whichever program they are (`AsWorkGoesOn`).
"""

import contextlib
import ctypes
import mmap
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

_SWITCH = Path("/sys/kernel/mm/transparent_hugepage/enabled")
_MAPS = Path("/proc/self/maps")
_TUNABLE = "glibc.malloc.hugetlb=1"
_LARGE = 2 * 1024 * 1024
_COLLAPSE = 25
"""MADV_COLLAPSE (Linux 6.1): moves what is there into large pages at once; ranges not yet used stay as they are."""
_MOST = 1024 * 1024 * 1024
"""Bytes asked for in one go at most: what is moved is copied, and somebody waits meanwhile."""


def are_offered() -> bool:
    """Whether the kernel gives large pages to a program that asks; an administrator can set this to never."""
    try:
        return sys.platform == "linux" and "[never]" not in _SWITCH.read_text(encoding="ascii")
    except OSError:
        return False


def move() -> int:
    """Ask for large pages for the memory that this process uses now; the bytes that are in some after that.

    Where there are none to be had, nothing happens: they change the time that work takes and nothing else.
    """
    if not are_offered():
        return 0
    advise = ctypes.CDLL(None, use_errno=True).madvise
    advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    moved = 0
    for start, end in _own_ranges():
        advise(start, end - start, mmap.MADV_HUGEPAGE)
        for at in range(start, end, _LARGE):
            if moved >= _MOST:
                return moved
            moved += _LARGE * (advise(at, _LARGE, _COLLAPSE) == 0)
    return moved


def from_the_start() -> None:
    """Run this very command again in this process, its memory in large pages from the first byte on; only once.

    Only at its start does glibc (2.35 or later) read that it should ask; loading the models is a second quicker so.
    Processes that are started later inherit it.
    """
    given = os.environ.get("GLIBC_TUNABLES", "")
    if not sys.executable or "glibc.malloc.hugetlb" in given or not are_offered() or _glibc() < (2, 35):
        return
    os.environ["GLIBC_TUNABLES"] = f"{given}:{_TUNABLE}".removeprefix(":")
    with contextlib.suppress(OSError):
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - what runs already


class AsWorkGoesOn:
    """Moves the memory after the first piece of work, the 8th, the 64th and so on: by then what it needs has grown."""

    def __init__(self) -> None:
        self._done = 0
        self._next = 1
        self._counting = threading.Lock()

    def worked(self) -> None:
        """To be called after each piece of work, by any thread."""
        with self._counting:
            self._done += 1
            if self._done < self._next:
                return
            self._next *= 8
        move()


def _glibc() -> tuple[int, ...]:
    """The C library's version; () where it is another one."""
    try:
        name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
        return tuple(int(part) for part in version.split(".")[:2]) if name == "glibc" else ()
    except (ValueError, OSError):
        return ()


def _own_ranges() -> Iterator[tuple[int, int]]:
    """Whole large pages' worth of the process's private memory that is no file's and no stack."""
    for line in _MAPS.read_text(encoding="utf-8", errors="replace").splitlines():
        addresses, rights, _offset, _device, file, *name = line.split(maxsplit=5)
        if file != "0" or not rights.startswith("rw") or rights[3] != "p" or name[:1] not in ([], ["[heap]"]):
            continue
        start, end = (int(address, 16) for address in addresses.split("-"))
        start, end = -(-start // _LARGE) * _LARGE, end // _LARGE * _LARGE
        if start < end:
            yield start, end
