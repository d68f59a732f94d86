"""A real server for the tests: milvus-lite as a process of its own, or the one that MATCHER_TEST_MILVUS names.

milvus-lite speaks the protocol of a cluster; it is slow with many entries, and needs no installation of its own.
"""

import importlib.util
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from index.milvus.address import MilvusAddress, milvus_address

ROOT = Path(__file__).parents[2]
NAMED = "MATCHER_TEST_MILVUS"
TOKEN = "MATCHER_TEST_MILVUS_TOKEN"
_STARTING = 60.0


@dataclass(slots=True)
class LiteServer:
    """milvus-lite on a port of this machine; may be killed and started again on the same data."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def url(self) -> str:
        return f"milvus://127.0.0.1:{self.port}"

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(self.folder / "data.db"), str(self.port)],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=ROOT,
            )
        until = time.monotonic() + _STARTING
        while not _listening(self.port):
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((self.folder / "log").read_text(encoding="utf-8", errors="replace")[-2000:])
            time.sleep(0.05)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def need_milvus() -> None:
    """Skip where the extra is not installed."""
    for name in ("pymilvus", "milvus_lite"):
        if importlib.util.find_spec(name) is None:
            pytest.skip("the extra milvus is not installed (EXTRAS=milvus scripts/setup)")


@contextmanager
def lite_server() -> Iterator[LiteServer]:
    with tempfile.TemporaryDirectory(prefix="milvus-lite-") as folder:
        server = LiteServer(Path(folder), _free_port())
        server.start()
        try:
            yield server
        finally:
            server.kill()


@contextmanager
def any_server() -> Iterator[MilvusAddress]:
    """The server that is named, else one of our own."""
    named = os.environ.get(NAMED)
    if named:
        yield milvus_address(named, token=os.environ.get(TOKEN, ""))
        return
    with lite_server() as server:
        yield milvus_address(server.url)


def _free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _listening(port: int) -> bool:
    with closing(socket.socket()) as asking:
        asking.settimeout(1.0)
        return asking.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    from milvus_lite.adapter.grpc.server import run_server

    run_server(sys.argv[1], host="127.0.0.1", port=int(sys.argv[2]))
