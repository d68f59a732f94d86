"""Moving to another engine: everyone is embedded once, whatever happens meanwhile; who serves changes at one moment."""

import dataclasses
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete, select

from matcher.audit.chain import head
from matcher.errors import AlreadyThere, EngineMismatch, NotFound, RecordsUnavailable
from matcher.faces import Box, Face, Template
from matcher.gallery import Gallery
from matcher.person import Person
from matcher.records import feed, making, moving, serving, tables
from matcher.records.database import Database
from matcher.records.making import Waiting
from matcher.records.serving import NO_ENGINE, Engines, Role
from matcher.records.values import Enrolment, Made
from matcher.reembedding import Tally, begin, discard, embed_photos, progress, roll_back
from matcher.reembedding_check import SwitchRefused, switch
from matcher.reembedding_report import standing, write_refused
from matcher.workers import Crew, Lost
from tests.matcher.gallery_parts import ENGINE, content, digest, enrolment, photo, vector
from tests.matcher.reembedding_parts import FACELESS, TO, TO_DIMENSION, Here, make, next_vector, opened, root


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    with closing(Database.open(url)) as database:
        yield database


@pytest.fixture
def gallery(database: Database) -> Iterator[Gallery]:
    with opened(database) as gallery:
        yield gallery
        assert gallery.check(contents=True) == ()


def run(database: Database, *, gallery: str | None = None) -> Tally:
    """Begin or go on, and make every template that can be made."""
    begin(database, TO, unless_recorded=ENGINE)
    tally = Tally()
    embed_photos(database, TO, Here(), tally=tally, gallery=gallery)
    return tally


def found(gallery: Gallery, number: int) -> str:
    """Whom a search with the next engine's vector of a photo finds first."""
    return gallery.search(next_vector(content(number)), 1)[0].person_id


# Who serves


def test_the_first_photo_decides_who_serves(database: Database, gallery: Gallery) -> None:
    assert gallery.engines() == Engines()
    gallery.enroll([Enrolment(Person("nobody"))])
    assert gallery.engines() == Engines()
    gallery.enroll([enrolment("p", 1)])
    assert gallery.engines() == Engines(ENGINE)
    other = dataclasses.replace(photo(2), template=Template(TO, next_vector(content(2))))
    with opened(database, TO) as next_gallery, pytest.raises(EngineMismatch, match=r"use drawn@1.*reembed --to next"):
        next_gallery.enroll([Enrolment(Person("q"), [other])])


def test_a_home_whose_photos_are_all_gone_may_begin_anew(database: Database, gallery: Gallery) -> None:
    gallery.enroll([enrolment("p", 1)])
    gallery.remove_photo("main", "p", digest(1))
    other = dataclasses.replace(photo(2), template=Template(TO, next_vector(content(2))))
    with opened(database, TO) as next_gallery:
        next_gallery.enroll([Enrolment(Person("p"), [other])])
    assert gallery.engines() == Engines(TO)
    gallery.remove_person("main", "p")


def test_where_nothing_is_recorded_the_engine_in_use_serves(url: str) -> None:
    with closing(Database.open(url)) as database:
        with opened(database) as gallery:
            gallery.enroll([enrolment("p", 1)])
        with database.writing() as connection:
            connection.execute(delete(tables.meta).where(tables.meta.c.name == "engines"))
        with opened(database) as gallery:
            assert gallery.engines() == Engines()
            assert begin(database, TO, unless_recorded=ENGINE) == Engines(ENGINE, TO, Role.INCOMING)


def test_a_record_that_was_altered_is_told(database: Database, gallery: Gallery) -> None:
    gallery.enroll([enrolment("p", 1)])
    with database.writing() as connection:
        connection.execute(tables.meta.update().where(tables.meta.c.name == "engines").values(value="{}"))
    with pytest.raises(RecordsUnavailable, match="altered"):
        gallery.engines()
    with database.writing() as connection:
        serving.set_engines(connection, Engines(ENGINE))


# The way there


