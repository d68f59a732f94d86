"""The audit chain grows with what it records, whoever writes, and can't be changed by the database's own means."""

import hashlib
import json
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from matcher.audit.acting import acting, current_actor
from matcher.audit.asking import ALL, Filter, page, stream
from matcher.audit.chain import append, genesis, head
from matcher.audit.entry import (
    MOST_SUBJECTS,
    Action,
    Entry,
    body_of,
    canonical,
    hash_of,
    micros_of,
    microseconds,
    time_text,
)
from matcher.audit.trail import Trail
from matcher.errors import BadField, RecordsError, RecordsUnavailable
from matcher.records.database import Database
from tests.audit.parts import START, chain, entry, fill, verified

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def test_an_empty_chain_is_whole(tmp_path: Path) -> None:
    with chain(tmp_path, 0) as database:
        verdict = verified(database)
        with database.reading() as connection:
            end = head(connection)
    assert (verdict.entries, verdict.finding) == (0, None)
    assert end.hash == genesis(end.chain)


def test_every_home_has_a_chain_of_its_own(tmp_path: Path) -> None:
    with (
        chain(tmp_path / "a", 1) as one,
        chain(tmp_path / "b", 1) as other,
        one.reading() as first,
        other.reading() as second,
    ):
        assert head(first).hash != head(second).hash


def test_entries_name_each_other(tmp_path: Path) -> None:
    with chain(tmp_path, 30) as database:
        assert verified(database).entries == 30
        assert verified(database).finding is None
        with database.reading() as connection:
            rows = connection.execute(text("SELECT * FROM audit_entry ORDER BY sequence")).all()
            previous = genesis(head(connection).chain)
    assert [row.sequence for row in rows] == list(range(1, 31))
    for row in rows:
        assert f'"previous":"{previous.hex()}"' in row.body
        assert row.body.isascii()
        previous = row.hash
        assert hash_of(row.body) == row.hash


@given(JSON)
def test_the_same_value_has_the_same_text_whatever_the_order(value: object) -> None:
    text_ = canonical({"b": value, "a": 1})
    assert canonical(json.loads(text_)) == text_
    assert canonical({"a": 1, "b": value}) == text_


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_go_there_and_back(at: datetime) -> None:
    assert microseconds(time_text(at)) == micros_of(at)


def test_what_is_recorded_goes_with_its_transaction(tmp_path: Path) -> None:
    def fails(database: Database) -> None:
        with database.writing() as connection:
            append(connection, entry(3))
            raise ValueError("no")

    with chain(tmp_path, 3) as database:
        with pytest.raises(ValueError, match="no"):
            fails(database)
        assert verified(database).entries == 3


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET actor = 'os:other' WHERE sequence = 2",
        "DELETE FROM audit_entry WHERE sequence = 5",
        "DELETE FROM audit_entry",
        "INSERT OR REPLACE INTO audit_entry SELECT sequence, at, actor, action, 'x', hash FROM audit_entry LIMIT 1",
        "UPDATE audit_subject SET subject = 'x'",
        "DELETE FROM audit_subject",
        "UPDATE audit_head SET sequence = sequence - 1",
        "UPDATE audit_head SET chain = x'00'",
        "DELETE FROM audit_head",
        "INSERT OR REPLACE INTO audit_head SELECT 1, chain, 99, hash FROM audit_head",
    ],
)
def test_the_database_refuses_to_change_the_past(tmp_path: Path, statement: str) -> None:
    with chain(tmp_path, 5) as database:
        with pytest.raises(RecordsError, match="rule of the database"), database.writing() as connection:
            connection.execute(text(statement))
        assert verified(database).entries == 5
        assert verified(database).finding is None


@pytest.mark.parametrize(
    "made",
    [
        lambda: Entry(Action.SEARCH, actor=""),
        lambda: Entry(Action.SEARCH, actor="a\nb"),
        lambda: Entry(Action.SEARCH, ["person:main/p", "person:main/p"]),
        lambda: Entry(Action.SEARCH, ["x" * 257]),
        lambda: Entry(Action.SEARCH, [f"person:main/{number}" for number in range(MOST_SUBJECTS + 1)]),
        lambda: Entry(Action.SEARCH, [], {"score": float("nan")}),
        lambda: Entry(Action.SEARCH, [], {"content": b"bytes"}),
        lambda: Entry(Action.SEARCH, [], {"long": "x" * 300_000}),
    ],
)
def test_what_can_not_be_an_entry_is_refused_before_it_is_written(made: object) -> None:
    with pytest.raises(BadField):
        made()  # type: ignore[operator]


