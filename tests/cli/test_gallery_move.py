"""``matcher gallery move`` on a real home and a real server: there, back, and nothing lost or left on the way."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index.base import Hits
from index.milvus.address import milvus_address
from index.milvus.client import Server
from matcher.drawn import DemoSet
from matcher.index_moving import recall_between
from matcher.protection.master import FILE_VARIABLE
from tests.cli.parts import Shell, one_line_of_error, read_csv
from tests.cli.test_retention import years_ago
from tests.index.milvus_server import LiteServer, lite_server, need_milvus


@pytest.fixture(scope="module")
def milvus() -> Iterator[LiteServer]:
    need_milvus()
    with lite_server() as server:
        yield server


def probes(drawn: DemoSet) -> list[Path]:
    return sorted((drawn.backlog.parent / "cases").iterdir())[:3]


def answers(shell: Shell, drawn: DemoSet, *options: str) -> list[list[dict[str, Any]]]:
    """Who is found for the cases, in order, with every score that is shown."""
    done = shell("identify", *probes(drawn), "--json", *options)
    assert done.code == 0, done.err
    return [
        [
            {"id": found["person"]["person_id"]}
            | {name: value for name, value in found.items() if isinstance(value, float | int)}
            for found in photo["candidates"]
        ]
        for photo in done.objects
    ]


def collections(server: LiteServer) -> set[str]:
    with closing(Server(milvus_address(server.url))) as looking:
        return set(looking.names())


def same(one: list[list[dict[str, Any]]], other: list[list[dict[str, Any]]]) -> None:
    assert [[found["id"] for found in photo] for photo in one] == [[found["id"] for found in photo] for photo in other]
    for mine, theirs in zip(chain(*one), chain(*other), strict=True):
        assert mine.keys() == theirs.keys()
        for name in mine.keys() - {"id"}:
            assert mine[name] == pytest.approx(theirs[name], rel=1e-4, abs=1e-4), name


@pytest.mark.long
def test_a_home_is_moved_and_comes_back(shell: Shell, drawn: DemoSet, milvus: LiteServer) -> None:
    filters = ("--sex", "F", "--sex", "M", "--born", "1900-2020")
    before, filtered = answers(shell, drawn), answers(shell, drawn, *filters)
    others = collections(milvus)
    moved = shell("gallery", "move", "--to", milvus.url, "--json")
    assert moved.code == 0, moved.err
    found = moved.objects[0]
    assert (found["templates"], found["entries"], found["searched"], found["found"]) == (12, 12, 12, 12)
    assert (found["recall"], found["place"], found["before"]) == (1.0, milvus.url, "")
    assert shell("gallery", "move", "--json").objects == [{"place": milvus.url, "before": ""}]

    # The same candidates with the same scores: those are made of the records' templates.
    same(answers(shell, drawn), before)
    same(answers(shell, drawn, *filters), filtered)
    assert milvus.url in shell("index", "verify").out
    assert shell("doctor").code == 0

    # Enrolled and removed while it is there.
    newcomer = probes(drawn)[2]
    assert shell("person", "add", "newcomer", newcomer).code == 0
    assert answers(shell, drawn)[2][0]["id"] == "newcomer"
    gone = before[0][0]["id"]
    assert shell("person", "remove", gone, "--yes").code == 0
    assert all(found["id"] != gone for photo in answers(shell, drawn) for found in photo)
    there = answers(shell, drawn)

    back = shell("gallery", "move", "--back")
    assert (back.code, "in the home from now on" in back.out) == (0, True), back.err
    same(answers(shell, drawn), there)
    assert "removed" in shell("gallery", "move", "--discard").out
    assert collections(milvus) == others
    assert shell("gallery", "move", "--discard").out.startswith("Nothing was left")
    one_line_of_error(shell("gallery", "move", "--back"), 2, "no way back")
    assert shell("index", "verify").code == 0


def test_what_a_move_refuses(asking: Shell, milvus: LiteServer) -> None:
    one_line_of_error(asking("gallery", "move", "--to", "local"), 2, "there already")
    one_line_of_error(asking("gallery", "move", "--to", "http://host"), 2, "milvus://host")
    one_line_of_error(asking("gallery", "move", "--to", "milvus://me:geheim@host"), 2, "MATCHER_INDEX_TOKEN")
    one_line_of_error(asking("gallery", "move", "--to", milvus.url, "--back"), 2, "stand alone")
    one_line_of_error(asking("gallery", "move", "--to", "milvus://127.0.0.1:9?timeout=1"), 4, "start the server")
    assert asking("gallery", "move", "--json").objects == [{"place": "", "before": None}]
    nowhere = asking.folder / "nowhere"
    one_line_of_error(asking("gallery", "move", "--to", milvus.url, home=nowhere), 4, "no records")
    assert not nowhere.exists()


def test_a_third_place_needs_the_first_one_discarded(shell: Shell, milvus: LiteServer) -> None:
    assert shell("gallery", "move", "--to", milvus.url).code == 0
    other = f"{milvus.url}?index=HNSW&build.M=8&build.efConstruction=64&search.ef=64"
    one_line_of_error(shell("gallery", "move", "--to", other), 2, "--discard")
    assert shell("gallery", "move", "--discard").code == 0
    moved = shell("gallery", "move", "--to", other, "--json")
    assert (moved.code, moved.objects[0]["recall"]) == (0, 1.0), moved.err
    kept = collections(milvus)
    assert shell("gallery", "move", "--discard").code == 0
    assert len(collections(milvus)) == len(kept) - 2
    assert shell("index", "verify").code == 0
    assert shell("index", "renew").code == 0
    assert shell("index", "verify").code == 0


@pytest.mark.long
def test_a_new_home_begins_on_the_server_that_is_set(
    fresh: Shell, drawn: DemoSet, milvus: LiteServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATCHER_INDEX_URL", milvus.url)
    assert fresh("person", "add", "someone", probes(drawn)[0]).code == 0
    monkeypatch.delenv("MATCHER_INDEX_URL")
    # From the first one on it is recorded.
    assert fresh("gallery", "move", "--json").objects == [{"place": milvus.url, "before": None}]
    assert fresh("identify", probes(drawn)[0], "--json").objects[0]["candidates"][0]["person"]["person_id"] == "someone"

    # A restored copy leaves the original's index alone.
    assert fresh("backup", "--out", fresh.folder / "b.zip").code == 0
    copy = fresh.folder / "copy"
    assert fresh("restore", fresh.folder / "b.zip", home=copy).code == 0
    assert fresh("gallery", "move", "--json", home=copy).objects == [{"place": "", "before": None}]
    assert fresh("index", "verify", home=copy).code == 0


@pytest.mark.long
def test_a_purge_and_a_key_on_the_server(
    shell: Shell, drawn: DemoSet, milvus: LiteServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = collections(milvus)
    assert shell("gallery", "move", "--to", milvus.url).code == 0
    # The key of the index is sealed with everything else, and kept.
    assert shell("keys", "init", "--out", shell.folder / "key").code == 0
    monkeypatch.setenv(FILE_VARIABLE, str(shell.folder / "key"))
    moved = collections(milvus) - others
    assert shell("keys", "encrypt").code == 0
    assert shell("index", "verify").code == 0
    assert collections(milvus) == moved | others

    people = [row["person_id"] for row in read_csv(drawn.people)]
    years_ago(shell, *people[:3])
    assert shell("retention", "set", "main", "--days", "365").code == 0
    milvus.kill()
    one_line_of_error(shell("purge"), 4, "start the server")
    milvus.start()
    purged = shell("purge", "--json")
    assert (purged.code, purged.objects[0]["people"]) == (0, 3), purged.err
    # Neither here, where it was before, nor there under the old key.
    assert list((shell.home / "index").glob("*/current")) == []
    assert not {name for name in moved if not name.endswith("_state")} & collections(milvus)
    assert shell("gallery", "move", "--json").objects == [{"place": milvus.url, "before": None}]
    assert shell("index", "verify").code == 0
    assert not {found["id"] for photo in answers(shell, drawn) for found in photo} & set(people[:3])


def test_recall_counts_what_either_index_knows() -> None:
    old = Hits(np.array([[1, 2, 3], [5, -1, -1]]), np.array([[0.1, 0.2, 0.3], [0.5, np.inf, np.inf]], dtype=np.float32))
    assert recall_between(old, old, 3) == 1.0
    missed = replace(old, ids=np.array([[1, 3, 9], [5, -1, -1]]), distances=old.distances + np.float32(0.0))
    missed.distances[0] = (0.1, 0.3, 0.4)
    assert recall_between(missed, old, 3) == 3 / 4
    # What the old one had missed does not count against the new one.
    assert recall_between(old, missed, 3) == 1.0
    empty = Hits(np.full((1, 3), -1), np.full((1, 3), np.inf, dtype=np.float32))
    assert json.dumps(recall_between(empty, empty, 3)) == "1.0"
