"""Whatever is done to the entries behind the program's back, verification finds it and names the first bad entry."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError, OperationalError

from matcher.audit.asking import ALL, stream
from matcher.audit.chain import genesis, head
from matcher.audit.entry import canonical, hash_of
from matcher.audit.links import Fault
from matcher.audit.verifying import Verdict, verify, verify_lines
from matcher.records.database import Database
from tests.audit.parts import chain, checkpoint, undone, verified

COUNT = 40
TAMPERINGS = 300
FILE_TAMPERINGS = 60
_NUMBERS = ("sequence", "at")
_BLOBS = ("hash", "chain")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A chain of 40 entries; tests undo what they do to it."""
    with chain(tmp_path_factory.mktemp("chain"), COUNT) as database:
        yield database
        assert verified(database).finding is None


# Single bytes of what is stored

Cell = tuple[str, str, int, int, bytes]
"""Table, column, row, the entry it belongs to, the value's bytes."""


def cells(connection: Connection) -> list[Cell]:
    """Every value of the three tables; numbers as eight bytes."""
    made: list[Cell] = []
    for table in ("audit_entry", "audit_head", "audit_subject"):
        rows = connection.execute(text(f"SELECT * FROM {table} ORDER BY sequence")).mappings().all()
        for place, row in enumerate(rows):
            made += [(table, name, place, row["sequence"], _bytes(row[name])) for name in sorted(row) if name != "id"]
    return made


def _bytes(value: object) -> bytes:
    if isinstance(value, int):
        return value.to_bytes(8, "big", signed=True)
    return value.encode() if isinstance(value, str) else bytes(value)  # type: ignore[call-overload, no-any-return]


def put(connection: Connection, cell: Cell, value: bytes) -> None:
    """Store these bytes in a cell, as the type that its column has."""
    table, column, place, _, _ = cell
    key = "subject, sequence" if table == "audit_subject" else "sequence"
    row = connection.execute(text(f"SELECT {key} FROM {table} ORDER BY sequence")).mappings().all()[place]
    new: object = int.from_bytes(value, "big", signed=True) if column in _NUMBERS else value
    cast = ":new" if column in _NUMBERS + _BLOBS else "CAST(:new AS TEXT)"
    where = " AND ".join(f"{name} = :{name}" for name in row)
    changed = connection.execute(text(f"UPDATE {table} SET {column} = {cast} WHERE {where}"), {**row, "new": new})
    assert changed.rowcount == 1


@pytest.mark.long
def test_any_single_byte_that_is_changed_is_found(database: Database) -> None:
    random_ = random.Random(20260301)
    with database.reading() as connection:
        every = cells(connection)
    places = [(cell, place) for cell in every for place in range(len(cell[4]))]
    assert len(places) > 10_000
    tried = 0
    for cell, place in random_.sample(places, TAMPERINGS + 20):
        table, column, _, owner, value = cell
        new = bytearray(value)
        new[place] ^= random_.randrange(1, 256)
        with undone(database) as connection:
            try:
                put(connection, cell, bytes(new))
            except IntegrityError:
                continue  # two entries of one number: not even the tables allow it
            verdict = verify(connection)
        tried += 1
        where = f"{table}.{column} of entry {owner}, byte {place}: {value[place]} to {new[place]}"
        assert verdict.finding is not None, where
        if table == "audit_entry" and column != "sequence":
            assert verdict.finding.sequence == owner, where
            assert verdict.entries == owner - 1, where
    assert tried >= TAMPERINGS


def test_bytes_changed_in_the_file_itself_are_found(tmp_path: Path) -> None:
    random_ = random.Random(7)
    with chain(tmp_path, COUNT) as database, database.reading() as connection:
        bodies = [line.body.encode() for line in stream(connection, ALL)]
    file = tmp_path / "records.sqlite3"
    whole = file.read_bytes()
    for _ in range(FILE_TAMPERINGS):
        number = random_.randrange(COUNT)
        place = whole.index(bodies[number]) + random_.randrange(len(bodies[number]))
        new = bytearray(whole)
        new[place] ^= random_.randrange(1, 256)
        file.write_bytes(new)
        with closing(Database.in_home(tmp_path)) as database:
            finding = verified(database).finding
        assert finding is not None
        assert finding.sequence == number + 1


