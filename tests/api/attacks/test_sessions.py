"""Sessions of browsers: forged, stolen, replayed, fixed, used from other sites."""

import secrets
from collections.abc import Callable

import httpx
import pytest

from api.auth import browser
from matcher.accounts.actor import SignedIn
from matcher.accounts.roles import Right, Role
from tests.api.attacks.parts import PASSWORD, Served, csrf, sign_in, token_in

COOKIE = browser.SESSION


def test_a_browser_is_led_to_the_form_signs_in_and_out(served: Served) -> None:
    with served.browser() as client:
        led = client.get("/", headers={"Accept": "text/html,*/*"})
        assert (led.status_code, led.headers["location"]) == (303, "/signin")
        answer = sign_in(client, "officer")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        first = client.get("/")
        assert (first.status_code, first.headers["location"]) == (303, "/worklist")
        assert client.get("/v1/me").json()["roles"] == ["officer"]
        kept = client.cookies[COOKIE]
        left = client.post("/signout", data={"csrf": token_in(client.get("/account"))})
        assert left.status_code == 303
        assert COOKIE not in client.cookies
        # The cookie that a thief kept is of no use.
        assert client.get("/v1/me", headers={"Cookie": f"{COOKIE}={kept}"}).status_code == 401


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(served: Served) -> None:
    with served.browser() as client:
        visitor = client.get("/signin").headers["set-cookie"]
        session = sign_in(client, "officer").headers.get_list("set-cookie")[0]
    for line in (visitor, session):
        parts = {part.strip().lower() for part in line.split(";")[1:]}
        assert {"httponly", "samesite=strict", "path=/"} <= parts
        assert not any(part.startswith(("domain", "expires", "max-age")) for part in parts)


@pytest.mark.parametrize("value", ["", "x", "A" * 43, "A" * 60_000, "é", "%00", "' or '1'='1", "../../etc/passwd"])
def test_forged_sessions(served: Served, value: str) -> None:
    with served.browser() as client:
        answer = client.get("/v1/me", headers={"Cookie": f"{COOKIE}={value}".encode()})
        assert answer.status_code in (400, 401, 431)


def test_two_cookies_of_one_name_are_none(served: Served, officer: httpx.Client) -> None:
    mine = officer.cookies[COOKIE]
    with served.browser() as client:
        assert client.get("/v1/me", headers={"Cookie": f"{COOKIE}={mine}"}).status_code == 200
        for both in (f"{COOKIE}={mine}; {COOKIE}=x", f"{COOKIE}=x; {COOKIE}={mine}"):
            assert client.get("/v1/me", headers={"Cookie": both}).status_code == 401


def test_a_session_that_was_brought_along_is_never_used(served: Served) -> None:
    fixed = secrets.token_urlsafe(32)
    with served.browser() as client:
        client.cookies.set(COOKIE, fixed, domain="127.0.0.1")
        sign_in(client, "officer")
        assert client.cookies.get(COOKIE, domain="127.0.0.1") != fixed or len(client.cookies) > 1
        assert httpx.get(f"{served.address}/v1/me", headers={"Cookie": f"{COOKIE}={fixed}"}).status_code == 401


def test_signing_in_again_ends_the_session_before(served: Served, officer: httpx.Client) -> None:
    before = officer.cookies[COOKIE]
    assert sign_in(officer, "supervisor").status_code == 303
    assert httpx.get(f"{served.address}/v1/me", headers={"Cookie": f"{COOKIE}={before}"}).status_code == 401


@pytest.mark.long
def test_expired_sessions(own: Callable[..., Served]) -> None:
    served = own()
    officer = served.accounts.register.account("officer")
    session = served.accounts.sessions.begin(officer, SignedIn.PASSWORD)
    headers = {"Cookie": f"{COOKIE}={session.secret}"}
    assert httpx.get(f"{served.address}/v1/me", headers=headers).status_code == 200
    from sqlalchemy import update

    from matcher.records.account_tables import account_session

    with served.accounts.database.writing() as connection:
        connection.execute(update(account_session).values(seen_at=account_session.c.seen_at - 1_801))
    assert httpx.get(f"{served.address}/v1/me", headers=headers).status_code == 401


UNSAFE = [
    ("POST", "/v1/identify", Role.OFFICER), ("POST", "/v1/persons", Role.SUPERVISOR),
    ("DELETE", "/v1/persons/a", Role.SUPERVISOR), ("POST", "/v1/cases", Role.OFFICER),
    ("POST", "/v1/accounts", Role.ADMINISTRATOR), ("PATCH", "/v1/accounts/officer", Role.ADMINISTRATOR),
    ("DELETE", "/v1/accounts/officer/tokens/x", Role.ADMINISTRATOR), ("POST", "/signout", Role.OFFICER),
    ("POST", "/account/password", Role.OFFICER),
]  # fmt: skip


