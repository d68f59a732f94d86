"""The records' database: opened, migrated, refused, full, read-only, damaged, and opened by two at once."""

import os
import re
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from matcher.errors import BadSetting, RecordsError, RecordsTooNew, RecordsUnavailable
from matcher.records import migrating, serving, tables
from matcher.records.database import Database
from matcher.records.faults import unavailable


def test_a_new_home_gets_the_tables_of_today(tmp_path: Path) -> None:
    with closing(Database.in_home(tmp_path / "new" / "home")) as database, database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
        assert connection.execute(select(tables.gallery.c.name)).scalars().all() == ["main"]


@pytest.mark.long
def test_new_databases_of_the_tests_are_as_the_migrations_make_them(tmp_path: Path) -> None:
    # Another process runs the migrations; this one has done so before.
    script = (
        "import pathlib, sys; from matcher.records import database as d; d.Database.in_home(pathlib.Path(sys.argv[1]))"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "0")], check=True, cwd=Path(__file__).parents[2])
    Database.in_home(tmp_path / "1").close()
    Database.in_home(tmp_path / "2").close()
    assert _content(tmp_path / "0") == _content(tmp_path / "1") == _content(tmp_path / "2")


def _content(home: Path) -> tuple[set[object], list[object]]:
    """What the database is made of, and its rows but for the number of its audit chain."""
    with closing(Database.in_home(home)) as database, database.reading() as connection:
        made = set(connection.exec_driver_sql("SELECT type, name, sql FROM sqlite_master").all())
        names = sorted(name for kind, name, _ in made if kind == "table" and name != "audit_head")
        rows = [connection.exec_driver_sql(f'SELECT * FROM "{name}"').all() for name in names]
        return {*map(tuple, made)}, rows


def test_the_newest_step_is_the_one_that_the_program_names() -> None:
    config = Config()
    config.set_main_option("script_location", "matcher.records:migrations")
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == migrating.LATEST


def test_the_tables_can_be_made_on_postgresql() -> None:
    for table in tables.metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=postgresql.dialect()))


@pytest.mark.long
def test_homes_of_before_are_served_by_their_only_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, made in enumerate([{}, {"a@1": 3}, {"a@1": 3, "b@1": 0}, {"a@1": 3, "b@1": 1}]):
        home = tmp_path / str(number)
        with monkeypatch.context() as patch:
            patch.setattr(migrating, "LATEST", "0001")
            with closing(Database.in_home(home)) as database, database.writing() as connection:
                for engine, templates in made.items():
                    row = {"gallery_id": 1, "engine": engine, "templates": templates}
                    connection.execute(tables.gallery_engine.insert(), row)
        with closing(Database.in_home(home)) as database, database.reading() as connection:
            # With several in use nobody can tell; then the first enrolment or move does.
            assert serving.engines(connection).serving == ("a@1" if number in {1, 2} else "")


