"""Memory in large pages: asked for where the kernel offers them, without changing what is in the memory."""

import os
import platform
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from matcher import large_pages
from matcher.large_pages import AsWorkGoesOn, are_offered, move

_LARGE = 2 * 1024 * 1024


def _in_large_pages() -> int:
    """Bytes of this process that the kernel keeps in large pages."""
    for line in Path("/proc/self/smaps_rollup").read_text("ascii").splitlines():
        if line.startswith("AnonHugePages:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("the kernel doesn't say")


def test_what_was_in_the_memory_is_there_afterwards() -> None:
    numbers = np.random.default_rng(1).integers(0, 256, 8 * _LARGE, dtype=np.uint8)
    before = numbers.copy()
    moved = move()
    assert (numbers == before).all()
    # Kernels before 6.1 offer large pages and don't move what is there into them.
    assert moved == 0 or are_offered()
    if moved:
        assert moved >= 8 * _LARGE
        assert _in_large_pages() >= 8 * _LARGE


def test_where_the_administrator_says_never_nothing_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for text in ("always madvise [never]\n", None):
        switch = tmp_path / "enabled"
        if text is None:
            switch.unlink()
        else:
            switch.write_text(text, "ascii")
        monkeypatch.setattr(large_pages, "_SWITCH", switch)
        assert not are_offered()
        assert move() == 0


def test_the_memory_is_moved_after_the_first_the_eighth_and_the_64th_piece_of_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[int] = []
    monkeypatch.setattr(large_pages, "move", lambda: calls.append(0))
    memory = AsWorkGoesOn()
    for work, expected in ((1, 1), (6, 1), (1, 2), (56, 3), (447, 3), (1, 4)):
        for _ in range(work):
            memory.worked()
        assert len(calls) == expected


def _said(given: str | None) -> str:
    """What a program has in the environment after it asked, and how often it got so far."""
    environment = {name: value for name, value in os.environ.items() if name != "GLIBC_TUNABLES"}
    if given is not None:
        environment["GLIBC_TUNABLES"] = given
    code = "import os; from matcher.large_pages import from_the_start as ask; ask(); print(os.getenv('GLIBC_TUNABLES'))"
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return run.stdout


def test_a_command_starts_over_once_where_that_brings_large_pages() -> None:
    asked = are_offered() and tuple(map(int, platform.libc_ver()[1].split("."))) >= (2, 35)
    assert _said(None) == ("glibc.malloc.hugetlb=1\n" if asked else "None\n")
    kept = "glibc.malloc.check=0"
    assert _said(kept) == (f"{kept}:glibc.malloc.hugetlb=1\n" if asked else f"{kept}\n")
    assert _said("glibc.malloc.hugetlb=0") == "glibc.malloc.hugetlb=0\n"


def test_threads_that_work_meanwhile_see_nothing_of_it() -> None:
    wrong: list[int] = []
    stop = threading.Event()

    def work(seed: int) -> None:
        numbers = np.random.default_rng(seed).integers(0, 1000, 1_000_000)
        total = int(numbers.sum())
        while not stop.is_set():
            if int(numbers.copy().sum()) != total:
                wrong.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        move()
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
