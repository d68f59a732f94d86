"""Paths, SQL, script and headers where text is expected; bodies that are too large, or never end."""

import io
import json
import logging
import re
import socket
import struct
import zlib
from collections.abc import Callable

import httpx
import pytest

from matcher.accounts.roles import Right, Role
from tests.api.attacks.parts import PASSWORD, Served, csrf, sign_in, token_in

SQL = (
    "' or '1'='1",
    "'; drop table account; --",
    '" or 1=1 --',
    "1); delete from account where (1=1",
    "\\'; --",
    "%' --",
)
SCRIPT = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}", "${7*7}", "javascript:alert(1)")
PATHS = (
    "..",
    "../..",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e",
    "....//",
    "%00",
    "a%00.css",
    "~root",
    "C:%5cx",
    "%5c..%5c",
)


@pytest.mark.parametrize("path", PATHS)
def test_paths_lead_nowhere_else(served: Served, path: str) -> None:
    headers = served.of_role(Role.SUPERVISOR)
    with httpx.Client(base_url=served.address, headers=headers) as client:
        for start in ("/static/", "/v1/persons/", "/v1/cases/", "/"):
            answer = client.get(f"{start}{path}")
            assert answer.status_code in (200, 307, 404, 422, 400), (start, path, answer.status_code)
            assert "root:" not in answer.text
            if answer.status_code == 200:
                # httpx itself takes ".." out of a path; what is left is the page.
                assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("text", [*SQL, *SCRIPT])
def test_text_is_text_wherever_it_is_given(served: Served, text: str) -> None:
    with served.browser() as client:
        refused = sign_in(client, text, text)
        assert refused.status_code == 401
        assert text not in refused.text or not set("<>\"'") & set(text)
        sign_in(client, "administrator")
        headers = csrf(client)
        made = client.post("/v1/accounts", json={"name": text, "roles": ["officer"]}, headers=headers)
        assert (made.status_code, made.json()["error"]["field"]) == (422, "name")
        token = client.post(
            "/v1/accounts/officer/tokens", json={"scopes": ["search"], "label": text[:100]}, headers=headers
        )
        assert token.status_code == 201
        assert token.json()["about"]["label"] == text
        assert token.headers["content-type"] == "application/json"
        for address in ("/v1/accounts", "/v1/accounts/officer/tokens", "/v1/persons"):
            answer = client.get(address, params={"cursor": text[:64]})
            assert answer.status_code in (200, 422)
            assert answer.headers["x-content-type-options"] == "nosniff"
        assert client.get(f"/v1/accounts/{text.replace('/', '')}".replace("%", "%25")).status_code in (404, 422)
    # Nothing was dropped, and everybody is still there.
    assert {account.name for account in served.accounts.register.page()} >= {role.value for role in Role}


@pytest.mark.parametrize("text", SCRIPT)
def test_pages_show_text_as_text(served: Served, text: str) -> None:
    with served.browser() as client:
        page = sign_in(client, text)
        assert text[:64] not in page.text or "<" not in text
        policy = page.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "require-trusted-types-for 'script'; trusted-types 'none'" in policy
        assert "unsafe" not in policy
        assert "form-action 'self'" in policy
        scripts = re.findall("<script[^>]*>[^<]*", page.text)
        assert all(re.fullmatch(r'<script type="module" src="/static/[a-z_]+\.js">', script) for script in scripts), (
            scripts
        )


@pytest.mark.parametrize("line", ["x\r\nSet-Cookie: a=b", "x\nX-Injected: 1", "x\r\n\r\n<html>"])
def test_no_header_is_made_of_what_was_sent(served: Served, line: str) -> None:
    with served.browser() as client:
        answers = [sign_in(client, line, line), client.get("/v1/nowhere", params={"a": line})]
        answers.append(client.get("/signin", headers={"X-Request-Id": "mine", "Accept": "text/html"}))
        headers = served.program("officer", Right.READ_PEOPLE)
        answers.append(client.get("/v1/persons/x", params={"gallery": line}, headers=headers))
    for answer in answers:
        assert "x-injected" not in answer.headers
        assert "a=b" not in str(answer.headers.get_list("set-cookie"))
        assert answer.headers["x-request-id"] != "mine"