def test_only_the_owner_can_read_the_files(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with closing(Database.in_home(home)) as database, database.writing() as connection:
        connection.execute(text("UPDATE counter SET value = value"))
        for file in home.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    Database.in_home(tmp_path).close()
    with closing(Database.in_home(tmp_path)) as database:
        assert database.problems() == ()


def test_every_connection_is_set_up_safely(tmp_path: Path) -> None:
    with closing(Database.in_home(tmp_path)) as database, database.reading() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


def test_records_of_a_later_version_are_refused_and_left_alone(tmp_path: Path) -> None:
    with closing(Database.in_home(tmp_path)) as database, database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(RecordsTooNew, match="9999"):
        Database.in_home(tmp_path)


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
        connection.commit()
    with pytest.raises(RecordsUnavailable, match="another program"):
        Database.in_home(tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "records.sqlite3").write_bytes(b"this is not a database, but long enough to be looked at" * 100)
    with pytest.raises(RecordsUnavailable, match="not a database"):
        Database.in_home(tmp_path)


def test_a_home_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(RecordsUnavailable, match="home"):
        Database.in_home(tmp_path / "home")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://x/y", "no url"])
def test_urls_that_can_not_be_used(url: str) -> None:
    with pytest.raises(BadSetting):
        Database.open(url)


@contextmanager
def _as_nobody() -> Iterator[Path]:
    """A home folder that this process may read but not write; where root runs the tests, root's rights are put off."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        home = folder / "home"
        with closing(Database.in_home(home)):
            pass
        for file in home.iterdir():
            file.chmod(0o444)
        home.chmod(0o555)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        try:
            yield home
        finally:
            os.seteuid(user)
            home.chmod(0o755)


def test_a_home_that_is_not_writable() -> None:
    with _as_nobody() as home:
        with pytest.raises(RecordsUnavailable, match="writable"):
            Database.in_home(home)
        with pytest.raises(RecordsUnavailable, match="writable"):
            Database.in_home(home / "deeper")


@pytest.mark.long
def test_two_processes_that_open_a_new_home_at_once(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from matcher.records.database import Database\n"
        "sys.stdin.readline()\n"
        "Database.in_home(Path(sys.argv[1])).close()"
    )
    for attempt in range(2):
        home = tmp_path / str(attempt)
        children = [
            subprocess.Popen([sys.executable, "-c", program, str(home)], stdin=subprocess.PIPE, text=True)
            for _ in range(3)
        ]
        for child in children:
            assert child.stdin is not None
            child.stdin.write("\n")
            child.stdin.flush()
        assert [child.wait(60) for child in children] == [0, 0, 0]
        for child in children:
            child.stdin.close()  # type: ignore[union-attr]
        with closing(Database.in_home(home)) as database:
            assert database.problems() == ()


def test_a_transaction_that_raises_leaves_nothing(tmp_path: Path) -> None:
    def change(connection: Connection) -> None:
        connection.execute(text("UPDATE counter SET value = 77 WHERE name = 'photo'"))
        raise ValueError

    with closing(Database.in_home(tmp_path)) as database:
        with pytest.raises(ValueError), database.writing() as connection:  # noqa: PT011
            change(connection)
        with database.reading() as connection:
            assert connection.execute(text("SELECT value FROM counter WHERE name = 'photo'")).scalar_one() == 0


def test_a_writer_that_waits_too_long_says_so(tmp_path: Path) -> None:
    with (
        closing(Database.in_home(tmp_path)) as first,
        closing(Database.in_home(tmp_path, busy_seconds=0.1)) as second,
        first.writing(),
    ):
        with second.reading() as connection:
            assert connection.execute(text("SELECT count(*) FROM person")).scalar_one() == 0
        with pytest.raises(RecordsUnavailable, match="another process"), second.writing():
            pass


def test_a_broken_rule_tells_nothing_of_a_person(tmp_path: Path) -> None:
    with closing(Database.in_home(tmp_path)) as database:
        with pytest.raises(RecordsError) as fault, database.writing() as connection:
            connection.execute(text("INSERT INTO gallery VALUES (:a, :b, 0, 0)"), {"a": 9, "b": "main"})
        assert "main" not in str(fault.value.__cause__).split("[SQL")[-1]


def test_damage_in_the_middle_of_the_file_is_reported(tmp_path: Path) -> None:
    with closing(Database.in_home(tmp_path)) as database, database.writing() as connection:
        for number in range(2, 500):
            row = {"id": number, "name": f"gallery {number}" + "x" * 40, "people": 0, "photos": 0}
            connection.execute(tables.gallery.insert(), row)
    path = tmp_path / "records.sqlite3"
    content = bytearray(path.read_bytes())
    for found in re.finditer(b"gallery 250x", bytes(content)):  # in the table, and in the index on its names
        page = found.start() - found.start() % 4096
        content[page : page + 64] = b"\xff" * 64
    path.write_bytes(content)
    with closing(Database.in_home(tmp_path)) as database:
        with pytest.raises(RecordsUnavailable, match="damaged"), database.reading() as connection:
            connection.execute(select(tables.gallery)).all()
        assert database.problems()


@pytest.mark.parametrize(("state", "remedy"), [("53100", "disk"), ("40001", "try again"), ("", "can't be reached")])
def test_faults_of_a_server_have_a_remedy(state: str, remedy: str) -> None:
    class ServerFault(Exception):
        sqlstate = state

    assert remedy in str(unavailable("postgresql://host/db", ServerFault()))
