"""Records on a real PostgreSQL server: its faults in one line, its concurrency, and who may wait for whom."""

import json
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select, text

from matcher.build import open_gallery
from matcher.errors import BadSetting, RecordsTooNew, RecordsUnavailable
from matcher.person import Person
from matcher.records import feed, tables
from matcher.records.database import Database
from matcher.records.values import Enrolment
from matcher.settings import load_settings
from tests import postgresql
from tests.matcher.gallery_parts import DIMENSION, ENGINE, enrolment, photo, vector
from tests.matcher.reembedding_parts import opened, root


@pytest.fixture
def name(server: postgresql.Server, migrated: str) -> Iterator[str]:
    """A new database's name."""
    name = server.new_database(like=migrated)
    yield name
    server.drop(name)


@pytest.fixture
def on_server(server: postgresql.Server, name: str) -> str:
    return server.url(name)


# Opening


def test_the_tables_are_those_of_today(on_server: str) -> None:
    with closing(Database.open(on_server)) as database, database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
        assert connection.execute(select(tables.gallery.c.name)).scalars().all() == ["main"]


@pytest.mark.long
def test_processes_that_open_a_new_database_at_once(server: postgresql.Server) -> None:
    name = server.new_database()
    program = (
        "import sys; from matcher.records.database import Database\n"
        "sys.stdin.readline(); Database.open(sys.argv[1]).close()"
    )
    command = [sys.executable, "-c", program, server.url(name)]
    children = [subprocess.Popen(command, stdin=subprocess.PIPE, text=True, cwd=root()) for _ in range(3)]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.flush()
    for child in children:
        child.communicate(timeout=60)
    assert [child.returncode for child in children] == [0, 0, 0]
    server.drop(name)


def test_a_later_version_and_another_programs_tables_are_refused(server: postgresql.Server, name: str) -> None:
    with closing(Database.open(server.url(name))) as database, database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(RecordsTooNew, match="9999"):
        Database.open(server.url(name))
    with closing(psycopg_connection(server, name)) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
        connection.execute("CREATE TABLE theirs (x int)")
    with pytest.raises(RecordsUnavailable, match="another program"):
        Database.open(server.url(name))


def psycopg_connection(server: postgresql.Server, name: str) -> "postgresql.psycopg.Connection[tuple[object, ...]]":
    return postgresql.psycopg.connect(
        host=str(server.folder), user=postgresql.USER, password=server.password, dbname=name, autocommit=True
    )


