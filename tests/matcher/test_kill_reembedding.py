"""One process moves a home to another engine and back, another enrolls and removes; both are killed, again and again.

At every moment the engine that serves finds everyone, and records and index agree; at the end a move that was killed
so often comes to its end, with nothing made twice and nothing left over. ``MATCHER_KILLS`` sets the number of kills.
The processes are forked off one that has loaded everything, so that they begin at once.
"""

import dataclasses
import os
import random
import signal
import time
from contextlib import closing, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import pytest

from matcher.errors import AlreadyThere, EngineMismatch, NotFound
from matcher.faces import Template
from matcher.person import Person
from matcher.records import moving
from matcher.records.database import Database
from matcher.records.making import Waiting
from matcher.records.serving import Engines, Role
from matcher.records.values import Enrolment, Made, ReferencePhoto
from matcher.reembedding import Tally, begin, discard, embed_photos, progress, roll_back
from matcher.reembedding_check import SwitchRefused, switch
from tests.matcher.gallery_parts import ENGINE, content, photo
from tests.matcher.reembedding_parts import TO, Here, make, next_vector, opened

KILLS = min(20, int(os.environ.get("MATCHER_KILLS", "4")))
SEED = int(os.environ.get("MATCHER_KILL_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
PEOPLE = 30


_processes = get_context("forkserver")
_processes.set_forkserver_preload([__name__])


def move(url: str, _seed: int, ready: "Connection[None, None]") -> None:
    """Until killed: to the other engine, back, and everything of it away."""
    database = Database.open(url)
    ready.send(None)
    while True:
        with suppress(EngineMismatch, AlreadyThere, NotFound, SwitchRefused):
            role = progress(database).engines.role
            if role is Role.DISCARDING:
                discard(database)
            elif role is Role.PREVIOUS:
                roll_back(database)
                discard(database)
            else:
                begin(database, TO, unless_recorded=ENGINE)
                embed_photos(database, TO, Here(), tally=Tally())
                switch(database, TO, at_most=1)


def enroll(url: str, seed: int, ready: "Connection[None, None]") -> None:
    """Until killed: people come and go, with templates of every engine that the home wants."""
    random_ = random.Random(seed)
    database = Database.open(url)
    galleries = {engine: opened(database, engine) for engine in (ENGINE, TO)}
    ready.send(None)
    while True:
        person_id = f"p{random_.randrange(PEOPLE)}"
        engines = galleries[ENGINE].engines()
        mine = galleries[engines.serving or ENGINE]
        with suppress(EngineMismatch, NotFound):
            if random_.random() < 0.3:
                mine.remove_person("main", person_id)
            else:
                photos = [_photo(number, engines) for number in random_.sample(range(900), 3)]
                mine.enroll([Enrolment(Person(person_id), photos)])


def _photo(number: int, engines: Engines) -> ReferencePhoto:
    """Photo number `number`; of both engines, or of one, with or without its bytes."""
    # A face that the other engine does not find is no reference where that one serves.
    number += number % 10 == 9
    old = photo(number)
    kept = content(number) if number % 2 or not engines.made_at_enrolment else None
    new = make(Waiting(0, content(number), None))
    also = (new,) if engines.beside == TO else (Made(ENGINE, old.template),) if engines.beside == ENGINE else ()
    template = Template(TO, next_vector(content(number))) if engines.serving == TO else old.template
    return dataclasses.replace(old, template=template, content=kept, also=also)


def started(url: str, seed: int) -> list[BaseProcess]:
    """Both processes, at work."""
    children: list[BaseProcess] = []
    for target in (move, enroll):
        ours, theirs = _processes.Pipe()
        children.append(_processes.Process(target=target, args=(url, seed, theirs)))
        children[-1].start()
        theirs.close()
        ours.recv()
    return children


@pytest.mark.timeout(60 + 10 * KILLS)
@pytest.mark.long
def test_a_move_that_is_killed_again_and_again_loses_nobody(url: str) -> None:
    random_ = random.Random(SEED)
    with closing(Database.open(url)) as database:
        with opened(database) as gallery:
            gallery.enroll([Enrolment(Person(f"p{n}"), [photo(3 * n), photo(3 * n + 1)]) for n in range(PEOPLE)])
        seen: set[Role] = set()
        for kill in range(KILLS):
            children = started(url, random_.randrange(10**9))
            time.sleep(random_.expovariate(1 / 0.2))
            random_.shuffle(children)
            for child in children:
                child.kill()
                time.sleep(random_.choice([0, 0.05]))
            for child in children:
                child.join()
                assert child.exitcode == -signal.SIGKILL, f"a process ended by itself with {child.exitcode}"
            with database.writing():
                # On a server, what the dead had sent may still be under way: their turn ends before this one.
                pass
            seen.add(_agrees(database, f"kill {kill}, seed {SEED}"))
        assert seen
        _comes_to_an_end(database)


def _agrees(database: Database, where: str) -> Role:
    """Who serves finds everyone; the first engine's templates were never taken away."""
    with opened(database) as old:
        engines = old.engines()
        assert old.check(contents=True) == (), where
        if engines.serving == TO:
            with opened(database, TO) as new:
                assert new.check() == (), where
                assert progress(database).lacking == 0, where
    return engines.role


def _comes_to_an_end(database: Database) -> None:
    if progress(database).engines.role is Role.DISCARDING:
        discard(database)
    if progress(database).engines.role is not Role.PREVIOUS:
        begin(database, TO, unless_recorded=ENGINE)
        embed_photos(database, TO, Here(), tally=Tally())
        switch(database, TO, at_most=1)
    with opened(database, TO) as new, opened(database) as old:
        assert new.engines() == Engines(TO, ENGINE, Role.PREVIOUS)
        assert new.check() == ()
        everyone = {(hit.person_id, hit.sha256) for hit in old.search(photo(1).template.vector, 10_000)}
        found = {(hit.person_id, hit.sha256) for hit in new.search(next_vector(b""), 10_000)}
        with database.reading() as connection:
            left_out = {(one.person_id, one.sha256) for one in moving.refused_photos(connection, TO)}
        assert found | left_out == everyone
        assert not found & left_out
        roll_back(database)
        discard(database)
        assert old.state().galleries["main"].templates.get(TO, 0) == 0
        assert old.check() == ()
