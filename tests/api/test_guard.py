"""Who is served before there are accounts: this machine, and no other site's page."""

import asyncio
import logging
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from api.guard import Guard, admit
from matcher.settings import Settings

UNOPENED = create_app(Settings(home=Path("/dev/null/never")))
"""A service whose home can't be: what gets past the guard fails there."""

ADDRESSES = ("/", "/healthz", "/readyz", "/v1/galleries", "/static/page.js", "/openapi.json", "/nowhere")


def asked(headers: dict[str, str], *, client: str = "127.0.0.1", method: str = "GET", address: str = "/healthz") -> int:
    """The status that a request from `client` gets, without a server between."""

    async def ask() -> int:
        transport = httpx.ASGITransport(UNOPENED, client=(client, 40_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as asker:
            return (await asker.request(method, address, headers=headers)).status_code

    return asyncio.run(ask())


@pytest.mark.parametrize("client", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_served(client: str) -> None:
    assert asked({}, client=client) == 200


@pytest.mark.parametrize("client", ["192.0.2.7", "10.0.0.1", "::ffff:192.0.2.7", "2001:db8::1", "testclient", ""])
def test_other_machines_are_refused(client: str) -> None:
    assert asked({}, client=client) == 403


@pytest.mark.parametrize("host", ["localhost", "LocalHost:8000", "127.0.0.1:1", "[::1]:8000", "[::1]"])
def test_hosts_that_name_the_loopback_are_served(host: str) -> None:
    assert asked({"Host": host}) == 200


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "localhost.example.com:8000",
        "127.0.0.1.example.com",
        "10.0.0.1",
        "0.0.0.0",
        "127.1",
        "2130706433",
        "[::]",
        "[::2]",
        "::1",
        "[::1",
        "user@localhost",
        "localhost\\@example.com",
        "localhost:",
        "localhost:8000:1",
        "localhost:123456",
        "localhost/",
        "localhost#",
    ],
)
def test_dns_rebinding_is_refused(host: str) -> None:
    assert asked({"Host": host}) == 403


@pytest.mark.parametrize("name", ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via"])
def test_what_a_proxy_passed_on_is_refused(client: httpx.Client, name: str) -> None:
    assert client.get("/healthz", headers={name: "127.0.0.1"}).status_code == 403


@pytest.mark.parametrize(
    ("headers", "served"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:8000"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Origin": "http://localhost:3000"}, False),
        ({"Origin": "https://localhost:8000"}, False),
        ({"Origin": "http://localhost"}, False),
        ({"Origin": "http://example.com"}, False),
        ({"Origin": "null"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, False),
    ],
)
@pytest.mark.parametrize(
    ("method", "address"),
    [("POST", "/v1/identify"), ("POST", "/v1/persons"), ("DELETE", "/v1/persons/a"), ("GET", "/v1/persons/a")],
)
def test_pages_of_other_sites_are_refused(headers: dict[str, str], served: bool, method: str, address: str) -> None:
    assert (asked(headers, method=method, address=address) != 403) is served


def test_a_link_from_elsewhere_may_lead_to_the_page_but_not_frame_it() -> None:
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert asked({**elsewhere, "Sec-Fetch-Dest": "document"}, address="/") != 403
    assert asked({**elsewhere, "Sec-Fetch-Dest": "iframe"}, address="/") == 403
    assert asked({**elsewhere, "Sec-Fetch-Dest": "document"}, address="/openapi.json") == 403


def test_every_answer_carries_the_headers(client: httpx.Client) -> None:
    answers = [client.get(address) for address in ADDRESSES]
    answers += [client.get("/healthz", headers={"Host": "example.com"}), client.put("/v1/persons")]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        # Pages tell their address to their own site alone, whose forms need it; all else tells nobody.
        page = answer.headers.get("content-type", "").startswith("text/html")
        assert answer.headers["referrer-policy"] in {"no-referrer", "same-origin" if page else "no-referrer"}
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["cache-control"] in ("no-store", "no-cache")
        assert "access-control-allow-origin" not in answer.headers
    assert client.get("/v1/galleries").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("address", ADDRESSES)
def test_head_is_get_without_the_body(client: httpx.Client, address: str) -> None:
    head, get = client.head(address), client.get(address)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["content-length"] == str(len(get.content))


def test_a_fault_inside_is_told_without_what_was_in_it(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(_scope: object, _receive: object, _send: object) -> None:
        raise RuntimeError(" ".join(["the name of", "a person"]))

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(Guard(broken), client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as asker:
            return await asker.get("/")

    with caplog.at_level(logging.ERROR):
        answer = asyncio.run(ask())
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "RuntimeError" in caplog.text
    assert "the name of a person" not in answer.text + caplog.text


def test_websockets_are_closed() -> None:
    sent = []

    async def ask() -> None:
        async def send(message: object) -> None:
            sent.append(message)

        await Guard(UNOPENED)({"type": "websocket"}, None, send)  # type: ignore[arg-type]

    asyncio.run(ask())
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_two_host_headers_are_refused() -> None:
    from api.errors import Refused

    both = [(b"host", b"localhost"), (b"host", b"example.com")]
    with pytest.raises(Refused):
        admit({"client": ("127.0.0.1", 1), "headers": both, "scheme": "http", "method": "GET", "path": "/"})