def test_who_acts_is_known_below_the_door() -> None:
    assert current_actor().startswith("os:")
    with acting("account:anna"):
        assert Entry(Action.SIGN_IN).actor == "account:anna"
        with acting("account:bo"):
            assert current_actor() == "account:bo"
        assert current_actor() == "account:anna"


def test_threads_share_transactions_and_lose_nothing(tmp_path: Path) -> None:
    with closing(Database.in_home(tmp_path)) as database:
        trail = Trail(database)

        def work(thread: int) -> None:
            for number in range(10):
                trail.record(Entry(Action.SEARCH, [f"person:main/t{thread}-{number}"], actor=f"os:t{thread}"))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert verified(database).entries == 80
        assert verified(database).finding is None
        with database.reading() as connection:
            bodies = [line.body for line in stream(connection, Filter(actor="os:t3"))]
    assert [f"t3-{number}" in body for number, body in enumerate(bodies)] == [True] * 10


@pytest.mark.long
def test_processes_that_write_at_once_make_one_chain(tmp_path: Path) -> None:
    Database.in_home(tmp_path).close()
    program = (
        "import sys; from pathlib import Path; from matcher.records.database import Database\n"
        "from matcher.audit.chain import append; from tests.audit.parts import entry\n"
        "database = Database.in_home(Path(sys.argv[1])); print('ready', flush=True); sys.stdin.readline()\n"
        "for number in range(40):\n"
        "    with database.writing() as connection: append(connection, entry(number))\n"
    )
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", program, str(tmp_path)]
    children = [
        subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.communicate("\n", timeout=60)
    assert [child.returncode for child in children] == [0, 0, 0]
    with closing(Database.in_home(tmp_path)) as database:
        assert verified(database).entries == 120
        assert verified(database).finding is None


def test_what_was_recorded_outlives_the_process(tmp_path: Path) -> None:
    Database.in_home(tmp_path).close()
    program = (
        "import sys; from pathlib import Path; from matcher.records.database import Database\n"
        "from matcher.audit.trail import Trail; from tests.audit.parts import entry\n"
        "trail = Trail(Database.in_home(Path(sys.argv[1])))\n"
        "for number in range(100_000):\n"
        "    trail.record(entry(number)); print(number + 1, flush=True)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        while child.stdout.readline() != "150\n":
            pass
        child.kill()
        told = [line for line in child.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    last = int(told[-1]) if told else 150
    with closing(Database.in_home(tmp_path)) as database:
        verdict = verified(database)
    assert verdict.finding is None
    assert verdict.entries >= last


def test_what_can_not_be_recorded_is_told_to_every_thread_that_waits(tmp_path: Path) -> None:
    with closing(Database.in_home(tmp_path, busy_seconds=0.2)) as database:
        trail = Trail(database)
        with (
            closing(Database.in_home(tmp_path)) as other,
            other.writing(),
            pytest.raises(RecordsUnavailable, match=r"audit record.*another process holds them"),
        ):
            trail.record(entry(1))
        trail.record(entry(1))
        assert verified(database).entries == 1


def test_questions_find_what_they_ask_for(tmp_path: Path) -> None:
    with chain(tmp_path, 20) as database:
        fill(database, 20, start=20)
        with database.reading() as connection:

            def numbers(wanted: Filter) -> list[int]:
                return [line.sequence for line in stream(connection, wanted)]

            assert numbers(ALL) == list(range(1, 41))
            assert numbers(Filter(subject="person:main/p7")) == [n + 1 for n in range(40) if 0 <= 7 - n < n % 4]
            assert numbers(Filter(actor="os:user1")) == [n + 1 for n in range(40) if n % 3 == 1]
            assert numbers(Filter(action=Action.SEARCH)) == [1, len(Action) + 1]
            assert numbers(Filter(since=START.replace(day=15))) == list(range(21, 41))
            assert numbers(Filter(until=START.replace(day=15), actor="os:user0")) == [1, 4, 7, 10, 13, 16, 19]
            newest = page(connection, ALL, before=None, limit=15)
            older = page(connection, ALL, before=newest[-1].sequence, limit=15)
    assert [line.sequence for line in (*newest, *older)] == list(range(40, 10, -1))


def test_an_entry_is_the_same_bytes_for_the_same_values() -> None:
    made = Entry(Action.SEARCH, ["photo:00"], {"b": 1, "a": [0.1]}, actor="os:anna")
    body = body_of(made, at=START, sequence=7, previous=bytes(32))
    assert body == (
        '{"action":"search","actor":"os:anna","at":"2026-03-01T09:30:00.000000Z","details":{"a":[0.1],"b":1},'
        f'"previous":"{"00" * 32}","sequence":7,"subjects":["photo:00"]}}'
    )
    assert hash_of(body) == hashlib.sha256(body.encode()).digest()