# Whole entries


def found(verdict: Verdict) -> tuple[int, Fault]:
    assert verdict.finding is not None
    return verdict.finding.sequence, verdict.finding.fault


def remove(connection: Connection, first: int, last: int) -> None:
    for table in ("audit_entry", "audit_subject"):
        values = {"first": first, "last": last}
        connection.execute(text(f"DELETE FROM {table} WHERE sequence BETWEEN :first AND :last"), values)


def renumber(connection: Connection, old: int, new: int) -> None:
    for table in ("audit_entry", "audit_subject"):
        connection.execute(text(f"UPDATE {table} SET sequence = :new WHERE sequence = :old"), {"old": old, "new": new})


def set_head(connection: Connection, sequence: int) -> None:
    """Make the head fit the entry of this number, as whoever cuts the chain would."""
    values = {"number": sequence}
    end = connection.execute(text("SELECT hash FROM audit_entry WHERE sequence = :number"), values).scalar_one()
    connection.execute(text("UPDATE audit_head SET sequence = :number, hash = :hash"), {**values, "hash": end})


def swap(connection: Connection, one: int, other: int) -> None:
    for old, new in ((one, 10_000), (other, one), (10_000, other)):
        renumber(connection, old, new)


def insert_copy(connection: Connection, number: int) -> None:
    """A second copy of an entry after it; those behind move on by one."""
    for later in range(COUNT, number, -1):
        renumber(connection, later, later + 1)
    copy = "SELECT :new, at, actor, action, body, hash FROM audit_entry WHERE sequence = :old"
    connection.execute(text(f"INSERT INTO audit_entry {copy}"), {"new": number + 1, "old": number})
    set_head(connection, COUNT + 1)


def close_gap(connection: Connection, number: int) -> None:
    """Remove an entry and number those behind it anew."""
    remove(connection, number, number)
    for later in range(number + 1, COUNT + 1):
        renumber(connection, later, later - 1)
    set_head(connection, COUNT - 1)


@pytest.mark.parametrize(
    ("tamper", "where", "fault"),
    [
        (lambda c: remove(c, 1, 1), 1, Fault.REMOVED),
        (lambda c: remove(c, 17, 17), 17, Fault.REMOVED),
        (lambda c: remove(c, 10, 20), 10, Fault.REMOVED),
        (lambda c: remove(c, COUNT, COUNT), COUNT, Fault.TRUNCATED),
        (lambda c: remove(c, 1, COUNT), 1, Fault.TRUNCATED),
        (lambda c: close_gap(c, 12), 12, Fault.OUT_OF_PLACE),
        (lambda c: swap(c, 5, 6), 5, Fault.OUT_OF_PLACE),
        (lambda c: swap(c, 3, 33), 3, Fault.OUT_OF_PLACE),
        (lambda c: insert_copy(c, 8), 9, Fault.OUT_OF_PLACE),
        (lambda c: renumber(c, 5, 0), 0, Fault.OUT_OF_PLACE),
        (lambda c: renumber(c, 5, -7), -7, Fault.OUT_OF_PLACE),
        (lambda c: set_head(c, COUNT - 1), COUNT, Fault.OUT_OF_PLACE),
        (lambda c: c.execute(text("DELETE FROM audit_head")), 0, Fault.TRUNCATED),
        (lambda c: c.execute(text("DELETE FROM audit_subject WHERE sequence = 8")), 8, Fault.ALTERED),
        (lambda c: c.execute(text("INSERT INTO audit_subject VALUES ('person:main/x', 9)")), 9, Fault.ALTERED),
        (lambda c: c.execute(text("INSERT INTO audit_subject VALUES ('person:main/x', 99)")), 41, Fault.OUT_OF_PLACE),
    ],
)
def test_what_was_done_to_entries_is_found(
    database: Database, tamper: Callable[[Connection], object], where: int, fault: Fault
) -> None:
    with undone(database) as connection:
        tamper(connection)
        finding = verify(connection).finding
    assert finding is not None
    assert (finding.sequence, finding.fault) == (where, fault)


