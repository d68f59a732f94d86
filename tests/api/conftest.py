"""One service with a few drawn people for all tests that only read it, and an empty one for those that write."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from matcher.drawn import photo_bytes
from tests.api.serving import enroll, service

PEOPLE = 6


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Drawn people 0 to 5 in "main"; person 1 with two photos."""
    with service(tmp_path_factory.mktemp("served")) as client:
        for number in range(PEOPLE):
            assert enroll(client, number, *((0, 1) if number == 1 else (0,))).status_code == 201
        yield client


@pytest.fixture
def empty(tmp_path: Path, networks: Path) -> Iterator[httpx.Client]:
    """A service over an empty gallery, with a limit of 300,000 bytes for a photo."""
    (tmp_path / "networks").symlink_to(networks)
    with service(tmp_path, max_photo_bytes=300_000) as client:
        yield client


@pytest.fixture(scope="session")
def networks(client: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The networks that the first service built, so that they are built once."""
    return next(tmp_path_factory.getbasetemp().glob("served*")) / "networks"


@pytest.fixture(scope="session")
def probe() -> bytes:
    """A later photo of drawn person 3."""
    return photo_bytes(3, 2)
