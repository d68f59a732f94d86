"""Accounts on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.records.sqlite import url_in
from tests.accounts.parts import Desk, desk_over


@pytest.fixture
def desk(url: str) -> Iterator[Desk]:
    """No account yet; a test that takes it runs on SQLite and on PostgreSQL."""
    with desk_over(url) as desk:
        yield desk


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Desk]:
    """The same on SQLite only."""
    with desk_over(url_in(tmp_path / "alone")) as desk:
        yield desk
