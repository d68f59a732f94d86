"""Any sequence of operations, on the compressed index and on the exact one: the same answers."""

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from index.base import Hits, Where
from index.compressed.building import FEWEST_CODED
from index.compressed.compaction import Limits
from index.compressed.index import CompressedIndex
from index.exact import ExactIndex

DIMENSION = 8
NAMES = ("group",)
# Every few changes a segment, some worn; those of many rows have codes.
TINY = Limits(flush_rows=12, bulk_rows=40, coded_rows=FEWEST_CODED, worn_rows=5)


def same_but_for_rounding(mine: Hits, truth: Hits) -> None:
    """Equal hits; where two distances are as good as equal, the rotation's rounding may decide which comes first."""
    np.testing.assert_allclose(mine.distances, truth.distances, atol=1e-5)
    gaps = np.diff(truth.distances, axis=1, prepend=-np.inf, append=np.inf)
    close = (gaps[:, :-1] < 1e-5) | (gaps[:, 1:] < 1e-5)
    close[:, -1] |= truth.ids[:, -1] >= 0
    assert ((mine.ids == truth.ids) | close).all()


class SameAsExact(RuleBasedStateMachine):
    """Vectors come from a seeded stream: continuous, so that no two neighbours tie but copies of one vector."""

    @initialize(seed=st.integers(0, 2**32 - 1), many=st.booleans())
    def start(self, seed: int, many: bool) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.rng = np.random.default_rng(seed)
        self.exact = ExactIndex(DIMENSION, NAMES)
        self.ours = self.opened()
        self.reader = self.opened()
        self.next_id, self.position = 0, 0
        if many:
            self.add(2 * FEWEST_CODED, copies=False, gap=1)
            assert self.ours.stats().details["coded_entries"] == 2 * FEWEST_CODED

    def opened(self) -> CompressedIndex:
        return CompressedIndex(
            self.folder / "index", DIMENSION, NAMES, tag="t", key=b"k" * 16, limits=TINY, background=False
        )

    def queries(self) -> np.ndarray:
        return self.rng.standard_normal((3, DIMENSION)).astype(np.float32)

    @rule(count=st.integers(1, 55), copies=st.booleans(), gap=st.integers(1, 3))
    def add(self, count: int, copies: bool, gap: int) -> None:
        vectors = self.rng.standard_normal((count, DIMENSION)).astype(np.float32)
        if copies:
            vectors[count // 2 :] = vectors[0]
        ids = self.next_id + gap * self.rng.permutation(count).astype(np.int64)
        self.next_id += gap * count
        self.position += 1
        groups = self.rng.integers(0, 4, (count, 1)).astype(np.int32)
        for index in (self.exact, self.ours):
            index.add(ids, vectors, attributes=groups, position=self.position)

    @rule(share=st.floats(0, 1))
    def remove(self, share: float) -> None:
        ids = self.exact.ids()
        gone = ids[self.rng.random(len(ids)) < share]
        self.position += 1
        assert self.ours.remove(gone, position=self.position) == self.exact.remove(gone, position=self.position)

    @precondition(lambda self: len(self.exact) > 0)
    @rule()
    def move(self) -> None:
        """Remove one and add it elsewhere under the same id."""
        id_ = self.rng.choice(self.exact.ids(), 1)
        vector = self.rng.standard_normal((1, DIMENSION)).astype(np.float32)
        for index in (self.exact, self.ours):
            index.remove(id_)
            index.add(id_, vector)

    @rule()
    def compact(self) -> None:
        self.ours.compact()

    @rule()
    def compact_as_due(self) -> None:
        self.ours._in_background.run()

    @rule()
    def reopen(self) -> None:
        self.ours.close()
        self.ours = self.opened()

    @rule()
    def swap_roles(self) -> None:
        """Another process's turn to write."""
        self.ours, self.reader = self.reader, self.ours

    @invariant()
    def the_same_answers(self) -> None:
        if not hasattr(self, "exact"):
            return
        queries = self.queries()
        where = Where(equals={"group": [1, 2]})
        with np.errstate(invalid="ignore"):
            self.compare(queries, where)

    def compare(self, queries: np.ndarray, where: Where) -> None:
        for index in (self.ours, self.reader):
            assert len(index) == len(self.exact)
            assert index.position == self.position
            np.testing.assert_array_equal(index.ids(), self.exact.ids())
            for k, accept in ((5, Where()), (3, where), (200, Where())):
                mine, truth = index.search(queries, k, where=accept), self.exact.search(queries, k, where=accept)
                same_but_for_rounding(mine, truth)
            near, truth = index.range_search(queries[0], 2.5), self.exact.range_search(queries[0], 2.5)
            np.testing.assert_array_equal(near.ids, truth.ids)

    def teardown(self) -> None:
        if hasattr(self, "ours"):
            self.ours.close()
            self.reader.close()
            shutil.rmtree(self.folder)


SameAsExact.TestCase.settings = settings(
    max_examples=12, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
TestSameAsExact = pytest.mark.long(SameAsExact.TestCase)