def test_everyone_is_found_by_the_new_engine_and_the_old_one_serves_until_the_switch(
    database: Database, gallery: Gallery
) -> None:
    gallery.enroll([enrolment(f"p{n}", n) for n in range(9)])
    gallery.enroll([enrolment("elsewhere", 50, gallery="second")])
    tally = run(database)
    assert (tally.made, tally.refused, tally.lost) == (10, 0, 0)
    assert gallery.search(vector(3), 1)[0].person_id == "p3"
    with opened(database, TO) as new:
        assert [found(new, n) for n in range(9)] == [f"p{n}" for n in range(9)]
        assert found(new, 50) == "elsewhere"
        assert new.check() == ()
        before = switch(database, TO, at_most=0)
        assert before.engines == Engines(ENGINE, TO, Role.INCOMING)
        assert new.engines() == Engines(TO, ENGINE, Role.PREVIOUS)


def test_what_was_done_is_not_done_again(database: Database, gallery: Gallery) -> None:
    gallery.enroll([enrolment(f"p{n}", n) for n in range(12)])
    assert run(database).made == 11
    version = gallery.state().version
    again = run(database)
    assert (again.made, again.refused) == (0, 0)
    assert gallery.state().version == version


@pytest.mark.parametrize("first", [0, 3, 7, 10_000])
def test_wherever_a_run_begins_it_reaches_everyone(database: Database, gallery: Gallery, first: int) -> None:
    gallery.enroll([enrolment(f"p{n}", n) for n in range(8)])
    begin(database, TO, unless_recorded=ENGINE)
    tally = Tally()
    embed_photos(database, TO, Here(), tally=tally, start=lambda _last: first)
    assert tally.made == 8


def test_one_gallery_after_the_other(database: Database, gallery: Gallery) -> None:
    gallery.enroll([enrolment("p", 1), enrolment("q", 2, gallery="second")])
    assert run(database, gallery="second").made == 1
    with pytest.raises(EngineMismatch, match="1 photos were not tried"):
        switch(database, TO, at_most=1)
    assert run(database).made == 1
    switch(database, TO, at_most=0)


def test_photos_left_out_are_listed_with_reasons(database: Database, gallery: Gallery, tmp_path: Path) -> None:
    without_bytes = dataclasses.replace(photo(2), content=None)
    gallery.enroll([enrolment("p", 1, 9), Enrolment(Person("q"), [without_bytes])])
    assert run(database).refused == 2
    assert write_refused(tmp_path / "left-out.csv", database, TO) == 2
    lines = (tmp_path / "left-out.csv").read_text().splitlines()
    assert lines[0] == "gallery,person_id,photo_sha256,code,reason"
    assert lines[1] == f"main,p,{digest(9)},no_face,no face"
    assert lines[2].startswith(f"main,q,{digest(2)},no_bytes,")
    now = progress(database)
    assert (now.made, now.lacking, now.waiting, now.refused) == (1, 2, 0, {"no_bytes": 1, "no_face": 1})


def test_the_switch_is_refused_where_too_many_would_be_lost(database: Database, gallery: Gallery) -> None:
    gallery.enroll([enrolment(f"p{n}", n) for n in range(10)])
    run(database)
    with pytest.raises(SwitchRefused, match=r"1 of 10 photos \(10\.00%\).*--at-most 0\.1"):
        switch(database, TO, at_most=0.05)
    assert gallery.engines().serving == ENGINE
    switch(database, TO, at_most=0.1)
    assert gallery.engines().serving == TO
    with opened(database, TO) as new:
        # Photos that were refused are known, and are no problem of the records.
        assert new.check() == ()


def test_bytes_that_come_later_are_used(database: Database, gallery: Gallery) -> None:
    gallery.enroll([Enrolment(Person("q"), [dataclasses.replace(photo(2), content=None)])])
    assert run(database).refused == 1
    gallery.enroll([enrolment("q", 2)])
    assert progress(database).waiting == 1
    assert run(database).made == 1
    assert progress(database).refused == {}


