"""The index on Milvus keeps the promises of every index, on a real server, and agrees with brute force."""

import secrets
from collections.abc import Iterator

import numpy as np
import pytest

from index.base import VectorIndex, Where
from index.exact import ExactIndex
from index.milvus.address import MilvusAddress
from index.milvus.index import MilvusIndex
from index.milvus.naming import drop_index
from tests.index.contract import NAMES, IndexContract, Make, drawn
from tests.index.milvus_server import any_server, need_milvus

KEY = b"a key for the tests only"


@pytest.fixture(scope="module")
def address() -> Iterator[MilvusAddress]:
    need_milvus()
    with any_server() as address:
        yield address


@pytest.fixture
def make(address: MilvusAddress) -> Iterator[Make]:
    made: list[MilvusIndex] = []

    def new(dimension: int, names: tuple[str, ...]) -> VectorIndex:
        name = f"matcher_test_{secrets.token_hex(4)}"
        made.append(MilvusIndex(address, name, dimension, names, tag="drawn", key=KEY))
        return made[-1]

    yield new
    for index in made:
        index.close()
        drop_index(address, index.collection.rpartition("_")[0])


class TestMilvus(IndexContract):
    pass


def test_ids_and_order_are_those_of_brute_force(make: Make) -> None:
    index, exact = make(32, NAMES), ExactIndex(32, NAMES)
    vectors = drawn(800, dimension=32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    # Equals, as one photo of two people has them.
    vectors[400:440] = vectors[:40]
    attributes = np.stack([np.arange(800) % 3, 1950 + np.arange(800) % 50], axis=1).astype(np.int32)
    for one in (index, exact):
        one.add(np.arange(800, dtype=np.int64), vectors, attributes=attributes)
    queries = np.concatenate([vectors[:30], drawn(30, seed=9, dimension=32) / 6])
    for where in (Where(), Where(equals={"gallery": [1, 2]}, between={"birth_year": (1960, 1980)})):
        found, true = index.search(queries, 20, where=where), exact.search(queries, 20, where=where)
        np.testing.assert_array_equal(found.ids, true.ids)
        np.testing.assert_allclose(found.distances, true.distances, atol=2e-6)
