"""The default engine, opened once, and records on both databases."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from matcher.build import open_matcher
from matcher.records.database import Database
from matcher.settings import Settings
from matcher.training.machine import Machine


@pytest.fixture(scope="package")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with open_matcher(Settings(home=tmp_path_factory.mktemp("training"))) as matcher:
        yield Machine(matcher)


@pytest.fixture
def records(url: str) -> Iterator[Database]:
    with closing(Database.open(url)) as database:
        yield database