def test_people_who_come_and_go_meanwhile(database: Database, gallery: Gallery) -> None:
    gallery.enroll([enrolment(f"p{n}", n) for n in range(5)])

    class Busy(Here):
        """Others enroll and remove people while it works."""

        def run(self, tasks: Iterable[Waiting], /) -> Generator[Made, None, None]:
            for place, made in enumerate(super().run(tasks)):
                if place == 1:
                    gallery.remove_person("main", "p1")
                    gallery.remove_person("main", "p4")
                    gallery.enroll([enrolment("late", 60)])
                yield made

    begin(database, TO, unless_recorded=ENGINE)
    embed_photos(database, TO, Busy(), tally=Tally(), start=lambda _last: 0)
    with opened(database, TO) as new:
        assert {hit.person_id for hit in new.search(next_vector(b""), 99)} == {"p0", "p2", "p3", "late"}
        assert new.check() == ()


def test_enrolment_brings_both_templates(database: Database, gallery: Gallery) -> None:
    gallery.enroll([enrolment("p", 1)])
    run(database)
    made = make(Waiting(0, content(2), None))
    not_kept = dataclasses.replace(photo(2), content=None, also=(made,))
    gallery.enroll([Enrolment(Person("q"), [not_kept])])
    refused = dataclasses.replace(photo(9), also=(make(Waiting(0, content(9), None)),))
    gallery.enroll([Enrolment(Person("r"), [refused])])
    assert progress(database).waiting == 0
    assert progress(database).refused == {"no_face": 1}
    with opened(database, TO) as new:
        assert found(new, 2) == "q"
    # A process that does not know of the second engine must not lose people for the time after the switch.
    with pytest.raises(EngineMismatch, match="next@2"):
        gallery.enroll([Enrolment(Person("s"), [dataclasses.replace(photo(3), content=None)])])
    # Nothing is kept of engines that the home does not want.
    other = Made(serving.EngineKey("third@3"), Template(serving.EngineKey("third@3"), vector(1)))
    gallery.enroll([Enrolment(Person("t"), [dataclasses.replace(photo(4), also=(other,))])])
    assert set(gallery.state().galleries["main"].templates) == {ENGINE, TO}


def test_a_photo_that_ends_its_process_is_left_to_the_next_run_and_given_up_at_the_switch(
    database: Database, gallery: Gallery
) -> None:
    gallery.enroll([enrolment("p", 1), enrolment("q", 2)])

    class Losing(Here):
        def run(self, tasks: Iterable[Waiting], /) -> Generator[Made | Lost, None, None]:  # type: ignore[override]
            for task in tasks:
                yield Lost("worker_died", "it died") if task.content == content(2) else make(task)

    begin(database, TO, unless_recorded=ENGINE)
    tally = Tally()
    embed_photos(database, TO, Losing(), tally=tally)
    assert (tally.made, tally.lost, progress(database).waiting) == (1, 1, 1)
    embed_photos(database, TO, Losing(), tally=tally, giving_up=True)
    assert progress(database).refused == {"worker_died": 1}


@pytest.mark.long
def test_real_worker_processes(database: Database, gallery: Gallery) -> None:
    gallery.enroll([enrolment(f"p{n}", n) for n in range(9)])
    begin(database, TO, unless_recorded=ENGINE)
    tally = Tally()
    with Crew(_prepare, workers=2) as crew:
        embed_photos(database, TO, crew, tally=tally)
    assert (tally.made, progress(database).waiting) == (9, 0)


def _prepare() -> Callable[[Waiting], Made]:
    return make


@pytest.mark.long
def test_two_processes_that_work_at_once_make_nothing_twice(url: str) -> None:
    with closing(Database.open(url)) as database:
        with opened(database) as gallery:
            gallery.enroll([enrolment(f"p{n}", *range(10 * n, 10 * n + 9)) for n in range(60)])
        begin(database, TO, unless_recorded=ENGINE)
        program = (
            "import sys; from matcher.records.database import Database; from matcher.reembedding import *\n"
            "from tests.matcher.reembedding_parts import Here, TO\n"
            "tally = Tally(); database = Database.open(sys.argv[1]); sys.stdin.readline()\n"
            "embed_photos(database, TO, Here(), tally=tally); print(tally.made)"
        )
        children = [
            subprocess.Popen(
                [sys.executable, "-c", program, url],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=root(),
            )
            for _ in range(2)
        ]
        made = sum(int(child.communicate("\n", timeout=60)[0]) for child in children)
        assert made == progress(database).made == 540
        with opened(database, TO) as new:
            assert new.check() == ()


