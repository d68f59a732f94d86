"""Galleries that share an index on a server: in step with the records, through kills, restarts and rebuildings."""

import itertools
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import numpy as np
import pytest

from index.base import IndexUnavailable
from index.milvus.address import milvus_address
from index.milvus.client import Server
from matcher.engines.base import EngineSpec
from matcher.errors import BadSetting
from matcher.following import InMemory
from matcher.gallery import Gallery
from matcher.index_moving import destination, move
from matcher.index_opening import index_source
from matcher.index_place import on_server, placement_of, renew_key
from matcher.records import placing
from matcher.records.database import Database
from matcher.reembedding import remove_index
from matcher.settings import Settings, load_settings
from tests.index.milvus_server import LiteServer, lite_server, need_milvus
from tests.matcher.gallery_parts import DIMENSION, ENGINE, OTHER_ENGINE, enrolment, vector

# Each takes a process and a server; the fastest of them a second.
KILLS = min(20, int(os.environ.get("MATCHER_KILLS", "4")))


@pytest.fixture(scope="module")
def milvus() -> Iterator[LiteServer]:
    need_milvus()
    with lite_server() as server:
        yield server


def settings_of(home: Path, url: str | None = None) -> Settings:
    return load_settings(home, database_url=url)


@contextmanager
def shared(home: Path, place: str, url: str | None = None) -> Iterator[Gallery]:
    """The gallery of these records over its index on the server, as each process has its own."""
    settings = settings_of(home, url)
    with (
        closing(Database.open(url) if url else Database.in_home(home)) as database,
        Gallery(
            database, on_server(settings, database, ENGINE, DIMENSION, place), engine=ENGINE, dimension=DIMENSION
        ) as gallery,
    ):
        yield gallery


@contextmanager
def brute_force(home: Path, url: str | None = None) -> Iterator[Gallery]:
    """The same records, searched by comparing with every template."""
    with (
        closing(Database.open(url) if url else Database.in_home(home)) as database,
        Gallery(database, InMemory(DIMENSION), engine=ENGINE, dimension=DIMENSION) as gallery,
    ):
        yield gallery


def same_answers(one: Gallery, other: Gallery) -> None:
    queries = np.stack([vector(number) for number in range(40)])
    for mine, theirs in zip(one.search_many(queries, 10), other.search_many(queries, 10), strict=True):
        assert [hit.person_id for hit in mine] == [hit.person_id for hit in theirs]
        np.testing.assert_allclose([hit.distance for hit in mine], [hit.distance for hit in theirs], atol=1e-5)


def test_two_galleries_on_either_database(milvus: LiteServer, tmp_path: Path, new_url: Callable[[], str]) -> None:
    url = new_url()
    with shared(tmp_path / "one", milvus.url, url) as one, shared(tmp_path / "two", milvus.url, url) as two:
        one.enroll([enrolment(f"p{number}", number, sex="F" if number % 2 else "M") for number in range(30)])
        assert two.search(vector(7), 1)[0].person_id == "p7"
        two.remove_person("main", "p7")
        assert all(hit.person_id != "p7" for hit in one.search(vector(7), 30))
        # Fields that are filtered by move with the person.
        one.enroll([enrolment("p8", sex="F")])
        two.enroll([enrolment("p9", 9, 109)])
        assert two.step() == one.step()
        assert one.check() == two.check() == ()
        with brute_force(tmp_path, url) as exact:
            same_answers(one, exact)
            same_answers(two, exact)


