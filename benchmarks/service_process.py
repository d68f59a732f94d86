"""A service in a process of its own, with an account's token, and what it takes of the machine."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import population

ROOT = Path(__file__).parents[1]
OWNER = "benchmark"
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True, repr=False)
class Service:
    """A service that answers. token: of an account that may search."""

    process: int
    host: str
    port: int
    token: str

    def cpu_seconds(self) -> float:
        """Processor time of all its threads, those that have ended included."""
        # The clock that clock_getcpuclockid(3) gives for a process.
        return time.clock_gettime((~self.process << 3) | 2)

    def wait_until_idle(self, *, share: float = 0.05, most_seconds: float = 900) -> float:
        """Wait until it takes less than this share of a core for three seconds; how long that took, in seconds.

        A service over a gallery that is new to it meets everyone once, in a thread beside the searches.
        """
        began = time.monotonic()
        while time.monotonic() < began + most_seconds:
            cpu = self.cpu_seconds()
            time.sleep(3)
            if self.cpu_seconds() - cpu < 3 * share:
                return time.monotonic() - began
        raise SystemExit("benchmarks: the service does not come to rest")

    def resident_bytes(self) -> int:
        """What it holds in memory of its own: without the pages of files that it shares and that can be dropped."""
        _size, resident, shared, *_ = map(int, Path(f"/proc/{self.process}/statm").read_text().split())
        return (resident - shared) * _PAGE


def prepare_home(home: Path, size: int) -> None:
    """A home with so many drawn people, made once; the same is found again."""
    mark = home / f"people-{size}"
    if mark.exists():
        return
    if home.exists() and any(home.iterdir()):
        raise SystemExit(f"benchmarks: {home} holds something else, or a part of it; name another with --home")
    home.mkdir(parents=True, exist_ok=True)
    import numpy as np

    file = home / "people.npy"
    np.save(file, population.load().gallery(size))
    _matcher(home, "import-embeddings", file, "--refused", home / "refused.csv")
    file.unlink()
    mark.touch()


@contextmanager
def serving(home: Path, *, log: Path) -> Iterator[Service]:
    """A service over a home while the block runs, as `matcher serve` starts it; with accounts, as others see it."""
    token = _token(home)
    command = [sys.executable, "-m", "api.cli", "--home", str(home), "serve", "--port", "0"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with (
        log.open("wb") as errors,
        subprocess.Popen(  # noqa: S603 - our own
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        try:
            if process.stdout is None:
                raise RuntimeError("the service says nothing")
            said = process.stdout.readline()
            found = re.search(r"http://([\d.]+):(\d+)", said)
            if found is None:
                raise SystemExit(f"benchmarks: the service did not start; see {log}")
            service = Service(process.pid, found[1], int(found[2]), token)
            _wait_until_it_answers(service)
            yield service
        finally:
            process.terminate()
            process.wait(60)


def _token(home: Path) -> str:
    """A new token of the account that the benchmark searches as, which is made where it is not there."""
    known = [json.loads(line)["name"] for line in _matcher(home, "accounts", "list", "--json").splitlines()]
    # Of the gallery nothing is stated: outside cases that takes the right of supervisors.
    _matcher(home, "accounts", "roles" if OWNER in known else "add", OWNER, "--role", "supervisor")
    scopes = ("--scope", "search", "--scope", "search:foreign")
    said = _matcher(home, "accounts", "token", "add", OWNER, *scopes, "--days", "1")
    return said.split()[0]


def _matcher(home: Path, *words: object) -> str:
    command = [sys.executable, "-m", "api.cli", "--home", str(home), *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    if done.returncode:
        raise SystemExit(f"benchmarks: matcher {words[0]} failed: {done.stderr.strip()}")
    return done.stdout


def _wait_until_it_answers(service: Service) -> None:
    from http.client import HTTPConnection

    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        try:
            connection = HTTPConnection(service.host, service.port, timeout=300)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("benchmarks: the service does not answer")