@pytest.mark.parametrize(("method", "address", "role"), UNSAFE)
def test_unsafe_requests_need_the_token_of_their_own_session(
    served: Served, method: str, address: str, role: Role
) -> None:
    with served.browser() as client, served.browser() as other:
        sign_in(client, role.value)
        sign_in(other, "supervisor" if role is not Role.SUPERVISOR else "officer")
        strange = csrf(other)["x-csrf-token"]
        for token in ("", "0" * 64, strange, strange.upper(), "é"):
            headers = {browser.CSRF_HEADER: token.encode()} if token else {}
            answer = client.request(method, address, headers=headers)
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden"), token
            form = client.request(method, address, data={"csrf": token})
            assert form.status_code == 403
        # In the address it is no token.
        assert client.request(method, f"{address}?csrf={csrf(client)['x-csrf-token']}").status_code == 403
        assert client.get("/v1/me").status_code == 200


def test_with_its_own_token_a_request_goes_through(officer: httpx.Client) -> None:
    answer = officer.post("/v1/identify", headers=csrf(officer), content=b"x")
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "wrong_content_type")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "evil.example"},
    ],
)
def test_other_sites_can_not_use_a_session_even_with_its_token(officer: httpx.Client, headers: dict[str, str]) -> None:
    answer = officer.post("/signout", headers={**csrf(officer), **headers})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "refused")
    assert officer.get("/v1/me").status_code == 200


def test_the_sign_in_form_can_not_be_sent_for_somebody(served: Served) -> None:
    with served.browser() as client, served.browser() as attacker:
        theirs = token_in(attacker.get("/signin"))
        fields = {"name": "officer", "password": PASSWORD}
        assert client.post("/signin", data=fields).status_code == 403
        assert client.post("/signin", data={**fields, "csrf": theirs}).status_code == 403
        client.get("/signin")
        assert client.post("/signin", data={**fields, "csrf": theirs}).status_code == 403
        assert COOKIE not in client.cookies


@pytest.mark.long
def test_a_first_password_opens_nothing_but_its_change(own: Callable[..., Served]) -> None:
    served = own()
    served.accounts.register.add("new", frozenset({Role.ADMINISTRATOR}), PASSWORD)
    with served.browser() as client:
        assert sign_in(client, "new").headers["location"] == "/account"
        for address in ("/", "/v1/me", "/v1/accounts", "/openapi.json"):
            assert client.get(address).status_code == 403
        before = client.cookies[COOKIE]
        form = {"csrf": token_in(client.get("/account")), "before": PASSWORD}
        for wrong in ("password1234", PASSWORD):
            assert client.post("/account/password", data={**form, "password": wrong, "again": wrong}).status_code == 422
        assert client.post("/account/password", data={**form, "password": "x" * 20, "again": "y"}).status_code == 422
        chosen = "my very own words 8"
        done = client.post("/account/password", data={**form, "password": chosen, "again": chosen})
        assert done.status_code == 303
        assert client.get("/v1/accounts").status_code == 200
        assert client.cookies[COOKIE] != before
        assert httpx.get(f"{served.address}/account", headers={"Cookie": f"{COOKIE}={before}"}).status_code == 401


@pytest.mark.long
def test_a_change_of_roles_is_felt_at_once(own: Callable[..., Served]) -> None:
    served = own()
    with served.browser() as client:
        sign_in(client, "officer")
        token = served.program("officer", Right.SEARCH)
        served.accounts.register.set_roles("officer", frozenset({Role.AUDITOR}))
        assert client.get("/v1/me").status_code == 401
        assert httpx.post(f"{served.address}/v1/identify", headers=token).status_code == 403


def test_a_token_beside_a_session_stands_alone(served: Served, officer: httpx.Client) -> None:
    headers = served.program("auditor", Right.READ_GALLERIES)
    assert officer.get("/v1/me", headers=headers).json()["name"] == "auditor"
    assert officer.get("/v1/me", headers={"Authorization": "Bearer no"}).status_code == 401
    twice = [("Authorization", headers["Authorization"]), ("Authorization", "Bearer no")]
    assert officer.get("/v1/me", headers=twice).status_code == 401


def test_tokens_are_taken_from_the_header_alone(served: Served) -> None:
    token = served.program("officer", Right.READ_GALLERIES)["Authorization"].removeprefix("Bearer ")
    for name in ("token", "access_token", "api_key", "authorization"):
        assert httpx.get(f"{served.address}/v1/galleries?{name}={token}").status_code == 401
        assert httpx.get(f"{served.address}/v1/galleries", headers={"Cookie": f"{name}={token}"}).status_code == 401
    cookie = {"Cookie": f"{COOKIE}={token}"}
    assert httpx.get(f"{served.address}/v1/galleries", headers=cookie).status_code == 401
    assert httpx.get(f"{served.address}/v1/galleries", headers={"Authorization": f"bearer {token}"}).status_code == 200