def test_the_environment_chooses_the_database(on_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATCHER_DATABASE_URL", on_server)
    settings = load_settings(tmp_path)
    with open_gallery(settings) as gallery:
        gallery.enroll([Enrolment(Person("p"))])
    with open_gallery(settings) as gallery:
        assert gallery.state().people == 1
    assert not (tmp_path / "records.sqlite3").exists()
    assert on_server not in repr(settings)
    assert "**" in repr(settings.database_url)


@pytest.mark.parametrize("url", ["postgresql+psycopg2://host/x", "postgresql+asyncpg://host/x"])
def test_other_drivers_are_refused(url: str) -> None:
    with pytest.raises(BadSetting, match=r"use sqlite or postgresql\+psycopg"):
        Database.open(url)


# Faults


def _wrong_password(server: postgresql.Server, name: str) -> str:
    return server.url(name, password="not-the-password")


def _no_user(server: postgresql.Server, name: str) -> str:
    return server.url(name, user="somebody")


def _no_database(server: postgresql.Server, _name: str) -> str:
    return server.url("no_such_database")


def _no_server(server: postgresql.Server, name: str) -> str:
    return server.url(name).replace("matcher-pg-", "no-server-")


def _closed_port(server: postgresql.Server, name: str) -> str:
    return f"postgresql://u:{server.password[:8]}@127.0.0.1:1/{name}"


def _password_in_the_query(server: postgresql.Server, name: str) -> str:
    folder = server.folder
    return f"postgresql://{postgresql.USER}@/{name}?host={folder}&password=not-the-password"


@pytest.mark.parametrize(
    ("where", "remedy"),
    [
        (_wrong_password, "check user and password"),
        (_no_user, "check user and password"),
        (_password_in_the_query, "check user and password"),
        (_no_database, "does not exist; create it"),
        (_no_server, "can't be reached; check that it runs"),
        (_closed_port, "can't be reached; check that it runs"),
    ],
)
def test_a_server_that_lets_nobody_in(
    server: postgresql.Server, name: str, where: Callable[[postgresql.Server, str], str], remedy: str
) -> None:
    with pytest.raises(RecordsUnavailable) as fault:
        Database.open(where(server, name))
    said = str(fault.value)
    assert remedy in said
    assert "\n" not in said
    # Nor with MATCHER_TRACEBACK=1.
    for shown in (said, "".join(traceback.format_exception(fault.value))):
        assert "not-the-password" not in shown
        assert server.password[:8] not in shown


def test_connections_that_were_cut_are_made_anew(server: postgresql.Server, name: str) -> None:
    """As after a restart of the server: the next question works."""
    with closing(Database.open(server.url(name))) as database, opened(database) as gallery:
        gallery.enroll([enrolment("p", 1)])
        server.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        gallery.enroll([enrolment("q", 2)])
        server.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        assert gallery.search(vector(2), 1)[0].person_id == "q"


def _cut_in_the_middle(server: postgresql.Server, name: str, database: Database) -> None:
    with database.writing() as connection:
        connection.execute(text("UPDATE counter SET value = 77 WHERE name = 'photo'"))
        server.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        connection.execute(text("UPDATE counter SET value = 78 WHERE name = 'photo'"))


def test_a_transaction_that_is_cut_leaves_nothing(server: postgresql.Server, name: str) -> None:
    with closing(Database.open(server.url(name))) as database, opened(database) as gallery:
        with pytest.raises(RecordsUnavailable, match="try again"):
            _cut_in_the_middle(server, name, database)
        with database.reading() as connection:
            assert connection.execute(text("SELECT value FROM counter WHERE name = 'photo'")).scalar_one() == 0
        gallery.enroll([enrolment("p", 1)])


def test_questions_that_take_too_long_are_cancelled(on_server: str) -> None:
    url = f"{on_server}&options=-c%20statement_timeout%3D50"
    with closing(Database.open(url)) as database:
        with pytest.raises(RecordsUnavailable, match="took too long"), database.reading() as connection:
            connection.execute(text("SELECT pg_sleep(5)"))
        with database.reading() as connection:
            assert connection.execute(text("SHOW idle_in_transaction_session_timeout")).scalar_one() == "2min"


def test_more_connections_than_allowed_wait_for_each_other(on_server: str) -> None:
    with closing(Database.open(on_server, connections=2, busy_seconds=0.2)) as database, database.reading() as one:
        one.execute(text("SELECT 1"))
        with database.reading() as two:
            two.execute(text("SELECT 1"))
            with pytest.raises(RecordsUnavailable, match="all connections are in use"), database.reading():
                pass


def test_nobody_reads_and_writes(on_server: str) -> None:
    with (
        closing(Database.open(on_server)) as database,
        pytest.raises(RecordsUnavailable, match="read-only"),
        database.reading() as connection,
    ):
        connection.execute(text("UPDATE counter SET value = 1"))


# Turns


def test_a_writer_that_waits_too_long_says_so(on_server: str) -> None:
    with (
        closing(Database.open(on_server)) as first,
        closing(Database.open(on_server, busy_seconds=0.1)) as second,
        first.writing(),
    ):
        with second.reading() as connection:
            assert connection.execute(text("SELECT count(*) FROM person")).scalar_one() == 0
        with pytest.raises(RecordsUnavailable, match="another process"), second.writing():
            pass


def test_no_change_becomes_visible_before_an_earlier_one(on_server: str) -> None:
    """A transaction that has taken its positions and is slow to end holds up the next; a follower can't pass it."""
    with closing(Database.open(on_server)) as database, opened(database) as gallery:
        done = threading.Event()

        def quick() -> None:
            gallery.enroll([enrolment("quick", 2)])
            done.set()

        with opened(database) as slow:
            thread = threading.Thread(target=quick)
            with database.writing() as connection:
                connection.execute(text("UPDATE counter SET value = value + 1 WHERE name = 'change'"))
                thread.start()
                assert not done.wait(0.3)
                with database.reading() as reader:
                    assert feed.log_range(reader).latest == 0
                connection.execute(text("UPDATE counter SET value = value - 1 WHERE name = 'change'"))
            thread.join()
            assert done.is_set()
            assert slow.search(vector(2), 1)[0].person_id == "quick"


@pytest.mark.long
def test_a_follower_misses_nothing_while_many_processes_write(on_server: str) -> None:
    """Positions are seen in their order and without gaps, whatever the order in which transactions end."""
    program = (
        "import sys; from matcher.records.database import Database\n"
        "from tests.matcher.gallery_parts import enrolment\n"
        "from tests.matcher.reembedding_parts import opened\n"
        "who = sys.argv[2]; database = Database.open(sys.argv[1]); gallery = opened(database)\n"
        "sys.stdin.readline()\n"
        "for n in range(25):\n"
        "    gallery.enroll([enrolment(f'{who}-{n}', *range(n, n + 1 + n % 5))])\n"
        "    if n % 4 == 3: gallery.remove_person('main', f'{who}-{n}')\n"
    )
    command = [sys.executable, "-c", program, on_server]
    children = [subprocess.Popen([*command, who], stdin=subprocess.PIPE, text=True, cwd=root()) for who in "abc"]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.flush()
    with closing(Database.open(on_server)) as database, opened(database) as gallery:
        seen: list[int] = []
        while any(child.poll() is None for child in children):
            with database.reading() as connection:
                change = tables.change
                query = select(change.c.position).where(change.c.position > (seen[-1] if seen else 0))
                seen += connection.execute(query.order_by(change.c.position)).scalars()
            gallery.search(vector(1), 3)
            time.sleep(0.001)
        for child in children:
            child.communicate()
        assert [child.returncode for child in children] == [0, 0, 0]
        assert seen == list(range(1, len(seen) + 1))
        assert gallery.check() == ()
        assert gallery.state().people == 3 * 19


def test_ids_are_ordered_by_code_point_as_on_sqlite(on_server: str) -> None:
    ids = ["a", "B", "Z", "b", "é", "10", "9"]
    with closing(Database.open(on_server)) as database, opened(database) as gallery:
        gallery.enroll([Enrolment(Person(person_id)) for person_id in ids])
        with database.reading() as connection:
            query = select(tables.person.c.person_id).order_by(tables.person.c.person_id)
            assert connection.execute(query).scalars().all() == sorted(ids)


def test_the_same_steps_lead_to_the_same_records_on_both(on_server: str, tmp_path: Path) -> None:
    def done(url: str) -> str:
        with closing(Database.open(url)) as database, opened(database) as gallery:
            gallery.enroll([enrolment(f"p{n}", n, n + 1, nationality="CHN") for n in range(20)])
            gallery.replace_person(enrolment("p3", 99, nationality="VNM"))
            gallery.remove_person("main", "p4")
            gallery.enroll([Enrolment(Person("p5", name="王小明"), [photo(7)])])
            state = gallery.state()
            hits = [(hit.template_id, hit.person_id) for hit in gallery.search(vector(7), 10)]
            sizes = {name: dict(size.templates) for name, size in state.galleries.items()}
            return json.dumps([state.version, sizes, hits, gallery.person("main", "p5").person.name])

    assert done(on_server) == done(f"sqlite:///{tmp_path / 'records.sqlite3'}")
    assert ENGINE.endswith("@1")
    assert DIMENSION == 8