@pytest.mark.long
def test_writers_at_once_leave_it_in_step(milvus: LiteServer, tmp_path: Path) -> None:
    with ExitStack() as stack:
        galleries = [stack.enter_context(shared(tmp_path, milvus.url)) for _ in range(3)]
        failed: list[BaseException] = []

        def write(which: int) -> None:
            try:
                for number in range(8):
                    galleries[which].enroll([enrolment(f"p{which}-{number}", 100 * which + number)])
                    if number % 3 == 2:
                        galleries[which].remove_person("main", f"p{which}-{number - 1}")
            except BaseException as exc:  # noqa: BLE001 - told by the test's own thread
                failed.append(exc)

        threads = [threading.Thread(target=write, args=(which,)) for which in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failed
        assert [gallery.check() for gallery in galleries] == [(), (), ()]
        assert {gallery.step().entries for gallery in galleries} == {18}


def test_it_is_rebuilt_where_it_has_to_be(milvus: LiteServer, tmp_path: Path) -> None:
    with shared(tmp_path, milvus.url) as one, shared(tmp_path, milvus.url) as two:
        one.enroll([enrolment(f"p{number}", number) for number in range(20)])
        assert len(two.search(vector(1), 30)) == 20
        before = one.index_stats().details["collection"]
        with closing(Server(milvus_address(milvus.url))) as server:
            server.drop(str(before))
        assert one.search(vector(3), 1)[0].person_id == "p3"
        assert two.search(vector(4), 1)[0].person_id == "p4"
        two.rebuild()
        assert one.search(vector(5), 1)[0].person_id == "p5"
        assert one.check() == two.check() == ()
        assert one.index_stats().details["collection"] == two.index_stats().details["collection"] != before


def test_a_new_key_rebuilds_it_once_and_nothing_old_is_left(milvus: LiteServer, tmp_path: Path) -> None:
    with (
        shared(tmp_path, milvus.url) as running,
        closing(Database.in_home(tmp_path)) as database,
        closing(Server(milvus_address(milvus.url))) as server,
    ):
        running.enroll([enrolment("p1", 1)])
        old = str(running.index_stats().details["collection"])
        # On a local place there is nothing to renew.
        assert not renew_key(database)
        with database.writing() as connection:
            placing.switch(connection, milvus.url, recall=1.0)
        assert renew_key(database)
        with shared(tmp_path, milvus.url) as opened:
            new = opened.index_stats().details["collection"]
            assert new != old
            assert old not in server.names()
            # Whoever ran meanwhile takes the new key, instead of putting the old one back.
            opened.enroll([enrolment("p2", 2)])
            assert running.search(vector(2), 1)[0].person_id == "p2"
            assert {gallery.index_stats().details["collection"] for gallery in (running, opened)} == {new}
            assert running.check() == opened.check() == ()


@pytest.mark.long
def test_a_server_that_is_away_is_waited_for_and_not_rebuilt(tmp_path: Path) -> None:
    need_milvus()
    with lite_server() as server, shared(tmp_path, f"{server.url}?timeout=2") as gallery:
        gallery.enroll([enrolment("p1", 1)])
        before = gallery.index_stats().details["collection"]
        server.kill()
        with pytest.raises(IndexUnavailable, match="start the server"):
            gallery.search(vector(1), 1)
        # The records take it; the index follows when it can.
        with pytest.raises(IndexUnavailable):
            gallery.enroll([enrolment("p2", 2)])
        server.start()
        assert gallery.search(vector(2), 1)[0].person_id == "p2"
        assert gallery.index_stats().details["collection"] == before
        assert gallery.check() == ()


@pytest.mark.long
def test_killed_at_any_moment_it_is_in_step_again(milvus: LiteServer, tmp_path: Path) -> None:
    chance = random.Random(KILLS)
    with closing(Database.in_home(tmp_path)):
        pass
    for number in range(KILLS):
        command = [sys.executable, "-m", __name__, str(tmp_path), milvus.url, str(number)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0.0, 0.4))
            process.kill()
        with shared(tmp_path, milvus.url) as gallery, brute_force(tmp_path) as exact:
            assert gallery.check() == ()
            same_answers(gallery, exact)


@pytest.mark.long
def test_moved_while_others_enroll_and_remove(milvus: LiteServer, tmp_path: Path) -> None:
    spec = EngineSpec("drawn", "1", DIMENSION, "of the tests")
    settings = settings_of(tmp_path)
    with closing(Database.in_home(tmp_path)) as database, brute_force(tmp_path) as writer:
        writer.enroll([enrolment(f"p{number}", number) for number in range(40)])
        stop = threading.Event()

        def write() -> None:
            for number in itertools.count(1000):
                writer.enroll([enrolment(f"p{number}", number)])
                writer.remove_person("main", f"p{number - 1000}")
                if stop.is_set() or number == 1039:
                    return

        thread = threading.Thread(target=write)
        thread.start()
        try:
            moved = move(settings, database, spec, milvus.url, chance=random.Random(1))
        finally:
            stop.set()
            thread.join()
        assert (moved.templates, moved.found, moved.recall) == (moved.entries, moved.searched, 1.0)
        assert placement_of(database).place == milvus.url
        source = index_source(settings, database, spec)
        with Gallery(database, source, engine=ENGINE, dimension=DIMENSION) as there:
            assert there.index_stats().kind == "milvus"
            assert there.check() == ()
            same_answers(there, writer)
        back = move(settings, database, spec, destination(settings, database, None), chance=random.Random(2))
        assert (back.place, back.entries, placement_of(database).place) == ("", back.templates, "")


def test_the_index_of_an_engine_that_went_is_removed_there(milvus: LiteServer, tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    with closing(Database.in_home(tmp_path)) as database, closing(Server(milvus_address(milvus.url))) as server:
        with database.writing() as connection:
            placing.switch(connection, milvus.url, recall=1.0)
        before, made = set(server.names()), []
        for engine in (ENGINE, OTHER_ENGINE):
            source = on_server(settings, database, engine, DIMENSION, milvus.url)
            Gallery(database, source, engine=engine, dimension=DIMENSION).close()
            made.append(set(server.names()) - before.union(*made))
        remove_index(settings, database, OTHER_ENGINE)
        assert all(made)
        assert set(server.names()) == before | made[0]


def test_a_place_that_can_not_be_is_a_bad_setting(tmp_path: Path) -> None:
    with closing(Database.in_home(tmp_path)) as database:
        with pytest.raises(BadSetting, match="milvus://host"):
            on_server(settings_of(tmp_path), database, ENGINE, DIMENSION, "http://host")
        assert placement_of(database).place == ""


def _write_for_ever(home: Path, place: str, seed: int) -> None:
    chance = random.Random(seed)
    with shared(home, place) as gallery:
        print("ready", flush=True)
        while True:
            person = chance.randrange(40)
            kind = chance.random()
            if kind < 0.3 and ("main", f"p{person}") in gallery.persons([("main", f"p{person}")]):
                gallery.remove_person("main", f"p{person}")
            elif kind < 0.4:
                gallery.rebuild()
            else:
                fields = {"sex": chance.choice(["M", "F"])}
                gallery.enroll([enrolment(f"p{person}", person + 40 * chance.randrange(3), **fields)])


if __name__ == "__main__":
    _write_for_ever(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
