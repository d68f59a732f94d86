"""The chain and the seals on SQLite and on a PostgreSQL server alike."""

import random
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from matcher.audit.chain import append
from matcher.audit.links import Fault
from matcher.audit.trail import Trail
from matcher.audit.verifying import verify
from matcher.errors import AlreadyThere, RecordsError, RecordsUnavailable
from matcher.following import InMemory
from matcher.gallery import Gallery
from matcher.protection import keys
from matcher.protection.master import FILE_VARIABLE, VARIABLE, KeyRefused, make_key_file
from matcher.records.database import Database
from tests.audit.parts import checkpoint, entry, fill, undone, verified
from tests.matcher.gallery_parts import DIMENSION, ENGINE, content, digest, enrolment, vector


def test_the_past_can_not_be_changed(url: str) -> None:
    with closing(Database.open(url)) as database:
        fill(database, 12)
        statements = [
            "UPDATE audit_entry SET actor = 'os:other' WHERE sequence = 2",
            "DELETE FROM audit_entry WHERE sequence = 5",
            "UPDATE audit_subject SET subject = 'x' WHERE sequence = 2",
            "DELETE FROM audit_subject",
            "UPDATE audit_head SET sequence = sequence - 1",
            "DELETE FROM audit_head",
            "INSERT INTO audit_head SELECT 2, chain, 99, hash FROM audit_head",
        ]
        if database.engine.dialect.name == "postgresql":
            statements += [f"TRUNCATE {table}" for table in ("audit_entry", "audit_subject", "audit_head")]
        for statement in statements:
            with pytest.raises(RecordsError, match="rule of the database"), database.writing() as connection:
                connection.execute(text(statement))
        assert (verified(database).entries, verified(database).finding) == (12, None)


def test_what_was_altered_removed_or_cut_is_found(url: str) -> None:
    random_ = random.Random(11)
    with closing(Database.open(url)) as database:
        fill(database, 25)
        known = checkpoint(database)
        for _ in range(40):
            number = random_.randrange(1, 26)
            with undone(database) as connection:
                query = text("SELECT body FROM audit_entry WHERE sequence = :number")
                body = list(connection.execute(query, {"number": number}).scalar_one())
                place = random_.randrange(len(body))
                body[place] = chr(ord(body[place]) ^ 1)
                values = {"number": number, "body": "".join(body)}
                connection.execute(text("UPDATE audit_entry SET body = :body WHERE sequence = :number"), values)
                finding = verify(connection).finding
            assert finding is not None
            assert (finding.sequence, finding.fault) == (number, Fault.ALTERED)
        with undone(database) as connection:
            connection.execute(text("DELETE FROM audit_subject WHERE sequence > 20"))
            connection.execute(text("DELETE FROM audit_entry WHERE sequence > 20"))
            last = "(SELECT hash FROM audit_entry WHERE sequence = 20)"
            connection.execute(text(f"UPDATE audit_head SET sequence = 20, hash = {last}"))
            assert verify(connection).finding is None
            finding = verify(connection, [known]).finding
        assert finding is not None
        assert (finding.sequence, finding.fault) == (21, Fault.TRUNCATED)


@pytest.mark.long
def test_processes_that_write_at_once_make_one_chain(url: str) -> None:
    program = (
        "import sys; from matcher.records.database import Database\n"
        "from matcher.audit.chain import append; from matcher.audit.trail import Trail\n"
        "from tests.audit.parts import entry\n"
        "database = Database.open(sys.argv[1]); trail = Trail(database)\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "for number in range(25):\n"
        "    with database.writing() as connection: append(connection, entry(number), entry(number + 1))\n"
        "    trail.record(entry(number))\n"
        "trail.close(); database.close()\n"
    )
    with closing(Database.open(url)) as database:
        command = [sys.executable, "-c", program, url]
        children = [
            subprocess.Popen(
                command, cwd=Path(__file__).parents[2], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            for _ in range(3)
        ]
        for child in children:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
        for child in children:
            assert child.stdin is not None
            child.stdin.write("\n")
            child.stdin.flush()
        for child in children:
            child.communicate(timeout=60)
        assert [child.returncode for child in children] == [0, 0, 0]
        assert (verified(database).entries, verified(database).finding) == (225, None)


def test_an_entry_goes_with_the_transaction_that_fails(url: str) -> None:
    def fails(database: Database) -> None:
        with database.writing() as connection:
            append(connection, entry(1))
            connection.execute(text("SELECT no_such_column FROM gallery"))

    with closing(Database.open(url)) as database:
        Trail(database).record(entry(0))
        with pytest.raises((RecordsError, DBAPIError)):
            fails(database)
        assert (verified(database).entries, verified(database).finding) == (1, None)


def test_a_home_is_encrypted_and_its_key_replaced(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "key"))
    key = make_key_file(tmp_path / "key")
    with (
        closing(Database.open(url)) as database,
        Gallery(database, InMemory(DIMENSION), engine=ENGINE, dimension=DIMENSION) as gallery,
    ):
        gallery.enroll([enrolment(f"p{number}", number) for number in range(8)])
        before = gallery.search(vector(3), 5)
        keys.begin(database, key)
        gallery.enroll([enrolment("new", 50)])
        assert keys.encrypt(database) == 16
        assert keys.status(database).complete
        with pytest.raises(AlreadyThere):
            keys.begin(database, key)
        gallery.rebuild()
        assert gallery.search(vector(3), 5)[0] == before[0]
        assert gallery.photo_content("main", "p3", digest(3)) == content(3)
        new = make_key_file(tmp_path / "new")
        assert keys.rotate(database, key, new) == 1
        with database.writing() as connection:
            swap = "UPDATE template SET vector = (SELECT vector FROM template WHERE id = 1) WHERE id = 2"
            assert connection.execute(text(swap)).rowcount == 1
        with pytest.raises(RecordsUnavailable, match="moved from another row"):
            gallery.vectors_by_person([("main", f"p{number}") for number in range(8)])
        assert verified(database).finding is None
    with closing(Database.open(url)) as database, pytest.raises(KeyRefused, match=new.fingerprint):
        Gallery(database, InMemory(DIMENSION), engine=ENGINE, dimension=DIMENSION)
