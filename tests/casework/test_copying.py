"""Records copied from one kind of database to another: every row as it was, and every rule in force again."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select, text

from matcher.errors import RecordsError
from matcher.records import tables
from matcher.records.copying import copy_records, is_unused
from matcher.records.database import Database
from matcher.records.sqlite import url_in
from tests.audit.parts import verified
from tests.casework.parts import ANNA, BORIS, bureau
from tests.casework.test_two_people import _searched

_AGAINST_THE_RULES = (
    "UPDATE audit_entry SET actor = 'nobody'",
    "DELETE FROM audit_subject",
    "UPDATE case_identification SET second_reviewer = 'account:zoe'",
    "UPDATE case_verdict SET verdict = 'same_person'",
    "UPDATE case_file SET opened_by = 'account:zoe' WHERE id > 0",
)


def _rows(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.reading() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in tables.metadata.sorted_tables
        }


@pytest.mark.long
def test_there_and_back_nothing_is_lost(new_url: Callable[[], str], tmp_path: Path) -> None:
    """From either kind to an SQLite file, as a backup does, and from there to either kind, as a restore does."""
    source, back = new_url(), new_url()
    with bureau(source) as full:
        _, search = _searched(full, 1, 2, 3)
        full.review(ANNA, search, 1)
        full.review(BORIS, search, 1)
        full.enroll("main", *range(10, 30))
        before = _rows(full.database)
        assert len(before["case_identification"]) == 1
        assert len(before["photo_content"]) == 23
        with closing(Database.open(url_in(tmp_path / "copy"))) as copy:
            _copy(full.database, copy)
            assert _rows(copy) == before
            with closing(Database.open(back)) as again:
                _copy(copy, again)
                assert _rows(again) == before
    with bureau(back) as again_open:
        database = again_open.database
        assert verified(database).finding is None
        for statement in _AGAINST_THE_RULES:
            with pytest.raises(RecordsError), database.writing() as connection:
                connection.execute(text(statement))
        assert _rows(database) == before
        again_open.enroll("main", 40)
        assert again_open.matcher.gallery.check(contents=True) == ()


def test_a_copy_that_fails_leaves_the_target_as_it_was(url: str, tmp_path: Path) -> None:
    with bureau(url_in(tmp_path / "source")) as full, closing(Database.open(url)) as target:
        full.enroll("main", 1, 2)
        with full.database.writing() as connection:
            connection.execute(text("PRAGMA ignore_check_constraints = ON"))
            connection.execute(text("UPDATE change SET kind = 'unknown' WHERE position = 1"))
        before = _rows(target)
        with pytest.raises(RecordsError):
            _copy(full.database, target)
        assert _rows(target) == before
        with pytest.raises(RecordsError), target.writing() as connection:
            connection.execute(text("DELETE FROM audit_head"))


def _copy(source: Database, target: Database) -> None:
    with source.reading() as rows, target.writing() as into:
        assert is_unused(into)
        copy_records(rows, into)
