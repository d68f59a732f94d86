"""Service processes over one PostgreSQL database, each with a home of its own, and HAProxy as docs/replicas.md says."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from matcher.accounts.opening import accounts_of
from matcher.accounts.roles import RIGHTS, Right, Role
from matcher.records.database import Database
from matcher.settings import Settings
from tests.matcher.reembedding_parts import root

NAME = "matcher.example.org"
DRAIN_SECONDS = 3
_NEVER = {Right.OWN_ACCOUNT, Right.MANAGE_ACCOUNTS}
_PASSED_ON = {"Host": NAME, "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "https"}


class Replica:
    """A service process on a port that it keeps through restarts."""

    def __init__(self, home: Path, url: str, networks: Path, token: str) -> None:
        home.mkdir()
        (home / "networks").symlink_to(networks)
        self.home = home
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._url = url
        self._token = token
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it says that it can answer."""
        environment = {
            **os.environ,
            "MATCHER_DATABASE_URL": self._url,
            "MATCHER_INDEX": "compressed",
            "MATCHER_DRAIN_SECONDS": str(DRAIN_SECONDS),
            "MATCHER_BEHIND_PROXY": "127.0.0.1",
            "MATCHER_HOSTS": NAME,
            "MATCHER_SIGN_INS_PER_MINUTE": "0",
        }
        command = [sys.executable, "-m", "api.cli", "--home", str(self.home), "serve", "--port", str(self.port)]
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=root(), env=environment, stdout=log, stderr=log)
        deadline = time.monotonic() + 300
        while self.ready() != 200:
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)

    def ready(self) -> int:
        """What /readyz answers; 0 where nobody listens."""
        try:
            return httpx.get(f"{self.address}/readyz", headers=self.headers, timeout=30).status_code
        except httpx.TransportError:
            return 0

    @property
    def headers(self) -> dict[str, str]:
        """Those of a program whose requests the proxy passes on."""
        return {**_PASSED_ON, "Authorization": f"Bearer {self._token}"}

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, and wait; its exit code."""
        assert self._process is not None
        self._process.send_signal(how)
        return self._process.wait(300)

    def log(self) -> str:
        return (self.home / "log").read_text(errors="replace")

    def kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(30)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


@contextmanager
def replicas(folder: Path, url: str, networks: Path, count: int = 2) -> Iterator[list[Replica]]:
    """So many replicas that answer, over the database of this URL, which has an account of each role."""
    token = program_token(url, folder)
    made = [Replica(folder / f"replica-{number}", url, networks, token) for number in range(count)]
    try:
        for one in made:
            one.start()
        yield made
    finally:
        for one in made:
            one.kill()


def program_token(url: str, home: Path) -> str:
    """A token that may do whatever officers, administrators and auditors may."""
    with closing(Database.open(url)) as database:
        accounts = accounts_of(database, Settings(home=home, password_kib=19_456))
        roles = frozenset(Role)
        accounts.register.add("anna", roles, "a long enough secret 9", must_change=False)
        rights = frozenset().union(*(RIGHTS[role] for role in roles)) - _NEVER
        return accounts.tokens.add("anna", rights, days=1)[0]


@contextmanager
def proxied(folder: Path, made: list[Replica]) -> Iterator[str]:
    """The address of HAProxy before these replicas, set up as the documentation says."""
    program = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("HAProxy is not installed (Debian's package haproxy)")
    port = free_port()
    config = folder / "haproxy.cfg"
    config.write_text(_documented(port, made))
    token = made[0].headers["Authorization"].removeprefix("Bearer ")
    with (
        (folder / "haproxy.log").open("wb") as log,
        subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", program, "-db", "-f", config],
            env={**os.environ, "MATCHER_CHECK_TOKEN": token},
            stdout=log,
            stderr=log,
        ) as process,
    ):
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for_the_proxy(address, process, folder / "haproxy.log")
            yield address
        finally:
            process.kill()


def _documented(port: int, made: list[Replica]) -> str:
    """The documented configuration with the addresses of this test, and without the certificate."""
    text = (root() / "docs" / "replicas.md").read_text(encoding="utf-8")
    found = re.search(r"^    defaults\n(?:(?:    .*)?\n)+", text, re.MULTILINE)
    assert found, "docs/replicas.md shows no configuration of HAProxy"
    shown = "\n".join(line.removeprefix("    ") for line in found[0].splitlines())
    shown, replaced = re.subn(r"bind :443 .*", f"bind 127.0.0.1:{port}", shown)
    assert replaced == 1
    for address, one in zip(("10.0.0.11:8000", "10.0.0.12:8000"), made, strict=True):
        assert shown.count(address) == 1
        shown = shown.replace(address, f"127.0.0.1:{one.port}")
    return shown + "\n"


def _wait_for_the_proxy(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            if httpx.get(f"{address}/healthz", headers={"Host": NAME}, timeout=10).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError(log.read_text())