# Back, and the end


def test_back_at_once_and_forth_again(database: Database, gallery: Gallery) -> None:
    gallery.enroll([enrolment("p", 1)])
    run(database)
    switch(database, TO, at_most=0)
    with opened(database, TO) as new:
        both = dataclasses.replace(
            photo(2), template=Template(TO, next_vector(content(2))), also=(Made(ENGINE, photo(2).template),)
        )
        new.enroll([Enrolment(Person("q"), [both])])
    # A process that still uses the old engine is told, rather than adding people that nobody finds.
    with pytest.raises(EngineMismatch, match="next@2"):
        gallery.enroll([enrolment("r", 3)])
    assert roll_back(database).lacking == 0
    assert gallery.engines() == Engines(ENGINE, TO, Role.INCOMING)
    assert gallery.search(vector(2), 1)[0].person_id == "q"
    switch(database, TO, at_most=0)
    assert gallery.engines().serving == TO


def test_after_the_way_back_the_serving_engine_is_completed(database: Database, gallery: Gallery) -> None:
    """Photos that came while only the new engine could be opened are given to the old one again."""
    gallery.enroll([enrolment("p", 1)])
    run(database)
    switch(database, TO, at_most=0)
    with opened(database, TO) as new:
        new.enroll(
            [Enrolment(Person("q"), [dataclasses.replace(photo(2), template=Template(TO, next_vector(content(2))))])]
        )
    assert roll_back(database).lacking == 1
    assert [problem.kind for problem in gallery.check()] == ["without_template"]
    begin(database, ENGINE, unless_recorded=ENGINE)

    class Back(Here):
        def run(self, tasks: Iterable[Waiting], /) -> Generator[Made, None, None]:
            yield from (Made(ENGINE, photo(2).template) for _ in tasks)

    tally = Tally()
    embed_photos(database, ENGINE, Back(), tally=tally)
    assert tally.made == 1
    assert gallery.search(vector(2), 1)[0].person_id == "q"
    with pytest.raises(AlreadyThere, match="has tried every photo"):
        begin(database, ENGINE, unless_recorded=ENGINE)


def test_what_is_left_is_removed_with_everything_of_it(database: Database, gallery: Gallery) -> None:
    gallery.enroll([enrolment("p", 1, 9), enrolment("q", 2, gallery="second")])
    run(database)
    assert discard(database) == (TO, 2)
    assert gallery.engines() == Engines(ENGINE)
    assert {engine for size in gallery.state().galleries.values() for engine in size.templates} == {ENGINE}
    with database.reading() as connection:
        assert connection.execute(select(tables.refusal)).all() == []
        assert feed.count(connection, TO) == 0
    assert gallery.search(vector(1), 1)[0].person_id == "p"
    with pytest.raises(NotFound, match="no engine beside"):
        discard(database)


def test_a_discarding_that_was_killed_is_gone_on_with(database: Database, gallery: Gallery) -> None:
    gallery.enroll([enrolment(f"p{n}", n) for n in range(8)])
    run(database)
    with database.writing() as connection:
        moving.begin_discarding(connection)
    with database.writing() as connection:
        assert moving.discard_some(connection, TO, after=-1, limit=3) is not None
    assert gallery.engines() == Engines(ENGINE, TO, Role.DISCARDING)
    assert gallery.engines().made_at_enrolment == NO_ENGINE
    with pytest.raises(EngineMismatch, match="discard"):
        begin(database, TO, unless_recorded=ENGINE)
    assert discard(database) == (TO, 5)
    assert gallery.engines() == Engines(ENGINE)


def test_a_run_whose_move_is_ended_by_another_process_says_so(database: Database, gallery: Gallery) -> None:
    gallery.enroll([enrolment("p", 1)])

    class Ended(Here):
        def run(self, tasks: Iterable[Waiting], /) -> Generator[Made, None, None]:
            for made in super().run(tasks):
                discard(database)
                yield made

    begin(database, TO, unless_recorded=ENGINE)
    with pytest.raises(EngineMismatch, match="ended by another process"):
        embed_photos(database, TO, Ended(), tally=Tally())
    assert gallery.state().templates == 1


