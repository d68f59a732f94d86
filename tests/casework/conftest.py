"""Casework on SQLite and on PostgreSQL, and on SQLite alone for what does not ask the database anything special."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.records.sqlite import url_in
from tests.casework.parts import Bureau, bureau


@pytest.fixture
def both(url: str) -> Iterator[Bureau]:
    """On both databases."""
    with bureau(url) as opened:
        yield opened


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Bureau]:
    """On SQLite."""
    with bureau(url_in(tmp_path)) as opened:
        yield opened
