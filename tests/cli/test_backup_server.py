"""Homes whose records are on PostgreSQL, backed up and restored to either kind of database."""

import json
import shutil
from collections.abc import Callable, Iterator

import pytest

from matcher.drawn import DemoSet
from tests import postgresql
from tests.cli.parts import Shell, one_line_of_error
from tests.cli.test_backup import answers, back_up

URL = "MATCHER_DATABASE_URL"


@pytest.fixture
def on_server(server: postgresql.Server, migrated: str) -> Iterator[Callable[[], str]]:
    """Makes the URLs of empty databases."""
    names: list[str] = []

    def made() -> str:
        names.append(server.new_database(like=migrated))
        return server.url(names[-1])

    yield made
    for name in names:
        server.drop(name)


@pytest.mark.long
def test_a_home_moves_to_a_server_and_back(
    shell: Shell, drawn: DemoSet, on_server: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From SQLite to a server, to another server, to SQLite: the same answers to the last byte, no index built."""
    monkeypatch.setenv("MATCHER_INDEX", "compressed")
    before = json.dumps(answers(shell, drawn))
    file, source = back_up(shell), shell.home
    for step, url in enumerate((on_server(), on_server(), "")):
        home = shell.folder / f"home-{step}"
        monkeypatch.setenv(URL, url) if url else monkeypatch.delenv(URL)
        assert shell("restore", file, home=home).code == 0
        assert (home / "records.sqlite3").exists() == (not url)
        indexes = {path.name: (path / "current").read_text() for path in (home / "index").iterdir() if path.is_dir()}
        assert len(indexes) == 1
        shutil.copytree(source / "networks", home / "networks", dirs_exist_ok=True)
        assert json.dumps(answers(shell, drawn, home)) == before
        assert {
            path.name: (path / "current").read_text() for path in (home / "index").iterdir() if path.is_dir()
        } == indexes
        assert shell("audit", "verify", home=home).code == 0
        assert shell("doctor", "--contents", home=home).code == 0
        file = shell.folder / f"backup-{step}.zip"
        assert shell("backup", "--out", file, home=home).code == 0
        if url:
            one_line_of_error(shell("restore", file, home=shell.folder / "other"), 2, "holds records already")
            assert not (shell.folder / "other").exists()
