"""Records that one process has open twice while others come and go: nobody takes the log away from under it."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from matcher.records.database import Database
from matcher.records.sqlite import FILE_NAME
from tests.matcher.reembedding_parts import root

_VISIT = """
import sys
from contextlib import closing
from pathlib import Path
from sqlalchemy import text
from matcher.records.database import Database
with closing(Database.in_home(Path(sys.argv[1]))) as database, database.writing() as connection:
    connection.execute(text("UPDATE counter SET value = value + 1 WHERE name = 'photo'"))
    print(connection.execute(text("SELECT value FROM counter WHERE name = 'photo'")).scalar_one())
"""


def _visit(home: Path) -> int:
    """What another process sees when it has added one; it opens, writes and closes."""
    command = [sys.executable, "-c", _VISIT, str(home)]
    return int(subprocess.run(command, cwd=root(), capture_output=True, text=True, check=True).stdout)


@pytest.mark.long
def test_records_that_are_opened_again_stay_those_of_everybody(tmp_path: Path) -> None:
    with closing(Database.in_home(tmp_path)) as first:
        with first.reading() as connection:
            connection.execute(text("SELECT 1"))
        for count in range(1, 7, 2):
            with closing(Database.in_home(tmp_path)):
                pass
            assert _visit(tmp_path) == count
            assert (tmp_path / f"{FILE_NAME}-wal").exists()
            with first.writing() as connection:
                connection.execute(text("UPDATE counter SET value = value + 1 WHERE name = 'photo'"))
                assert (
                    connection.execute(text("SELECT value FROM counter WHERE name = 'photo'")).scalar_one() == count + 1
                )
    assert _visit(tmp_path) == 7
