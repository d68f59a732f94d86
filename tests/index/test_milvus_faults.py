"""Servers that are away, mute, restarted or strange: one clear error, nothing lost, and no token in any text."""

import contextlib
import socket
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.base import IndexDamaged, IndexFault, IndexForeign, IndexUnavailable, Where, WrongRequest
from index.checks import accepted
from index.milvus.address import IndexType, MilvusAddress, milvus_address
from index.milvus.client import Server
from index.milvus.faults import CollectionGone, mapped
from index.milvus.index import MilvusIndex
from index.milvus.naming import drop_index
from index.milvus.schema import filter_text
from tests.index.contract import drawn, numbered
from tests.index.milvus_server import LiteServer, lite_server, need_milvus

KEY = b"a key for the tests only"


@pytest.fixture(scope="module")
def server() -> Iterator[LiteServer]:
    need_milvus()
    with lite_server() as server:
        yield server


def opened(
    server: LiteServer, name: str, *, dimension: int = 4, tag: str = "drawn", key: bytes = KEY, replacing: bool = False
) -> MilvusIndex:
    address = milvus_address(f"{server.url}?timeout=20")
    return MilvusIndex(address, name, dimension, ("gallery",), tag=tag, key=key, replacing=replacing)


@pytest.mark.parametrize(
    "url",
    [
        "milvus://host:19530",
        "milvus://host:19530/database",
        "milvus+tls://host:443",
        "milvus-lite:/folder/file.db",
        "milvus://[::1]:19530",
        "milvus://host:19530?index=HNSW&build.M=32&build.efConstruction=300&search.ef=1024&timeout=2.5&wider=4",
    ],
)
def test_an_address_is_written_as_it_is_read(url: str) -> None:
    assert str(milvus_address(url)) == url
    assert milvus_address(str(milvus_address(url))) == milvus_address(url)


def test_an_address_says_how_to_index() -> None:
    address = milvus_address("milvus://host?index=hnsw&build.M=32&search.ef=64&timeout=3", token="user:pass")
    assert (address.uri, address.index_type, address.seconds) == ("http://host:19530", IndexType.HNSW, 3.0)
    assert (address.build, address.search, address.exact) == ({"M": 32}, {"ef": 64}, False)
    assert "pass" not in f"{address} {address!r}"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://host:19530", "kind 'http'"),
        ("milvus://user:geheim@host", "MATCHER_INDEX_TOKEN"),
        ("milvus://:19530", "names no host"),
        ("milvus://host:port", "can't be read"),
        ("milvus://host/a/b", "names no host, or no database"),
        ("milvus-lite:file.db", "can't be used"),
        ("milvus-lite:/file", "can't be used"),
        ("milvus://host?index=BEST", "none of FLAT, HNSW"),
        ("milvus://host?timeout=0", "not a number from 0.1"),
        ("milvus://host?search.ef=many", "not a number"),
        ("milvus://host?token=geheim", "says 'token'"),
    ],
)
def test_addresses_that_make_no_sense_are_refused(url: str, words: str) -> None:
    with pytest.raises(WrongRequest) as caught:
        milvus_address(url)
    assert words in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_nobody_listens() -> None:
    need_milvus()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = milvus_address(f"milvus://127.0.0.1:{free.getsockname()[1]}?timeout=2", token="user:geheim")
        with pytest.raises(IndexUnavailable, match="start the server") as caught:
            MilvusIndex(address, "x", 4, tag="drawn", key=KEY)
    assert "geheim" not in str(caught.value)


def test_a_server_that_never_answers() -> None:
    need_milvus()
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        with pytest.raises(IndexUnavailable, match="timeout="):
            Server(milvus_address(f"milvus://127.0.0.1:{mute.getsockname()[1]}?timeout=0.5"))


@pytest.mark.parametrize(
    ("code", "message", "kind", "words"),
    [
        (100, "collection not found[database=default][collection=x]", CollectionGone, "rebuild"),
        (65535, "auth check failure, please check username and password", IndexUnavailable, "MATCHER_INDEX_TOKEN"),
        ("UNAUTHENTICATED", "UNAUTHENTICATED: user:geheim", IndexUnavailable, "MATCHER_INDEX_TOKEN"),
        (9, "quota exceeded[reason=disk quota]", IndexUnavailable, "no room"),
        ("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED: Deadline Exceeded geheim", IndexUnavailable, "timeout"),
    ],
)
def test_what_servers_report_is_said_with_a_remedy(
    code: object, message: str, kind: type[IndexFault], words: str
) -> None:
    found = mapped(MilvusAddress("http://host:19530", lite=False, token="user:geheim"), code, message)
    assert type(found) is kind
    assert words in str(found)
    assert "geheim" not in str(found)
    assert "\n" not in str(found)