def rewrite(connection: Connection, number: int) -> None:
    """Change an entry, and give it and all behind it the hashes and the head that fit: a chain sound in itself."""
    previous = genesis(head(connection).chain)
    for row in connection.execute(text("SELECT sequence, body FROM audit_entry ORDER BY sequence")).all():
        said = json.loads(row.body)
        said["previous"] = previous.hex()
        if row.sequence == number:
            said["details"] = {"nothing": "happened"}
        body = canonical(said)
        previous = hash_of(body)
        connection.execute(
            text("UPDATE audit_entry SET body = :body, hash = :hash WHERE sequence = :number"),
            {"body": body, "hash": previous, "number": row.sequence},
        )
    set_head(connection, COUNT)


def cut(connection: Connection, last: int) -> None:
    """Remove what is behind an entry, the head fitting."""
    remove(connection, last + 1, COUNT)
    set_head(connection, last)


@pytest.mark.parametrize("last", [COUNT - 1, COUNT - 7, 1])
def test_a_chain_that_was_cut_is_found_by_a_checkpoint(database: Database, last: int) -> None:
    known = checkpoint(database)
    with undone(database) as connection:
        cut(connection, last)
        assert verify(connection).finding is None
        assert found(verify(connection, [known])) == (last + 1, Fault.TRUNCATED)


@pytest.mark.parametrize("number", [1, 20, COUNT])
def test_a_chain_that_was_rewritten_is_found_by_a_checkpoint(database: Database, number: int) -> None:
    known = checkpoint(database)
    with undone(database) as connection:
        rewrite(connection, number)
        assert verify(connection).finding is None
        assert found(verify(connection, [known])) == (COUNT, Fault.REWRITTEN)


def test_another_chain_does_not_pass_for_this_one(database: Database, tmp_path: Path) -> None:
    with chain(tmp_path, COUNT) as other:
        assert found(verified(other, checkpoint(database))) == (0, Fault.OTHER_CHAIN)


def test_several_checkpoints_in_any_order(database: Database) -> None:
    with database.reading() as connection:
        row = connection.execute(text("SELECT hash FROM audit_entry WHERE sequence = 11")).scalar_one()
    last = checkpoint(database)
    early = replace(last, sequence=11, hash=bytes(row))
    assert verified(database, last, early).finding is None
    assert found(verified(database, last, replace(early, hash=bytes(32)))) == (11, Fault.REWRITTEN)


def test_tables_that_are_not_there_do_not_pass_for_an_empty_chain(database: Database) -> None:
    with undone(database) as connection:
        connection.execute(text("DROP TABLE audit_entry"))
        with pytest.raises(OperationalError, match="audit_entry"):
            verify(connection)


# An export, without the records


def test_an_export_is_verified_by_itself(database: Database) -> None:
    known = checkpoint(database)
    with database.reading() as connection:
        lines = [line.body.encode() + b"\n" for line in stream(connection, ALL)]
    assert verify_lines(lines, [known]).entries == COUNT
    assert verify_lines(lines, [known]).finding is None
    assert verify_lines(lines).finding is None
    assert found(verify_lines(lines[:-1], [known])) == (COUNT, Fault.TRUNCATED)
    assert found(verify_lines(lines[1:], [known])) == (1, Fault.OUT_OF_PLACE)
    assert found(verify_lines([*lines[:4], *lines[5:]], [known])) == (5, Fault.OUT_OF_PLACE)


def test_any_single_byte_of_an_export_is_found_by_its_checkpoint(database: Database) -> None:
    random_ = random.Random(3)
    known = checkpoint(database)
    with database.reading() as connection:
        lines = [line.body.encode() + b"\n" for line in stream(connection, ALL)]
    for _ in range(200):
        number = random_.randrange(COUNT)
        line = bytearray(lines[number])
        line[random_.randrange(len(line) - 1)] ^= random_.randrange(1, 256)
        assert verify_lines([*lines[:number], bytes(line), *lines[number + 1 :]], [known]).finding is not None
