"""The scan of codes at a size where it is used: recall, filters, removals, equal answers however it is asked."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from index.base import Hits, RecallTooLow, Where
from index.compressed import manifest as manifests
from index.compressed import planes
from index.compressed.codes import Codes, Spread
from index.compressed.compaction import Limits
from index.compressed.encoding import encoder
from index.compressed.index import CompressedIndex
from index.compressed.manifest import Precision
from index.compressed.tuning import depth_for
from index.exact import ExactIndex
from index.working import load_faiss, threads
from tests.index.contract import same_hits

COUNT, DIMENSION, NAMES = 60_000, 32, ("group", "year")
PRECISIONS = (Precision.FLOAT32, Precision.INT16)
KEY = b"sixteen secret bytes"


def population(count: int, seed: int) -> np.ndarray:
    """Correlated, as embeddings are: a few axes carry most of the variance."""
    rng = np.random.default_rng(seed)
    scale = np.linspace(1.0, 0.2, DIMENSION, dtype=np.float32)
    return rng.standard_normal((count, DIMENSION)).astype(np.float32) * scale


def attributes_of(count: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.stack([rng.integers(0, 1000, count), rng.integers(1930, 2010, count)], axis=1).astype(np.int32)


@pytest.fixture(scope="module")
def truth() -> ExactIndex:
    index = ExactIndex(DIMENSION, NAMES)
    index.add(np.arange(COUNT), population(COUNT, 0), attributes=attributes_of(COUNT))
    return index


@pytest.fixture(scope="module", params=PRECISIONS)
def ours(request, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CompressedIndex]:
    folder = tmp_path_factory.mktemp("scan") / "index"
    with CompressedIndex(
        folder,
        DIMENSION,
        NAMES,
        tag="t",
        key=KEY,
        precision=request.param,
        background=False,
    ) as index:
        index.add(np.arange(COUNT), population(COUNT, 0), attributes=attributes_of(COUNT))
        yield index


def recall(found: Hits, true: Hits) -> float:
    shared = [len(set(one) & set(other) - {-1}) for one, other in zip(found.ids, true.ids, strict=True)]
    return sum(shared) / int((true.ids >= 0).sum())


def test_codes_are_in_use_and_the_recall_is_stated(ours: CompressedIndex) -> None:
    stats = ours.stats()
    assert not stats.exact
    assert stats.details["coded_entries"] == COUNT
    assert stats.recall_target <= stats.recall <= 1.0
    view = ours._store.view()
    depth = depth_for(view.segments[0].described.tuning, 20, stats.recall_target)
    assert depth is not None
    assert depth < COUNT / 20


def test_recall_meets_the_target(ours: CompressedIndex, truth: ExactIndex) -> None:
    queries = population(200, 7)
    target = ours.stats().recall_target
    assert recall(ours.search(queries, 20), truth.search(queries, 20)) >= target
    assert recall(ours.search(queries[:50], 100), truth.search(queries[:50], 100)) >= target
    np.testing.assert_array_equal(ours.search(population(40, 0), 1).ids[:, 0], np.arange(40))


def test_equal_answers_whatever_the_batch_and_the_threads(ours: CompressedIndex) -> None:
    queries = population(65, 8)
    whole = ours.search(queries, 20)
    for count in (1, 2, 3, 8):
        with threads(count):
            same_hits(whole, ours.search(queries, 20))
    for size in (1, 2, 7, 64):
        parts = [ours.search(queries[start : start + size], 20) for start in range(0, 65, size)]
        ids = np.concatenate([part.ids for part in parts])
        same_hits(whole, Hits(ids, np.concatenate([part.distances for part in parts])))
    with ThreadPoolExecutor(8) as pool:
        for number, hits in enumerate(pool.map(lambda query: ours.search(query[np.newaxis], 20), queries)):
            np.testing.assert_array_equal(hits.ids[0], whole.ids[number])


def test_ties_are_ordered_alike_whatever_the_batch_and_the_threads(tmp_path: Path) -> None:
    """Each vector stands there twelve times under scattered ids, so that every list is full of equal distances."""
    limits = Limits(coded_rows=5_000, bulk_rows=5_000)
    rng = np.random.default_rng(2)
    vectors = np.repeat(population(2_000, 0), 12, axis=0)
    ids = rng.permutation(len(vectors)).astype(np.int64)
    truth = ExactIndex(DIMENSION)
    truth.add(ids, vectors)
    with CompressedIndex(tmp_path / "index", DIMENSION, tag="t", key=KEY, limits=limits, background=False) as index:
        index.add(ids, vectors)
        assert index.stats().details["coded_entries"] == len(vectors)
        queries = population(33, 5)
        whole = index.search(queries, 30)
        for row in range(len(queries)):
            order = np.lexsort((whole.ids[row], whole.distances[row]))
            np.testing.assert_array_equal(order, np.arange(30))
        assert recall(whole, truth.search(queries, 30)) >= 0.999
        for count in (1, 2, 5):
            with threads(count):
                for size in (1, 4, 33):
                    parts = [index.search(queries[start : start + size], 30) for start in range(0, 33, size)]
                    ids_found = np.concatenate([part.ids for part in parts])
                    same_hits(whole, Hits(ids_found, np.concatenate([part.distances for part in parts])))


@pytest.mark.parametrize(
    ("dimension", "precision"),
    [
        (64, Precision.FLOAT32),
        (128, Precision.INT16),
        (256, Precision.FLOAT32),
        (512, Precision.FLOAT32),
        (640, Precision.INT16),
    ],
)
@pytest.mark.long
def test_every_dimension_of_engines_meets_the_target(tmp_path: Path, dimension: int, precision: Precision) -> None:
    """Of unit length and with some axes stronger than others, as engines make them."""
    rng = np.random.default_rng(dimension)
    scale = np.linspace(1.0, 0.1, dimension, dtype=np.float32)
    vectors = rng.standard_normal((3_100, dimension), dtype=np.float32) * scale
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    gallery, queries = vectors[:3_000], vectors[3_000:]
    limits = Limits(coded_rows=2_000, bulk_rows=2_000)
    truth = ExactIndex(dimension)
    truth.add(np.arange(3_000), gallery)
    with CompressedIndex(
        tmp_path / "index", dimension, tag="t", key=KEY, limits=limits, precision=precision, background=False
    ) as index:
        index.add(np.arange(3_000), gallery)
        assert index.stats().recall >= 0.999
        # Two thousand neighbours tell a thousandth only roughly.
        assert recall(index.search(queries, 20), truth.search(queries, 20)) >= 0.998
        near = gallery[:40] + np.float32(0.3) * queries[:40]
        assert index.search(near, 1).ids[:, 0].tolist() == list(range(40))
        np.testing.assert_allclose(index.vectors(np.arange(9)), gallery[:9], atol=1e-4)


def test_codes_by_table_are_those_of_the_nearest_centres() -> None:
    """The table may choose another centre only where two are about as near."""
    vectors = population(20_000, 3)
    codes = Codes.trained(vectors, Spread(vectors, vectors.mean(axis=0)), 16)
    axes, quantizer = codes.projection.axes, codes.scanner.pq
    centred = vectors - codes.mean
    exact = encoder(axes, quantizer, 100)(centred)
    quick = encoder(axes, quantizer, 10**6)(centred)
    assert (exact != quick).mean() < 0.05
    centres = faiss_centres(quantizer)
    projected = (centred @ axes.T).reshape(len(centred), 16, 2)
    lengths = [np.square(projected - decoded(each, centres)).sum() for each in (exact, quick)]
    assert lengths[0] <= lengths[1] <= 1.001 * lengths[0]


def faiss_centres(quantizer: object) -> np.ndarray:
    return load_faiss().vector_to_array(quantizer.centroids).reshape(16, 16, 2)  # type: ignore[attr-defined]


def decoded(packed: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The centres that packed codes name, float32 (n, 16, 2)."""
    codes = np.stack([packed & 15, packed >> 4], axis=2).reshape(len(packed), 16)
    return centres[np.arange(16), codes]