@pytest.mark.long
def test_requests_are_not_smuggled(served: Served) -> None:
    host, port = served.address.removeprefix("http://").split(":")
    head = f"POST /signin HTTP/1.1\r\nHost: {host}:{port}\r\n"
    for framing in (
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: +5\r\n", "Content-Length: -1\r\n", "Transfer-Encoding: xchunked\r\n",
    ):  # fmt: skip
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            smuggled = f"0\r\n\r\nGET /v1/me HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n"
            connection.sendall((head + framing + "\r\n" + smuggled).encode())
            connection.settimeout(3)
            said = b""
            try:
                while piece := connection.recv(65536):
                    said += piece
            except TimeoutError:
                pass
        assert said.count(b"HTTP/1.1 2") == 0, framing


def bomb() -> bytes:
    """A PNG of a few hundred kilobytes that unpacks to 60,000 x 60,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(2**24), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def test_photos_that_would_unpack_to_gigabytes_are_refused_unopened(served: Served) -> None:
    headers = {**served.program("supervisor", Right.SEARCH, Right.SEARCH_FOREIGN), "Content-Type": "image/png"}
    answer = httpx.post(f"{served.address}/v1/identify", content=bomb(), headers=headers, timeout=30)
    assert answer.status_code == 200
    assert (answer.json()["outcome"], answer.json()["candidates"]) == ("photo_unusable", [])


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", "text/plain", ""])
def test_only_photos_may_be_large(served: Served, kind: str) -> None:
    with served.browser() as client:
        sign_in(client, "administrator")
        headers = {**csrf(client), **({"Content-Type": kind} if kind else {})}
        declared = client.post("/v1/accounts", headers=headers, content=b"x" * (2**20 + 1))
        assert (declared.status_code, declared.json()["error"]["code"]) == (413, "too_large")
        streamed = client.post("/v1/accounts", headers=headers, content=(b"x" * 65_536 for _ in range(40)))
        assert streamed.status_code == 413
        form = client.post("/signin", data={"csrf": "x", "name": "x" * 70_000})
        assert form.status_code == 413
        many = client.post("/signin", content="&".join(f"f{n}=1" for n in range(100)), headers={"Content-Type": kind})
        assert many.status_code in (400, 403)


def test_json_that_is_deep_or_no_json_is_refused(served: Served) -> None:
    with served.browser() as client:
        sign_in(client, "administrator")
        headers = {**csrf(client), "Content-Type": "application/json"}
        for body in (
            b"[" * 100_000,
            b"{",
            b"\xff\xfe",
            b"nan",
            b'{"name": 1e999}',
            b'{"name":"\\ud800","roles":["officer"]}',
        ):
            answer = client.post("/v1/accounts", content=body, headers=headers)
            assert answer.status_code in (400, 422), (body[:20], answer.text)
            assert "error" in answer.json()


@pytest.mark.long
def test_nothing_secret_is_logged(own: Callable[..., Served]) -> None:
    from api.logs import JsonLines

    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(JsonLines())
    # Those of the service's process; the tests' own client logs what it sends, too.
    mine = [logging.getLogger(name) for name in ("api", "matcher", "index", "uvicorn.error", "sqlalchemy", "alembic")]
    before = [logger.level for logger in mine]
    for logger in mine:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    try:
        served = own()
        token = served.program("supervisor", Right.SEARCH, Right.READ_PEOPLE)
        with served.browser() as client:
            sign_in(client, "secretive-name", "a password that nobody has 1")
            sign_in(client, "officer")
            form = {"csrf": token_in(client.get("/account")), "before": PASSWORD, "password": "x", "again": "x"}
            client.post("/account/password", data=form)
            client.get("/v1/persons/Lan-Ruoming", headers=token)
            client.get("/v1/persons", params={"cursor": "Lan Ruoming"}, headers=token)
            client.get("/v1/me", headers={"Authorization": token["Authorization"] + "x"})
            cookies = [cookie.value or "-" for cookie in client.cookies.jar]
            client.post("/signout", data={"csrf": token_in(client.get("/account"))})
    finally:
        for logger, level in zip(mine, before, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)
    said = lines.getvalue()
    access = [json.loads(line) for line in said.splitlines() if '"api.access"' in line]
    assert {line["status"] for line in access} >= {200, 303, 401, 404}
    assert all(line["request"] for line in access)
    assert any(line["route"] == "/v1/persons/{person_id}" for line in access)
    assert any(line["actor"].startswith("account:supervisor/token:") for line in access)
    secret = token["Authorization"].rpartition("_")[2]
    own_words = (PASSWORD, "a password that nobody has", "secretive-name", "Lan", secret, form["csrf"], *cookies)
    for word in own_words:
        assert word not in said, word
