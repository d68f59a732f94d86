"""A gallery that grows under a running process goes on with an index on disk."""

import logging
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from matcher import index_opening
from matcher.engines.base import EngineSpec
from matcher.gallery import Gallery
from matcher.index_opening import WatchedSource, local_source
from matcher.records.database import Database
from matcher.settings import load_settings
from tests.matcher.gallery_parts import DIMENSION, ENGINE, enrolment, vector


@pytest.fixture(autouse=True)
def large_from_few_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_opening, "DISK_FROM", 30)


@contextmanager
def opened(home: Path) -> Iterator[tuple[Gallery, WatchedSource]]:
    identity, _, version = ENGINE.partition("@")
    spec = EngineSpec(id=identity, version=version, dimension=DIMENSION, description="none")
    with closing(Database.in_home(home)) as database:
        source = local_source(load_settings(home), database, spec)
        with Gallery(database, source, engine=ENGINE, dimension=DIMENSION) as gallery:
            yield gallery, source


def first(gallery: Gallery, number: int) -> str:
    return gallery.search(vector(number), 1)[0].person_id


@pytest.mark.long
def test_it_goes_on_on_disk_while_others_search(tmp_path: Path) -> None:
    wrong: list[str] = []
    over = threading.Event()
    with opened(tmp_path) as (gallery, source):
        gallery.enroll([enrolment("p0", 0)])

        def search() -> None:
            while not over.is_set():
                if first(gallery, 0) != "p0":
                    wrong.append("p0 was not found")

        threads = [threading.Thread(target=search) for _ in range(3)]
        for thread in threads:
            thread.start()
        for number in range(1, 29):
            gallery.enroll([enrolment(f"p{number}", number)])
        assert source.stats().kind == "exact"
        gallery.enroll([enrolment("p29", 29), enrolment("p30", 30)])
        gallery.remove_person("main", "p7")
        over.set()
        for thread in threads:
            thread.join()
        assert source.stats().kind == "compressed"
        assert [first(gallery, number) for number in (0, 15, 30)] == ["p0", "p15", "p30"]
        assert first(gallery, 7) != "p7"
        assert gallery.check() == ()
    assert not wrong
    with opened(tmp_path) as (gallery, source):
        assert source.stats().kind == "compressed"
        assert gallery.index_stats().entries == 30


def test_where_it_can_not_be_written_it_stays_in_memory_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(tmp_path) as (gallery, source), caplog.at_level(logging.WARNING):
        (tmp_path / "index").write_text("in the way")
        gallery.enroll([enrolment(f"p{number}", number) for number in range(40)])
        assert source.stats().kind == "exact"
        assert first(gallery, 33) == "p33"
    assert "stays in memory" in caplog.text