def test_moves_that_can_not_be(database: Database, gallery: Gallery) -> None:
    with pytest.raises(NotFound, match="no photo was enrolled"):
        begin(database, TO, unless_recorded=ENGINE)
    gallery.enroll([enrolment("p", 1)])
    with pytest.raises(AlreadyThere, match="serves already"):
        begin(database, ENGINE, unless_recorded=ENGINE)
    with pytest.raises(NotFound, match="no switch"):
        roll_back(database)
    run(database)
    with pytest.raises(EngineMismatch, match=r"next@2 are still kept.*--discard"):
        begin(database, serving.EngineKey("third@3"), unless_recorded=ENGINE)


def test_removing_a_person_removes_the_refusals(database: Database, gallery: Gallery) -> None:
    gallery.enroll([enrolment("p", 9)])
    run(database)
    gallery.remove_person("main", "p")
    assert progress(database).refused == {}


def test_how_things_stand_in_words(database: Database, gallery: Gallery) -> None:
    assert "first one decides" in " ".join(standing(progress(database)))
    gallery.enroll([enrolment("p", 1, 9, 2)])
    run(database)
    gallery.enroll([enrolment("q", 3)])
    said = " ".join(standing(progress(database)))
    assert "Searches use drawn@1." in said
    assert "next@2 is being prepared" in said
    assert "2 of 4 photos have its template, 1 no_face, 1 still to try" in said


def test_every_change_of_the_engines_is_in_the_audit(database: Database, gallery: Gallery) -> None:
    gallery.enroll([enrolment("p", 1)])
    run(database)
    switch(database, TO, at_most=0)
    roll_back(database)
    discard(database)
    with database.reading() as connection:
        entry = tables.audit_entry
        query = select(entry.c.body).where(entry.c.action == "model_changed").order_by(entry.c.sequence)
        details = [json.loads(body)["details"] for body in connection.execute(query).scalars()]
        assert head(connection).sequence >= 4
    assert [one["reembed"] for one in details] == ["begun", "switched", "rolled_back", "discarded"]
    assert details[1] == {"reembed": "switched", "serving": TO, "beside": ENGINE, "lacking": 0}


def test_searches_never_mix_engines_while_a_switch_goes_back_and_forth(database: Database, gallery: Gallery) -> None:
    """Each gallery answers with its own engine's distances, whoever serves."""
    gallery.enroll([enrolment(f"p{n}", n) for n in range(8)])
    run(database)
    stop = threading.Event()
    wrong: list[object] = []

    def search(engine: serving.EngineKey) -> None:
        with opened(database, engine) as mine:
            while not stop.is_set():
                query = vector(3) if engine == ENGINE else next_vector(content(3))
                hits = mine.search(query, 8)
                if (len(hits), hits[0].person_id, round(hits[0].distance, 3)) != (8, "p3", 0.0):
                    wrong.append(hits)

    threads = [threading.Thread(target=search, args=(engine,)) for engine in (ENGINE, TO)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        switch(database, TO, at_most=0)
        roll_back(database)
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []


# The face that was enrolled


def test_records_keep_where_the_new_engine_found_the_face(database: Database, gallery: Gallery) -> None:
    gallery.enroll([enrolment("p", 1)])
    face = Face(Box(1, 2, 3, 4), np.ones((5, 2), np.float32), 0.5)
    with database.writing() as connection:
        moving.begin(connection, TO, unless_recorded=ENGINE)
        (number,) = making.waiting(connection, TO, after=-1, gallery=None, limit=9)
        made = Made(TO, Template(TO, next_vector(content(1))), face)
        assert making.keep(connection, TO, [(number, made)]) == 1
        # Again: another process was quicker.
        assert making.keep(connection, TO, [(number, made)]) == 0
    with opened(database, TO) as new:
        kept = new.photo_face("main", "p", digest(1))
        assert kept is not None
        assert kept.box == face.box
        assert new.vectors_by_person([("main", "p")])["main", "p"].shape == (1, TO_DIMENSION)


def test_faceless_photos_of_these_tests() -> None:
    assert content(9) in FACELESS