def test_the_shortlist_of_planes_loses_nobody() -> None:
    """What is compared by upper bytes alone keeps every row that full precision would put among the nearest."""
    rng = np.random.default_rng(4)
    vectors = population(3_000, 6) * rng.lognormal(0, 2, (3_000, 1)).astype(np.float32)
    vectors[7] = 0
    upper, lower = planes.split(vectors)
    kept = planes.join(upper, lower)
    np.testing.assert_allclose(kept, vectors, atol=float(np.abs(vectors).max()) / 40_000)
    coarse, bounds = planes.outline(upper)
    assert (np.linalg.norm(coarse - kept, axis=1) <= bounds + 1e-6).all()


def test_an_index_that_outgrows_its_room_keeps_sixteen_bits(tmp_path: Path) -> None:
    limits = Limits(coded_rows=2_000, bulk_rows=2_000, float_bytes=4 * DIMENSION * 5_000)
    with CompressedIndex(tmp_path / "index", DIMENSION, tag="t", key=KEY, limits=limits, background=False) as index:
        index.add(np.arange(3_000), population(3_000, 0))
        assert index.stats().details["precision"] == "float32"
        index.add(np.arange(3_000, 6_000), population(3_000, 1))
        assert index.stats().details["precision"] == "float32+int16"
        index.compact()
        assert index.stats().details["precision"] == "int16"
        assert index.search(population(3_000, 1)[:50], 1).ids[:, 0].tolist() == list(range(3_000, 3_050))
        index.verify()


