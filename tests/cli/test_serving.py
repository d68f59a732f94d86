"""How the service ends: requests under way are finished, for a while; and nobody waits for what it loads."""

import json
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from matcher.drawn import DemoSet
from tests.cli.parts import Shell, command, started

_WITH_GRACE = """
import sys
from pathlib import Path
from api.cli.serve import serve_settings
from matcher.settings import load_settings
serve_settings(load_settings(Path(sys.argv[1]), port=0, without_accounts=True), grace=1)
"""


def _half_sent(address: str, photo: bytes) -> tuple[socket.socket, bytes]:
    """A search of which the service has half of the photo; and the other half."""
    host, port = address.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=60)
    head = f"POST /v1/identify HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: image/jpeg\r\n"
    connection.sendall(f"{head}Content-Length: {len(photo)}\r\n\r\n".encode() + photo[: len(photo) // 2])
    # The service has the request when it answers another one that came later.
    with socket.create_connection((host, int(port)), timeout=60) as other:
        other.sendall(f"GET /healthz HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        assert other.recv(4096).startswith(b"HTTP/1.1 200")
    return connection, photo[len(photo) // 2 :]


def _everything(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def _photo(drawn: DemoSet) -> bytes:
    return sorted((drawn.backlog.parent / "cases").iterdir())[0].read_bytes()


@pytest.mark.long
def test_sigterm_lets_requests_under_way_end(asking: Shell, drawn: DemoSet, tmp_path: Path) -> None:
    with started(
        "serve", "--without-accounts", "--home", asking.home, "--port", 0, folder=tmp_path, PYTHONUNBUFFERED="1"
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[1]
        connection, rest = _half_sent(address, _photo(drawn))
        process.send_signal(signal.SIGTERM)
        # It takes no more connections, and waits for the rest of this one.
        host, port = address.removeprefix("http://").split(":")
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                socket.create_connection((host, int(port)), timeout=1).close()
            except OSError:
                break
            time.sleep(0.05)
        assert process.poll() is None
        connection.sendall(rest)
        with connection:
            head, _, body = _everything(connection).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        assert json.loads(body)["candidates"]
        out, said = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Ended" in out
    assert "Traceback" not in said


@pytest.mark.long
def test_a_request_that_never_ends_does_not_keep_it(asking: Shell, drawn: DemoSet, tmp_path: Path) -> None:
    with subprocess.Popen(
        [command()[0], "-c", _WITH_GRACE, str(asking.home)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[1]
        connection, _ = _half_sent(address, _photo(drawn))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        connection.close()
    assert process.returncode == 0
