"""The true neighbours that recall is measured against: what brute force finds, in any order of blocks."""

import numpy as np
import pytest

from index.compressed import truth
from index.compressed.truth import Truth
from index.exact import ExactIndex
from tests.index.contract import drawn

COUNT, DIMENSION, K = 3_000, 12, 30


@pytest.mark.parametrize("gathered", [200, 4_000_000], ids=["pruned all the time", "pruned once"])
@pytest.mark.parametrize("sampled", [0, 500])
def test_it_finds_what_brute_force_finds(gathered: int, sampled: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(truth, "GATHERED", gathered)
    vectors, strangers = drawn(COUNT, dimension=DIMENSION), drawn(10, seed=1, dimension=DIMENSION)
    own = np.concatenate([np.arange(0, 100, 10), np.full(10, -1)])
    queries = np.concatenate([vectors[own[:10]], strangers])
    found = Truth(queries, own, K, vectors[:sampled])
    for start in np.random.default_rng(2).permutation(np.arange(0, COUNT, 250)).tolist():
        found.see(start, vectors[start : start + 250])
    rows, distances = found.neighbours()
    exact = ExactIndex(DIMENSION)
    exact.add(np.arange(COUNT), vectors)
    for number, (mine, far) in enumerate(zip(rows, distances, strict=True)):
        hits = exact.search(queries[number : number + 1], K + 1)
        keep = hits.ids[0] != own[number]
        assert mine.tolist() == hits.ids[0][keep][:K].tolist()
        np.testing.assert_allclose(far, hits.distances[0][keep][:K], atol=1e-3)


def test_copies_of_one_vector_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(truth, "GATHERED", 1_000)
    found = Truth(drawn(4, dimension=DIMENSION), np.full(4, -1), K, np.empty((0, DIMENSION), dtype=np.float32))
    for start in range(0, COUNT, 250):
        found.see(start, np.repeat(drawn(1, seed=3, dimension=DIMENSION), 250, axis=0))
        assert found._gathered <= 4 * max(K, 250)
    rows, distances = found.neighbours()
    assert rows.shape == (4, K)
    assert np.ptp(distances, axis=1).max() < 1e-3
