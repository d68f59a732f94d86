"""A PostgreSQL server of the tests' own: in a temporary folder, on a socket in it, ended with whoever began it.

Where PostgreSQL isn't installed the tests that need it are skipped, and say so.
"""

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

USER = "matcher"
_STARTING = 30.0


def programs() -> Path | None:
    """Where initdb and postgres are: the newest that Debian has installed, else on the path; None without any."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    named = shutil.which("initdb")
    return found[-1].parent if found else Path(named).parent if named else None


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. folder: where its socket is."""

    folder: Path
    password: str

    def url(self, database: str, *, user: str = USER, password: str | None = None) -> str:
        """The URL of a database, as MATCHER_DATABASE_URL takes it."""
        secret = self.password if password is None else password
        return f"postgresql+psycopg://{user}:{quote(secret)}@/{database}?host={quote(str(self.folder))}"

    def run(self, statement: str) -> None:
        """Run a statement outside of any transaction, as the owner of everything."""
        with psycopg.connect(
            host=str(self.folder), user=USER, password=self.password, dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement.encode())

    def new_database(self, *, like: str = "template1") -> str:
        """Make a database, a copy of another one that nobody is connected to; its name."""
        name = f"test_{secrets.token_hex(6)}"
        self.run(f'CREATE DATABASE "{name}" TEMPLATE "{like}"')
        return name

    def drop(self, name: str) -> None:
        self.run(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def running(*options: str) -> Iterator[Server]:
    """Start a server with these options (as in `-c`, `fsync=off`) and end it."""
    found = programs()
    if found is None:
        raise FileNotFoundError("initdb")
    folder = Path(tempfile.mkdtemp(prefix="matcher-pg-"))
    try:
        server = Server(folder, secrets.token_urlsafe(12) + "%:@/")
        _initialised(found, server)
        log = (folder / "log").open("wb")
        command = [found / "postgres", "-D", folder / "data", "-k", folder, "-c", "listen_addresses=", *options]
        with log, subprocess.Popen(_as_user(*command), stdout=log, stderr=log, stdin=subprocess.DEVNULL) as process:
            try:
                _wait(server, process)
                yield server
            finally:
                # Immediately: what is in it is thrown away.
                process.send_signal(3)
                process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _initialised(found: Path, server: Server) -> None:
    secret = server.folder / "password"
    secret.write_text(server.password)
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root.
        for path in (server.folder, secret):
            shutil.chown(path, "postgres", "postgres")
    options = ["--no-sync", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", f"--username={USER}"]
    command = [found / "initdb", "-D", server.folder / "data", f"--pwfile={secret}", *options]
    subprocess.run(_as_user(*command), check=True, capture_output=True, cwd=server.folder)


def _as_user(*command: object) -> list[str]:
    """The command as somebody who is not root, ended when this process is."""
    words = [str(word) for word in command]
    before = ["setpriv", "--pdeathsig", "QUIT"]
    if os.geteuid() == 0:
        before += ["--reuid=postgres", "--regid=postgres", "--clear-groups"]
    return [*before, *words]


def _wait(server: Server, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _STARTING
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(psycopg.OperationalError):
            server.run("SELECT 1")
            return
        time.sleep(0.05)
    raise RuntimeError((server.folder / "log").read_text(errors="replace"))
