"""On embeddings of real photos Milvus gives the candidates that brute force gives, in the same order."""

from collections.abc import Iterator

import numpy as np
import pytest

from index.base import WrongRequest
from index.exact import ExactIndex
from index.milvus.address import MilvusAddress
from index.milvus.naming import drop_index
from index.opening import Backend, open_index
from tests.index.milvus_server import any_server, need_milvus
from tests.realdata import DATA, needs_real_photos

KEY = b"a key for the tests only"
NAME = "matcher_test_real"


@pytest.fixture(scope="module")
def address() -> Iterator[MilvusAddress]:
    need_milvus()
    with any_server() as address:
        yield address


@needs_real_photos
@pytest.mark.parametrize("engine", ["dlib", "mobilefacenet"])
def test_the_same_candidates_in_the_same_order(address: MilvusAddress, engine: str) -> None:
    assert DATA is not None
    vectors = np.load(DATA / "embeddings" / "lfw_dev.npz")[engine][:1500]
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    ids, queries = np.arange(1000, dtype=np.int64), vectors[900:1100]
    drop_index(address, NAME)
    with (
        ExactIndex(128) as exact,
        open_index(Backend.MILVUS, 128, tag=engine, key=KEY, address=address, name=NAME) as index,
    ):
        for one in (exact, index):
            one.add(ids, vectors[:1000])
            one.remove(ids[::7])
        true, found = exact.search(queries, 20), index.search(queries, 20)
        np.testing.assert_array_equal(found.ids, true.ids)
        np.testing.assert_allclose(found.distances, true.distances, atol=1e-6)
        # The removed are in neither.
        assert not np.isin(found.ids, ids[::7]).any()
    drop_index(address, NAME)


def test_a_milvus_without_an_address_is_refused() -> None:
    with pytest.raises(WrongRequest, match="milvus://"):
        open_index(Backend.MILVUS, 4, tag="t", key=KEY)
