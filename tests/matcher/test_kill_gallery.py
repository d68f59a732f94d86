"""A process that enrolls, replaces and removes is killed at random moments, again and again, on one database.

Whatever it had been told is done is there afterwards; what it was doing is there wholly or not at all; the gallery
opens and agrees with itself. ``MATCHER_KILLS`` sets the number of kills. Run as a program, this file is the process.
"""

import json
import os
import random
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from matcher.following import InMemory
from matcher.gallery import Gallery
from matcher.records.database import Database
from matcher.records.values import Enrolment
from tests.audit.parts import verified
from tests.matcher.gallery_parts import DIMENSION, ENGINE, content, digest, enrolment, vector

KILLS = int(os.environ.get("MATCHER_KILLS", "6"))
SEED = int(os.environ.get("MATCHER_KILL_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)

# person_id -> (name, numbers of the photos)
State = dict[str, tuple[str, frozenset[int]]]


def do(gallery: Gallery, step: dict[str, Any]) -> None:
    """Carry out one step; see `steps`."""
    if step["do"] == "enroll":
        gallery.enroll([_enrolment(entry) for entry in step["entries"]])
    elif step["do"] == "replace":
        gallery.replace_person(_enrolment(step["entries"][0]))
    elif step["do"] == "remove":
        gallery.remove_person("main", step["person"])
    else:
        gallery.remove_photo("main", step["person"], digest(step["photo"]))


def _enrolment(entry: dict[str, Any]) -> Enrolment:
    return enrolment(entry["person"], *entry["photos"], name=entry["name"])


def after(state: State, step: dict[str, Any]) -> State:
    """What the records hold once the step is done."""
    state = dict(state)
    if step["do"] == "enroll":
        for entry in step["entries"]:
            _, before = state.get(entry["person"], ("", frozenset()))
            state[entry["person"]] = entry["name"], before | set(entry["photos"])
    elif step["do"] == "replace":
        (entry,) = step["entries"]
        state[entry["person"]] = entry["name"], frozenset(entry["photos"])
    elif step["do"] == "remove":
        del state[step["person"]]
    else:
        name, photos = state[step["person"]]
        state[step["person"]] = name, photos - {step["photo"]}
    return state


def next_step(random_: random.Random, state: State) -> dict[str, Any]:
    """A step that is possible in this state, as JSON can carry it."""

    def entry(person: str) -> dict[str, Any]:
        photos = random_.sample(range(1000), random_.randint(0, 4))
        return {"person": person, "name": f"Name {random_.randrange(10**6)}", "photos": photos}

    kind = random_.choice(["enroll", "enroll", "replace", "remove", "remove_photo"])
    with_photos = sorted(person for person, (_, photos) in state.items() if photos)
    if kind == "replace" and state:
        return {"do": kind, "entries": [entry(random_.choice(sorted(state)))]}
    if kind == "remove" and len(state) > 5:
        return {"do": kind, "person": random_.choice(sorted(state))}
    if kind == "remove_photo" and with_photos:
        person = random_.choice(with_photos)
        return {"do": kind, "person": person, "photo": random_.choice(sorted(state[person][1]))}
    people = random_.sample(range(60), random_.randint(1, 8))
    return {"do": "enroll", "entries": [entry(f"p{number}") for number in people]}


def recorded(gallery: Gallery) -> State:
    """What the gallery really holds, by way of its own questions."""
    number_of = {digest(number): number for number in range(1000)}
    people = {person for person, _ in gallery.known_photos("main")} | {f"p{number}" for number in range(60)}
    state = {}
    for _, person_id in gallery.persons(("main", person) for person in people):
        record = gallery.person("main", person_id)
        for kept in record.photos:
            assert kept.has_content
            assert kept.engines == (ENGINE,)
            assert gallery.photo_content("main", person_id, kept.sha256) == content(number_of[kept.sha256])
        state[person_id] = record.person.name, frozenset(number_of[kept.sha256] for kept in record.photos)
    return state


def searchable(gallery: Gallery) -> set[tuple[str, str]]:
    return {(hit.person_id, hit.sha256) for hit in gallery.search(vector(0), 10_000)}


def open_gallery(url: str) -> tuple[Database, Gallery]:
    database = Database.open(url)
    return database, Gallery(database, InMemory(DIMENSION), engine=ENGINE, dimension=DIMENSION)


def work(url: str, seed: int) -> None:
    """Until killed: say what comes, do it, say that it is done. One write each, so the pipe has it at once."""
    random_ = random.Random(seed)
    _, gallery = open_gallery(url)
    state = recorded(gallery)
    while True:
        step = next_step(random_, state)
        os.write(1, (json.dumps(step) + "\n").encode())
        do(gallery, step)
        state = after(state, step)
        os.write(1, b"done\n")


def run_and_kill(url: str, seed: int, seconds: float, *, while_opening: bool) -> list[str]:
    """The lines that the process wrote until it was killed: `seconds` after its first, or after it started."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", __spec__.name, url, str(seed)]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdout is not None
        written = b"" if while_opening else process.stdout.read(1)
        time.sleep(seconds)
        process.kill()
        written += process.stdout.readall()  # type: ignore[attr-defined]
    assert process.returncode == -9, f"the process ended by itself with {process.returncode}"
    return written.decode().splitlines()


@pytest.mark.timeout(60 + 10 * KILLS)
@pytest.mark.long
def test_nothing_acknowledged_is_lost_and_nothing_half_done_stays(url: str) -> None:
    random_ = random.Random(SEED)
    state: State = {}
    in_flight = steps = 0
    for kill in range(KILLS):
        while_opening = random_.random() < 0.2
        seconds = random_.uniform(0.2, 0.8) if while_opening else random_.expovariate(1 / 0.15)
        lines = run_and_kill(url, random_.randrange(10**9), seconds, while_opening=while_opening)
        if lines and lines[-1] != "done" and not lines[-1].endswith("}"):
            lines.pop()  # the announcement itself was cut; the step had not begun
        pending: dict[str, Any] | None = None
        for line in lines:
            if line == "done":
                assert pending is not None
                state, pending = after(state, pending), None
                steps += 1
            else:
                pending = json.loads(line)
        database, gallery = open_gallery(url)
        with closing(database), gallery:
            with database.writing():
                # On a server, what the dead process had sent may still be under way: its turn ends before this one.
                pass
            where = f"kill {kill}, seed {SEED}"
            assert gallery.check(contents=True) == (), where
            assert verified(database).finding is None, where
            now = recorded(gallery)
            if pending is not None:
                in_flight += 1
                assert now in (state, after(state, pending)), where
            assert now == state or pending is not None, where
            state = now
            wanted = {(person, digest(number)) for person, (_, numbers) in state.items() for number in numbers}
            assert searchable(gallery) == wanted, where
    assert steps >= KILLS
    assert in_flight > 0


if __name__ == "__main__":
    work(sys.argv[1], int(sys.argv[2]))
