"""The exact index: the contract, and readers beside a writer."""

import threading

import numpy as np
import pytest

from index.base import WrongRequest
from index.exact import ExactIndex
from tests.index.contract import IndexContract, Make, drawn, numbered


class TestExact(IndexContract):
    @pytest.fixture
    def make(self) -> Make:
        return ExactIndex


def test_an_index_needs_a_dimension_and_different_names() -> None:
    with pytest.raises(WrongRequest):
        ExactIndex(0)
    with pytest.raises(WrongRequest):
        ExactIndex(4, ("a", "a"))


def test_readers_see_whole_changes_only() -> None:
    """A writer keeps exactly one of two blocks in the index; a reader must always see exactly one."""
    index, blocks = ExactIndex(4), (np.arange(50), np.arange(50, 100))
    index.add(np.arange(100, 400), drawn(300, dimension=4) + 50)
    stop, torn = threading.Event(), []

    def read() -> None:
        query = drawn(1, dimension=4)
        while not stop.is_set():
            found = index.search(query, 100).ids[0]
            present = [int(np.isin(found, block).sum()) for block in blocks]
            if any(count not in (0, 50) for count in present):
                torn.append(present)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for turn in range(200):
        index.add(blocks[turn % 2], drawn(50, dimension=4))
        index.remove(blocks[turn % 2])
    stop.set()
    for reader in readers:
        reader.join()
    assert not torn
    assert len(index) == 300


def test_removing_most_keeps_the_rest() -> None:
    index = ExactIndex(8, ("a",))
    index.add(np.arange(1000), drawn(1000, dimension=8), attributes=np.arange(1000, dtype=np.int32)[:, None])
    index.remove(np.arange(990))
    assert index.ids().tolist() == list(range(990, 1000))
    np.testing.assert_array_equal(index.vectors(numbered(995)), drawn(1000, dimension=8)[995:996])
    assert index.search(drawn(1000, dimension=8)[991:992], 1).ids[0, 0] == 991
