"""What every backend must do: a backend's test file subclasses `IndexContract` and says how to make one."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from index.base import (
    DuplicateId,
    Hits,
    IndexClosed,
    UnknownId,
    VectorIndex,
    Where,
    WrongRequest,
    WrongVectors,
)

DIMENSION = 16
NAMES = ("gallery", "birth_year")
CLOSE = 1e-5

Make = Callable[..., VectorIndex]


def drawn(count: int, seed: int = 0, dimension: int = DIMENSION) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)


def numbered(*ids: int) -> NDArray[np.int64]:
    return np.array(ids, dtype=np.int64)


def oracle(
    ids: NDArray[np.int64], vectors: NDArray[np.float32], query: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Every id and distance in double precision, nearest first, ties by the smaller id."""
    distances = np.sqrt(((vectors.astype(np.float64) - query) ** 2).sum(axis=1))
    order = np.lexsort((ids, distances))
    return ids[order], distances[order]


def same_hits(one: Hits, other: Hits) -> None:
    np.testing.assert_array_equal(one.ids, other.ids)
    np.testing.assert_array_equal(one.distances, other.distances)


class IndexContract:
    """Subclass as TestX and give the fixture `make`: a function (dimension, attribute_names) to an empty index."""

    @pytest.fixture
    def index(self, make: Make):
        with make(DIMENSION, NAMES) as made:
            yield made

    @pytest.fixture
    def full(self, index: VectorIndex):
        ids = np.arange(300, dtype=np.int64) * 7
        attributes = np.stack([np.arange(300) % 5, 1900 + np.arange(300) % 100], axis=1).astype(np.int32)
        index.add(ids, drawn(300), attributes=attributes)
        return index

    def test_a_new_index_is_empty(self, index: VectorIndex) -> None:
        assert len(index) == 0
        assert index.position == 0
        assert index.dimension == DIMENSION
        assert index.attribute_names == NAMES
        assert index.ids().tolist() == []
        hits = index.search(drawn(2), 3)
        assert hits.ids.tolist() == [[-1] * 3] * 2
        assert np.isposinf(hits.distances).all()
        assert index.range_search(drawn(1)[0], 9.0).ids.shape == (1, 0)

    def test_search_agrees_with_double_precision(self, full: VectorIndex) -> None:
        queries = drawn(20, seed=1)
        hits = full.search(queries, 10)
        assert hits.ids.dtype == np.int64
        assert hits.distances.dtype == np.float32
        for row, query in enumerate(queries):
            ids, distances = oracle(np.arange(300) * 7, drawn(300), query)
            np.testing.assert_allclose(hits.distances[row], distances[:10], atol=CLOSE)
            assert hits.ids[row].tolist() == ids[:10].tolist()

    def test_a_stored_vector_finds_itself_first(self, full: VectorIndex) -> None:
        hits = full.search(drawn(300), 1)
        assert hits.ids[:, 0].tolist() == (np.arange(300) * 7).tolist()
        assert float(hits.distances.max()) < CLOSE

    def test_fewer_entries_than_k_are_padded(self, index: VectorIndex) -> None:
        index.add(numbered(4, 9), drawn(2))
        hits = index.search(drawn(1), 5)
        assert sorted(hits.ids[0, :2].tolist()) == [4, 9]
        assert hits.ids[0, 2:].tolist() == [-1] * 3
        assert np.isposinf(hits.distances[0, 2:]).all()

    def test_ties_go_to_the_smaller_id(self, index: VectorIndex) -> None:
        ids = np.random.default_rng(3).permutation(1000).astype(np.int64)
        index.add(ids, np.repeat(drawn(1), 1000, axis=0))
        assert index.search(drawn(1, seed=5), 20).ids[0].tolist() == list(range(20))
        assert index.range_search(drawn(1)[0], 1.0).ids[0].tolist() == list(range(1000))

    def test_results_do_not_depend_on_the_batch(self, full: VectorIndex) -> None:
        queries = drawn(67, seed=2)
        whole = full.search(queries, 7)
        for size in (1, 2, 33):
            parts = [full.search(queries[start : start + size], 7) for start in range(0, 67, size)]
            ids = np.concatenate([part.ids for part in parts])
            same_hits(whole, Hits(ids, np.concatenate([part.distances for part in parts])))

    def test_an_empty_batch(self, full: VectorIndex) -> None:
        assert full.search(drawn(0), 4).ids.shape == (0, 4)

    def test_added_is_found_by_the_next_search(self, full: VectorIndex) -> None:
        for number in range(20):
            vector = drawn(1, seed=100 + number)
            full.add(numbered(5000 + number), vector)
            assert full.search(vector, 1).ids[0, 0] == 5000 + number
        assert len(full) == 320

    def test_removed_is_never_found_and_may_come_back(self, full: VectorIndex) -> None:
        vectors = drawn(300)
        assert full.remove(numbered(7, 14, 3)) == 2
        assert full.remove(numbered(7)) == 0
        assert len(full) == 298
        assert not {7, 14} & set(full.search(vectors[1:3], 298).ids.ravel().tolist())
        assert full.search(vectors[1:2], 299).ids[0, -1] == -1
        full.add(numbered(7), vectors[5:6] + 9)
        assert full.search(vectors[5:6] + 9, 1).ids[0, 0] == 7
        np.testing.assert_allclose(full.vectors(numbered(7))[0], vectors[5] + 9, atol=CLOSE)
        assert full.remove(numbered(7)) == 1
        full.add(numbered(7), vectors[1:2])
        assert full.search(vectors[1:2], 2).ids[0].tolist().count(7) == 1

    def test_everything_can_be_removed(self, full: VectorIndex) -> None:
        assert full.remove(full.ids()) == 300
        assert len(full) == 0
        assert full.search(drawn(1), 2).ids.tolist() == [[-1, -1]]
        full.add(numbered(0), drawn(1))
        assert full.search(drawn(1), 2).ids.tolist() == [[0, -1]]

    def test_an_id_given_twice_to_remove_counts_once(self, full: VectorIndex) -> None:
        assert full.remove(numbered(7, 7)) == 1

    def test_ids_and_vectors_come_back(self, full: VectorIndex) -> None:
        assert full.ids().tolist() == (np.arange(300) * 7).tolist()
        np.testing.assert_allclose(full.vectors(numbered(70, 0, 70)), drawn(300)[[10, 0, 10]], atol=CLOSE)
        assert full.vectors(numbered()).shape == (0, DIMENSION)
        with pytest.raises(UnknownId, match="3"):
            full.vectors(numbered(7, 3))

    def test_an_add_that_fails_changes_nothing(self, full: VectorIndex) -> None:
        with pytest.raises(DuplicateId, match="14"):
            full.add(numbered(1, 14), drawn(2), position=9)
        with pytest.raises(DuplicateId, match="2"):
            full.add(numbered(2, 2), drawn(2), position=9)
        assert len(full) == 300
        assert full.position == 0
        assert 1 not in full.ids()

    def test_position_moves_with_the_change(self, index: VectorIndex) -> None:
        index.add(numbered(1), drawn(1), position=5)
        assert index.position == 5
        index.add(numbered(2), drawn(1))
        assert index.position == 5
        index.remove(numbered(99), position=6)
        assert index.position == 6
        index.add(numbered(), drawn(0), position=2**62)
        assert index.position == 2**62

    @pytest.mark.parametrize(
        "where",
        [
            Where(equals={"gallery": [2]}),
            Where(equals={"gallery": [0, 4, 77]}),
            Where(between={"birth_year": (1910, 1919)}),
            Where(equals={"gallery": [1]}, between={"birth_year": (1950, 1990)}),
            Where(between={"birth_year": (1911, 1911), "gallery": (1, 1)}),
            Where(equals={"gallery": []}),
            Where(between={"birth_year": (1990, 1910)}),
            Where(between={"birth_year": (-(2**40), 2**40)}),
        ],
        ids=repr,
    )
    def test_filters_are_exact(self, full: VectorIndex, where: Where) -> None:
        gallery, year = np.arange(300) % 5, 1900 + np.arange(300) % 100
        keep = np.ones(300, dtype=bool)
        for name, values in where.equals.items():
            keep &= np.isin({"gallery": gallery, "birth_year": year}[name], list(values))
        for name, (low, high) in where.between.items():
            column = {"gallery": gallery, "birth_year": year}[name]
            keep &= (column >= low) & (column <= high)
        ids, distances = oracle((np.arange(300) * 7)[keep], drawn(300)[keep], drawn(1, seed=8)[0])
        hits = full.search(drawn(1, seed=8), 400, where=where)
        assert hits.ids[0, : len(ids)].tolist() == ids.tolist()
        assert (hits.ids[0, len(ids) :] == -1).all()
        near = full.range_search(drawn(1, seed=8)[0], 5.0, where=where)
        assert near.ids[0].tolist() == ids[distances < 5.0].tolist()

    def test_range_search_returns_all_within(self, full: VectorIndex) -> None:
        query = drawn(1, seed=4)[0]
        ids, distances = oracle(np.arange(300) * 7, drawn(300), query)
        radius = float(distances[40] + distances[41]) / 2
        assert full.range_search(query, radius).ids[0].tolist() == ids[:41].tolist()
        assert full.range_search(query, np.inf).ids.shape == (1, 300)
        assert full.range_search(query, 0.0).ids.shape == (1, 0)
        assert full.range_search(query, -1.0).ids.shape == (1, 0)

    def test_callers_arrays_stay_theirs(self, index: VectorIndex) -> None:
        ids, vectors, attributes = numbered(1, 2), drawn(2), np.ones((2, 2), dtype=np.int32)
        index.add(ids, vectors, attributes=attributes)
        ids[:], vectors[:], attributes[:] = 77, 77.0, 77
        assert index.search(drawn(1), 2, where=Where(equals={"gallery": [1]})).ids[0, 0] == 1
        index.vectors(numbered(1))[:] = 5.0
        assert index.search(drawn(1), 1).distances[0, 0] < CLOSE
        queries = drawn(3)
        queries.setflags(write=False)
        index.search(queries, 1)

    def test_arrays_need_not_be_contiguous(self, index: VectorIndex) -> None:
        wide = drawn(10, dimension=2 * DIMENSION)
        index.add(np.arange(20, dtype=np.int64)[::2], wide[:, ::2])
        assert index.search(wide[::3, ::2], 1).ids[:, 0].tolist() == [0, 6, 12, 18]

    @pytest.mark.parametrize(
        "vectors",
        [
            drawn(1, dimension=DIMENSION + 1),
            drawn(1)[0],
            drawn(1).astype(np.float64),
            np.full((1, DIMENSION), np.nan, dtype=np.float32),
            np.full((1, DIMENSION), -np.inf, dtype=np.float32),
            np.full((1, DIMENSION), 3e38, dtype=np.float32),
        ],
        ids=["dimension", "flat", "double", "nan", "infinity", "huge"],
    )
    def test_wrong_vectors_are_refused(self, full: VectorIndex, vectors: NDArray[np.float32]) -> None:
        with pytest.raises(WrongVectors):
            full.add(numbered(1), vectors)
        with pytest.raises(WrongVectors):
            full.search(vectors, 1)
        with pytest.raises(WrongVectors):
            full.range_search(vectors[0] if vectors.ndim == 2 else vectors[:3], 1.0)
        assert len(full) == 300

    def test_wrong_requests_are_refused(self, full: VectorIndex) -> None:
        query, attributes = drawn(1), np.zeros((1, 2), dtype=np.int32)
        for call in (
            lambda: full.add(numbered(-1), query),
            lambda: full.add(numbered(1, 2), query),
            lambda: full.add(np.array([1.0]), query),
            lambda: full.add(numbered(1), query, attributes=attributes[:, :1]),
            lambda: full.add(numbered(1), query, attributes=attributes.astype(np.int64)),
            lambda: full.add(numbered(1), query, position=-1),
            lambda: full.remove(numbered(7), position=-1),
            lambda: full.remove(np.zeros((1, 1), dtype=np.int64)),
            lambda: full.search(query, 0),
            lambda: full.search(query, 1, where=Where(equals={"sex": [1]})),
            lambda: full.range_search(query[0], 1.0, where=Where(between={"sex": (0, 1)})),
            lambda: full.range_search(query[0], float("nan")),
        ):
            with pytest.raises(WrongRequest):
                call()
        assert len(full) == 300

    def test_stats_say_what_it_is(self, full: VectorIndex) -> None:
        stats = full.stats()
        assert stats.entries == 300
        assert stats.exact
        assert stats.recall == 1.0

    def test_after_close_everything_is_refused(self, make: Make) -> None:
        index = make(DIMENSION, NAMES)
        index.add(numbered(1), drawn(1))
        index.close()
        index.close()
        for call in (
            lambda: len(index),
            lambda: index.position,
            index.ids,
            index.stats,
            lambda: index.search(drawn(1), 1),
            lambda: index.range_search(drawn(1)[0], 1.0),
            lambda: index.vectors(numbered(1)),
            lambda: index.add(numbered(2), drawn(1)),
            lambda: index.remove(numbered(1)),
        ):
            with pytest.raises(IndexClosed):
                call()