@pytest.mark.long
def test_a_killed_server_is_found_again_with_everything_acknowledged(server: LiteServer) -> None:
    with opened(server, "restarted") as index:
        index.add(numbered(1, 2), drawn(2, dimension=4), position=7)
        index.remove(numbered(2), position=8)
        server.kill()
        quick = milvus_address(f"{server.url}?timeout=1")
        with pytest.raises(IndexUnavailable):
            MilvusIndex(quick, "restarted", 4, ("gallery",), tag="drawn", key=KEY)
        server.start()
        # The same connection, without being told.
        assert index.search(drawn(2, dimension=4), 2).ids.tolist() == [[1, -1], [1, -1]]
        assert (index.position, len(index)) == (8, 1)


def test_an_index_of_something_else_is_refused(server: LiteServer) -> None:
    opened(server, "taken").close()
    for other, words in (
        ({"tag": "another engine"}, "for drawn with 4 dimensions, not for another engine with 4"),
        ({"dimension": 5}, "not for drawn with 5"),
        ({"key": b"another key, as long as it"}, "another key"),
    ):
        with pytest.raises(IndexForeign, match=words):
            opened(server, "taken", **other)
    with opened(server, "taken", dimension=5, replacing=True) as index:
        assert (index.founded, len(index), index.position) == (True, 0, 0)


def test_a_collection_dropped_by_hand_is_damage(server: LiteServer) -> None:
    with opened(server, "dropped") as index:
        index.add(numbered(1), drawn(1, dimension=4))
        Server(milvus_address(server.url)).drop(index.collection)
        with pytest.raises(IndexDamaged, match="rebuild"):
            index.search(drawn(1, dimension=4), 1)
    drop_index(milvus_address(server.url), "dropped")
    assert not any(name.startswith("dropped") for name in Server(milvus_address(server.url)).names())


def test_others_follow_to_a_new_collection(server: LiteServer) -> None:
    with opened(server, "renewed") as one, opened(server, "renewed") as other:
        one.add(numbered(1), drawn(1, dimension=4), position=1)
        left = one.new_entries()
        fresh = one.new_entries()
        names = Server(milvus_address(server.url)).names()
        # What a process that died while filling it has left is removed by the next one.
        assert left.name not in names
        assert fresh.name in names
        one.add_to(fresh, numbered(2), drawn(1, dimension=4), None)
        assert other.search(drawn(1, dimension=4), 2).ids.tolist() == [[1, -1]]
        one.publish(fresh, 5)
        assert other.search(drawn(1, dimension=4), 2).ids.tolist() == [[2, -1]]
        assert (other.position, other.ids().tolist()) == (5, [2])


def test_a_change_may_be_carried_out_again(server: LiteServer) -> None:
    with opened(server, "again") as index:
        index.add(numbered(1, 2, 3), drawn(3, dimension=4), attributes=np.zeros((3, 1), dtype=np.int32), position=3)
        for _ in range(2):
            attributes = np.array([[7], [0]], dtype=np.int32)
            index.apply(numbered(1, 2), numbered(2, 4), drawn(2, 1, 4), attributes=attributes, position=6)
            assert index.ids().tolist() == [2, 3, 4]
            assert index.search(drawn(1, dimension=4), 3, where=Where(equals={"gallery": [7]})).ids[0].tolist() == [
                2,
                -1,
                -1,
            ]
            assert index.position == 6


def test_what_is_stored_is_not_what_was_given(server: LiteServer) -> None:
    with opened(server, "secret") as index, contextlib.closing(Server(milvus_address(server.url))) as looking:
        index.add(numbered(1), drawn(1, dimension=4))
        stored = np.array(looking.rows(index.collection, [1], ["vector"])[0]["vector"], dtype=np.float32)
        assert float(np.abs(stored - drawn(1, dimension=4)[0]).max()) > 0.05
        np.testing.assert_allclose(np.linalg.norm(stored), np.linalg.norm(drawn(1, dimension=4)), rtol=1e-5)
        np.testing.assert_allclose(index.vectors(numbered(1)), drawn(1, dimension=4), atol=1e-5)


def test_shapes_that_milvus_can_not_hold(server: LiteServer) -> None:
    address = milvus_address(server.url)
    for dimension, names, name in ((1, (), "x"), (4, ("birth year",), "x"), (4, (), "1x"), (4, (), "x" * 200)):
        with pytest.raises(WrongRequest):
            MilvusIndex(address, name, dimension, names, tag="drawn", key=KEY)


@given(
    st.dictionaries(st.sampled_from("ab"), st.lists(st.integers(-(2**33), 2**33), max_size=3)),
    st.dictionaries(st.sampled_from("ab"), st.tuples(st.integers(-(2**33), 2**33), st.integers(-(2**33), 2**33))),
    st.lists(st.tuples(st.integers(-3, 3), st.integers(-(2**31), 2**31 - 1)), min_size=1, max_size=6),
)
def test_filters_mean_what_every_backend_means(
    equals: dict[str, list[int]], between: dict[str, tuple[int, int]], rows: list[tuple[int, int]]
) -> None:
    where = Where(equals=equals, between=between)
    text = filter_text(where)
    true = accepted(where, ("a", "b"), np.array(rows, dtype=np.int32))
    # Its grammar is a part of Python's.
    read = [text is not None and (not text or eval(text, {"of_a": a, "of_b": b})) for a, b in rows]
    assert read == true.tolist()
