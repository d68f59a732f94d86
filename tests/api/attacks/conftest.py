"""One service with accounts for all attacks that leave it as it was, and an empty one for each of the others."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.api.attacks.parts import Served, guarded, sign_in


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory, networks: Path) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("guarded")
    (home / "networks").symlink_to(networks)
    with guarded(home) as served:
        yield served


@pytest.fixture
def own(tmp_path: Path, networks: Path) -> Iterator[Callable[..., Served]]:
    """Makes services of this test's own, with settings."""
    with ExitStack() as stack:

        def made(**settings: object) -> Served:
            home = tmp_path / f"home{len(list(tmp_path.iterdir()))}"
            home.mkdir()
            (home / "networks").symlink_to(networks)
            return stack.enter_context(guarded(home, **settings))

        yield made


@pytest.fixture
def officer(served: Served) -> Iterator[httpx.Client]:
    """A browser in which the officer is signed in."""
    with served.browser() as client:
        assert sign_in(client, "officer").status_code == 303
        yield client
