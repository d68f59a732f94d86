"""Bodies that never come, or come a byte at a time: they end by themselves, and keep nobody else out."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest

from matcher.accounts.roles import Role
from tests.api.attacks.parts import Served, guarded, sign_in

LONG = 1_000
FORM = "application/x-www-form-urlencoded"


@contextmanager
def begun(served: Served, path: str, *headers: str, method: str = "POST") -> Iterator[socket.socket]:
    """A request whose body has not come yet."""
    host, port = served.address.removeprefix("http://").split(":")
    head = (f"{method} {path} HTTP/1.1", f"Host: {host}:{port}", "Content-Length: 50", *headers)
    with socket.create_connection((host, int(port)), timeout=60) as wire:
        wire.sendall("\r\n".join((*head, "", "")).encode())
        yield wire


def answered(wire: socket.socket) -> tuple[int, str]:
    """The status and the code of the error."""
    said = b""
    while piece := wire.recv(65_536):
        said += piece
    head, _, body = said.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["error"]["code"]


def until(client: httpx.Client, path: str, status: int) -> None:
    """Ask again until this is answered; who never is, is found by the test's own time limit."""
    for _ in range(10_000):
        if client.get(path).status_code == status:
            return
    raise AssertionError(f"{path} is never answered with {status}")


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory, networks: Path) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("short")
    (home / "networks").symlink_to(networks)
    with guarded(home, most_at_once=1, body_seconds=LONG, body_pause_seconds=0.5) as served:
        yield served


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/v1/jobs", ("Content-Type: application/json",)),
        ("/v1/jobs", ("Content-Type: application/json", "Idempotency-Key: one")),
        ("/v1/identify", ("Content-Type: image/jpeg",)),
        ("/v1/identify", ("Content-Type: multipart/form-data; boundary=x",)),
        ("/v1/documents/verify", ("Content-Type: application/json",)),
        ("/signin", (f"Content-Type: {FORM}",)),
    ],
)
@pytest.mark.long
def test_a_body_that_never_comes_frees_its_place(short: Served, path: str, headers: tuple[str, ...]) -> None:
    program = short.of_role(Role.OFFICER)
    given = () if path == "/signin" else (f"Authorization: {program['Authorization']}",)
    with begun(short, path, *headers, *given) as wire, short.browser() as client:
        assert answered(wire) == (408, "too_slow")
        assert client.get("/signin").status_code == 200


@pytest.mark.long
def test_a_body_that_trickles_is_ended_after_its_time(own: Callable[..., Served]) -> None:
    served = own(most_at_once=1, body_seconds=0.5, body_pause_seconds=LONG)
    with begun(served, "/signin", f"Content-Type: {FORM}") as wire, served.browser() as client:
        wire.sendall(b"a")
        until(client, "/signin", 200)
        assert answered(wire) == (408, "too_slow")


@pytest.mark.long
def test_forms_of_strangers_never_take_every_place(own: Callable[..., Served]) -> None:
    served = own(most_at_once=8, body_seconds=LONG, body_pause_seconds=LONG)
    with ExitStack() as stack, served.browser() as client:
        wires = [
            stack.enter_context(begun(served, "/signin", f"Content-Type: {FORM}", "Connection: close"))
            for _ in range(20)
        ]
        # One of them is waited for, the others are asked to come again; everybody else is served.
        for _ in range(20):
            assert client.get("/signin").status_code == 200
        waiting = 0
        for wire in wires:
            wire.settimeout(2.5)
            try:
                assert answered(wire) == (503, "full")
            except TimeoutError:
                waiting += 1
        assert waiting == 1
        wires[0].close()


def test_reading_away_what_nobody_wants_keeps_nobody_out(
    own: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.unread._SECONDS", 60.0)
    served = own(most_at_once=1, body_seconds=LONG, body_pause_seconds=LONG)
    with begun(served, "/v1/jobs") as wire, served.browser() as client:
        until(client, "/signin", 200)
        wire.setblocking(False)
        with pytest.raises(BlockingIOError):
            wire.recv(1)
        wire.setblocking(True)
        wire.sendall(b"x" * 50)
        assert wire.recv(12) == b"HTTP/1.1 401"


@pytest.mark.parametrize("sent", [b"", b"GET /signin HTTP/1.1\r\nHo"])
def test_a_connection_that_asks_nothing_is_closed(short: Served, monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr("api.heads.HEAD_SECONDS", 0.3)
    host, port = short.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as wire:
        wire.sendall(sent)
        assert wire.recv(1) == b""


@pytest.mark.long
def test_a_second_request_has_its_own_time(short: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.heads.HEAD_SECONDS", 2.0)
    with closing(HTTPConnection(short.address.removeprefix("http://"), timeout=60)) as connection:
        for _ in range(2):
            connection.request("GET", "/healthz")
            answer = connection.getresponse()
            assert (answer.status, bool(answer.read())) == (200, True)
        wire = connection.sock
        # The first lines of the third never come whole.
        wire.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        assert wire.recv(1) == b""


def test_whoever_is_in_time_is_served(short: Served) -> None:
    with short.browser() as client:
        assert sign_in(client, "officer").status_code == 303
