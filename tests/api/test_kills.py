"""A service that people write to is killed at random moments, again and again, on either database.

Whatever it had acknowledged over HTTP is there afterwards: people enrolled and removed, cases opened; what was under
way is there wholly or not at all; the audit chain is whole and the index in step. ``MATCHER_SERVICE_KILLS`` sets the
number.
"""

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from matcher.accounts.opening import open_accounts
from matcher.accounts.roles import RIGHTS, Right, Role
from matcher.build import open_gallery
from matcher.casework.case import case_id
from matcher.drawn import photo_bytes
from matcher.records import tables
from matcher.records.case_tables import case_file
from matcher.records.database import Database
from matcher.records.sqlite import url_in
from matcher.settings import IndexKind, Settings
from tests.audit.parts import verified
from tests.matcher.reembedding_parts import root

KILLS = int(os.environ.get("MATCHER_SERVICE_KILLS", "2"))
SEED = int(os.environ.get("MATCHER_KILL_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
WRITERS = 3
_NEVER = {Right.OWN_ACCOUNT, Right.MANAGE_ACCOUNTS}

# What kind of thing, and its id.
Thing = tuple[str, str]


@dataclass(slots=True)
class Told:
    """What one writer was told, and the thing that it had asked about when it heard no more."""

    there: set[Thing] = field(default_factory=set)
    gone: set[Thing] = field(default_factory=set)
    unknown: set[Thing] = field(default_factory=set)


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path, networks: Path) -> Iterator[Settings]:
    """A home with its records in it or on a server, with the index on disk from the first person on."""
    (tmp_path / "networks").symlink_to(networks)
    if request.param == "sqlite":
        yield Settings(home=tmp_path, index=IndexKind.COMPRESSED)
        return
    server, like = request.getfixturevalue("server"), request.getfixturevalue("migrated")
    name = server.new_database(like=like)
    yield Settings(home=tmp_path, index=IndexKind.COMPRESSED, database_url=server.url(name))
    server.drop(name)


@pytest.mark.long
def test_nothing_acknowledged_is_lost(home: Settings) -> None:
    chance = random.Random(SEED)
    token, told = _token(home), [Told() for _ in range(WRITERS)]
    for kill in range(KILLS):
        with _running(home) as (process, address):
            threads = [
                threading.Thread(target=_write, args=(address, token, one, f"{kill}-{number}", chance.random()))
                for number, one in enumerate(told)
            ]
            for thread in threads:
                thread.start()
            # Now and then before anything is done, otherwise some time after a person was enrolled and one removed.
            if kill % 5 != 4:
                _wait_for_a_removal(told)
            time.sleep(chance.expovariate(1 / 0.5))
            process.kill()
            for thread in threads:
                thread.join(60)
        _compare(home, told, f"kill {kill}, seed {SEED}")
    assert sum(len(one.there) for one in told) > 0
    assert sum(len(one.gone) for one in told) > 0


def _wait_for_a_removal(told: list[Told]) -> None:
    before, deadline = sum(len(one.gone) for one in told), time.monotonic() + 120
    while sum(len(one.gone) for one in told) == before:
        assert time.monotonic() < deadline, "nothing was removed"
        time.sleep(0.01)


def _token(settings: Settings) -> str:
    with open_accounts(settings) as accounts:
        accounts.register.add("anna", frozenset({Role.OFFICER, Role.ADMINISTRATOR}), "a long enough secret 9")
        rights = RIGHTS[Role.OFFICER] | RIGHTS[Role.ADMINISTRATOR]
        return accounts.tokens.add("anna", frozenset(rights - _NEVER), days=1)[0]


@contextmanager
def _running(settings: Settings) -> Iterator[tuple[subprocess.Popen[str], str]]:
    environment = {**os.environ, "MATCHER_INDEX": "compressed", "PYTHONUNBUFFERED": "1"}
    if settings.database_url is not None:
        environment["MATCHER_DATABASE_URL"] = settings.database_url.get_secret_value()
    command = [sys.executable, "-m", "api.cli", "--home", str(settings.home), "serve", "--port", "0"]
    with (
        (settings.home / "log").open("ab") as log,
        subprocess.Popen(
            command, cwd=root(), env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            address = process.stdout.readline().split()[1]
            deadline = time.monotonic() + 300
            while not _answers(address):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield process, address
        finally:
            process.kill()
    assert process.returncode == -9, f"the service ended by itself with {process.returncode}"


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/healthz", timeout=30).status_code == 200
    except httpx.TransportError:
        return False


def _write(address: str, token: str, told: Told, name: str, seed: float) -> None:
    """Enroll, remove and open cases, one after the other, until nobody answers any more."""
    chance, number = random.Random(seed), 0
    photo = photo_bytes(chance.randrange(4), 0)
    with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
        while True:
            number += 1
            begins = {1: "case", 2: "enroll", 3: "remove"}
            kind = begins.get(number) or chance.choice(("enroll", "enroll", "remove", "case"))
            people = sorted(thing for thing in told.there if thing[0] == "person")
            try:
                if kind == "case":
                    answer = client.post("/v1/cases", json={"country": "CHN", "custody_date": "2026-02-01"})
                    assert answer.status_code == 201, answer.text
                    told.there.add(("case", answer.json()["id"]))
                elif kind == "remove" and people:
                    thing = chance.choice(people)
                    told.there.remove(thing)
                    told.unknown.add(thing)
                    assert client.delete(f"/v1/persons/{thing[1]}").status_code in (200, 204)
                    told.unknown.remove(thing)
                    told.gone.add(thing)
                else:
                    thing = ("person", f"p{name}-{number}")
                    told.unknown.add(thing)
                    files = {"photo": ("p.jpg", photo, "image/jpeg")}
                    fields = {"person_id": thing[1], "anyway": "true"}
                    answer = client.post("/v1/persons", data=fields, files=files)
                    assert answer.status_code == 201, answer.text
                    told.unknown.remove(thing)
                    told.there.add(thing)
            except httpx.TransportError:
                return


def _compare(settings: Settings, told: list[Told], where: str) -> None:
    """Hold what is there against what was said; what nobody was told of is settled by what is found."""
    url = settings.database_url.get_secret_value() if settings.database_url else url_in(settings.home)
    with closing(Database.open(url)) as database:
        with database.writing():
            # On a server, what the dead process had sent may still be under way: its turn ends before this one.
            pass
        assert verified(database).finding is None, where
        with database.reading() as connection:
            found = {("person", str(one)) for one in connection.execute(select(tables.person.c.person_id)).scalars()}
            found |= {("case", case_id(one)) for one in connection.execute(select(case_file.c.id)).scalars()}
    with open_gallery(settings) as gallery:
        assert gallery.check(contents=True) == (), where
        templates = gallery.state().templates
    assert templates == sum(kind == "person" for kind, _ in found), where
    for one in told:
        assert one.there <= found, where
        assert not one.gone & found, where
        one.there |= one.unknown & found
        one.gone |= {thing for thing in one.unknown - found if thing[0] == "person"}
        one.unknown.clear()