def test_mapped_and_copied_codes_give_the_same(ours: CompressedIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ours.stats().details["codes_mapped"] == 1
    whole = ours.search(population(10, 12), 20)
    monkeypatch.setattr("index.compressed.mapping._table_of", lambda _: None)
    details = ours.stats().details
    settings = {"tag": "t", "key": KEY, "precision": Precision(details["precision"]), "background": False}
    with CompressedIndex(ours._folder, DIMENSION, NAMES, **settings) as copied:
        assert copied.stats().details["codes_mapped"] == 0
        same_hits(whole, copied.search(population(10, 12), 20))


@pytest.mark.parametrize(
    "where",
    [
        Where(equals={"group": [7]}),
        Where(equals={"group": [7]}, between={"year": (1950, 1953)}),
        Where(equals={"group": list(range(30))}),
        Where(equals={"group": list(range(300))}),
        Where(between={"group": (5, 990)}),
        Where(equals={"group": [1000]}),
    ],
    ids=["60", "3", "1800", "18000", "59000", "none"],
)
def test_filters_lose_nobody(ours: CompressedIndex, truth: ExactIndex, where: Where) -> None:
    queries = population(40, 9)
    found, true = ours.search(queries, 20, where=where), truth.search(queries, 20, where=where)
    np.testing.assert_array_equal(found.ids >= 0, true.ids >= 0)
    accepted = int(np.count_nonzero(truth.search(queries[:1], COUNT, where=where).ids >= 0))
    if accepted:
        assert recall(found, true) >= ours.stats().recall_target
    if 0 < accepted < 2000 and ours.stats().details["precision"] == Precision.FLOAT32:
        np.testing.assert_array_equal(found.ids, true.ids)


def test_range_search_finds_all_within(ours: CompressedIndex, truth: ExactIndex) -> None:
    for number, query in enumerate(population(5, 10)):
        edges = truth.search(query[np.newaxis], 2000).distances[0]
        for count in (1, 30, 500, 2000):
            # Between two neighbours far enough apart that no rounding decides.
            radius = float(edges[count - 1]) + 1e-3
            expected = int(np.count_nonzero(edges < radius))
            found = ours.range_search(query, radius).ids[0]
            assert len(found) >= 0.999 * expected - (number == 0), (number, count)


@pytest.mark.long
def test_when_all_near_ones_are_removed_the_next_are_found(tmp_path: Path) -> None:
    """Removals gather where the query is: the scan must go deeper, not come back with too few."""
    truth = ExactIndex(DIMENSION)
    vectors = population(COUNT, 0)
    truth.add(np.arange(COUNT), vectors)
    query = population(1, 11)
    gone = truth.search(query, 4000).ids[0]
    truth.remove(gone)
    with CompressedIndex(tmp_path / "index", DIMENSION, tag="t", key=KEY, background=False) as index:
        index.add(np.arange(COUNT), vectors)
        assert index.remove(gone) == 4000
        np.testing.assert_array_equal(index.search(query, 20).ids, truth.search(query, 20).ids)
        index.compact()
        assert index.stats().details["removed_entries"] == 0
        np.testing.assert_array_equal(index.search(query, 20).ids, truth.search(query, 20).ids)


def test_a_gallery_of_copies_is_searched_exactly(tmp_path: Path) -> None:
    limits = Limits(coded_rows=5_000, bulk_rows=5_000)
    with CompressedIndex(tmp_path / "index", DIMENSION, tag="t", key=KEY, limits=limits) as index:
        index.add(np.arange(8_000)[::-1].copy(), np.repeat(population(1, 0), 8_000, axis=0))
        assert index.search(population(1, 3), 20).ids[0].tolist() == list(range(20))
        assert index.range_search(population(1, 0)[0], 0.1).ids.shape == (1, 8_000)


@pytest.mark.long
def test_a_higher_target_goes_deeper_and_one_out_of_reach_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    with CompressedIndex(folder, DIMENSION, tag="t", key=KEY, recall_target=0.9, background=False) as index:
        index.add(np.arange(COUNT), population(COUNT, 0))
        lenient = index.stats()
    with CompressedIndex(folder, DIMENSION, tag="t", key=KEY, recall_target=0.999, background=False) as index:
        assert index.stats().details["refined_entries"] > lenient.details["refined_entries"]
        assert index.stats().recall >= 0.999 > lenient.recall_target
    # As if the data had turned out too hard for its codes.
    manifest = manifests.read(folder)
    segment = manifest.segments[0]
    poor = replace(segment.tuning, stated=tuple(0.95 * each for each in segment.tuning.stated))
    manifests.write(folder, replace(manifest, segments=(replace(segment, tuning=poor),)))
    with pytest.raises(RecallTooLow, match=r"0\.95"):
        CompressedIndex(folder, DIMENSION, tag="t", key=KEY, recall_target=0.999, background=False)


@pytest.mark.long
def test_sixteen_bits_that_lose_too_much_is_refused(tmp_path: Path) -> None:
    """A constant far from zero eats the bits."""
    settings = {"tag": "t", "key": KEY, "precision": Precision.INT16, "background": False}
    with CompressedIndex(tmp_path / "index", DIMENSION, **settings) as index:
        with pytest.raises(RecallTooLow, match="int16"):
            index.add(np.arange(COUNT), population(COUNT, 0) + 50)
        assert len(index) == 0
