"""The compressed index: the contract, in memory-only, raw and coded shapes, and what a folder adds to it."""

from pathlib import Path

import pytest

from index.compressed.building import FEWEST_CODED
from index.compressed.compaction import Limits
from index.compressed.index import CompressedIndex
from tests.index.contract import DIMENSION, NAMES, IndexContract, Make

KEY = b"sixteen secret bytes"
# Segments after every few changes: small tests walk the paths of large galleries, those of 500 entries with codes.
SMALL = Limits(flush_rows=40, bulk_rows=100, coded_rows=FEWEST_CODED, worn_rows=10)


def opened(folder: Path, dimension: int = DIMENSION, names: tuple[str, ...] = NAMES, **settings):
    return CompressedIndex(folder, dimension, names, **{"tag": "drawn@1", "key": KEY, **settings})


class TestAsTail(IndexContract):
    """As a small gallery: everything in the tail."""

    @pytest.fixture
    def make(self, tmp_path: Path) -> Make:
        return lambda dimension, names: opened(tmp_path / "index", dimension, names)


class TestAsSegments(IndexContract):
    """Flushed and merged all the time, with codes."""

    @pytest.fixture
    def make(self, tmp_path: Path) -> Make:
        return lambda dimension, names: opened(tmp_path / "index", dimension, names, limits=SMALL)

    def test_stats_say_what_it_is(self, full) -> None:
        assert full.stats().details["segments"] >= 1
        assert full.stats().recall >= 0.999
