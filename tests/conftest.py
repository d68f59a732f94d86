"""Both databases for the tests of the records: a file, and a server that is started when the first test needs it."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from matcher.records import migrating
from matcher.records.database import Database
from matcher.records.sqlite import url_in
from tests import postgresql
from tests.same_tables import SameTables

# Laws are judged by what they find, not by how long a busy machine took to look. "thorough" looks ten times as far,
# where a test does not say itself how far: pytest --hypothesis-profile thorough. In CI, examples are always the same.
_untimed = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True, derandomize="CI" in os.environ
)
settings.register_profile("quick", _untimed, max_examples=50)
settings.register_profile("thorough", _untimed, max_examples=500)
settings.load_profile("quick")


# What a test takes that needs a program besides the locked packages: a database server, a browser.
_PROGRAMS = {"server", "browser", "chromium"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that need other programs belong to the full suite, so that `scripts/test` is quick and alike everywhere."""
    for item in items:
        if _PROGRAMS.intersection(getattr(item, "fixturenames", ())) or "postgresql" in item.name:
            item.add_marker(pytest.mark.long)


@pytest.fixture(scope="session", autouse=True)
def no_operators_database() -> None:
    """No test comes near the records of whoever runs the tests, or their index."""
    for name in ("MATCHER_DATABASE_URL", "MATCHER_INDEX_URL", "MATCHER_INDEX_TOKEN"):
        os.environ.pop(name, None)


@pytest.fixture(scope="session", autouse=True)
def quick_to_start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Two things that tests do thousands of times, and that take longer than what they are there for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrating, "_run", SameTables(migrating._run))
        # Every new HTTP client reads all certificates that are trusted; nobody outside of this machine is.
        patch.setenv("SSL_CERT_DIR", str(tmp_path_factory.mktemp("trusted")))
        yield


@pytest.fixture(scope="session")
def server() -> Iterator[postgresql.Server]:
    """A PostgreSQL server with nothing in it, as quick as one can be that need not survive anything."""
    if postgresql.programs() is None:
        pytest.skip("PostgreSQL is not installed (Debian's package postgresql)")
    quick = [word for name in ("fsync", "full_page_writes", "synchronous_commit") for word in ("-c", f"{name}=off")]
    with postgresql.running(*quick, "-c", "shared_buffers=32MB") as server:
        yield server


@pytest.fixture(scope="session")
def migrated(server: postgresql.Server) -> str:
    """The name of a database with the tables of today, to be copied."""
    name = server.new_database()
    with closing(Database.open(server.url(name))):
        pass
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Makes the URLs of new, empty databases; a test that takes it runs on both kinds."""
    if request.param == "sqlite":
        made = 0

        def on_sqlite() -> str:
            nonlocal made
            made += 1
            return url_in(tmp_path / f"records-{made}")

        yield on_sqlite
        return
    server: postgresql.Server = request.getfixturevalue("server")
    like: str = request.getfixturevalue("migrated")
    names: list[str] = []

    def on_server() -> str:
        names.append(server.new_database(like=like))
        return server.url(names[-1])

    yield on_server
    for name in names:
        server.drop(name)


@pytest.fixture
def url(new_url: Callable[[], str]) -> str:
    """The URL of a new, empty database; a test that takes it runs on SQLite and on PostgreSQL."""
    return new_url()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What `scripts/test` leaves out is said, as what is skipped is."""
    if config.getoption("-m") == "not long":
        terminalreporter.write_line(
            "Tests that take long or need PostgreSQL or Chromium (long) were left out; "
            "MATCHER_LONG_TESTS=1 scripts/test runs them."
        )
