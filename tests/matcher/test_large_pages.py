"""Memory in large pages: asked for where the kernel offers them, without changing what is in the memory."""

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
