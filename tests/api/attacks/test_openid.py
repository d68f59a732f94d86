"""A provider over loopback with real signed tokens: who comes back from it gets in, and nobody else."""

import base64
import hashlib
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from api.auth import browser
from api.auth.openid import _values
from tests.api.attacks.parts import PASSWORD, Served, guarded, sign_in

CLIENT, SECRET = "consulate", "the provider's secret"
Change = Callable[[dict[str, Any]], None]


NUMBERS = itertools.count()


def somebody() -> dict[str, Any]:
    """A clerk whom the service has never met."""
    number = next(NUMBERS)
    return {"sub": f"s-{number}", "preferred_username": f"Clerk{number}", "groups": ["clerks"]}


@dataclass
class Provider:
    """An OpenID provider: its keys, who is at it, and what a test makes it say wrongly."""

    address: str = ""
    key: Any = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "RS256", "kid": "one"})
    signs_with: Any = None
    person: dict[str, Any] = field(default_factory=somebody)
    change: Change = lambda _claims: None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    configuration: dict[str, Any] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        found = {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/keys",
        }
        return {**found, **self.configuration}

    def approve(self, address: str) -> str:
        """What the provider's page does when somebody has signed in there: the address that it leads back to."""
        asked = dict(parse_qsl(urlsplit(address).query))
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert asked["client_id"] == CLIENT
        assert len(asked["state"]) >= 43
        code = hashlib.sha256(f"{asked['state']}{len(self.codes)}".encode()).hexdigest()
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?code={code}&state={asked['state']}&iss={self.address}"

    def exchanged(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        asked = self.codes.pop(form.get("code", ""), None)
        expected = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if asked is None or authorization != f"Basic {expected}" or form["redirect_uri"] != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.address,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 60,
            "nonce": asked["nonce"],
            **self.person,
        }
        self.change(claims)
        token = jwt.encode(self.header, claims, self.signs_with or self.key, algorithms=["RS256", "ES256", "HS256"])
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": token}


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    made = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            if self.path == "/keys":
                self._say(200, KeySet([made.key]).as_dict(private=False))
            else:
                self._say(200, made.told())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._say(*made.exchanged(form, self.headers.get("authorization", "")))

        def _say(self, status: int, told: dict[str, Any]) -> None:
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield made
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def served(running: Provider, tmp_path_factory: pytest.TempPathFactory, networks: Path) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("provided")
    (home / "networks").symlink_to(networks)
    settings = {"openid_issuer": running.address, "openid_client_id": CLIENT, "openid_client_secret": SECRET}
    roles = {"openid_role_claim": "groups", "openid_roles": "clerks=officer, chiefs=supervisor"}
    with guarded(home, **settings, **roles) as served:
        yield served


@pytest.fixture
def provider(running: Provider, served: Served) -> Iterator[Provider]:
    """The provider as it is when all is well, with somebody new at it."""
    first = running.key
    yield running
    fresh = Provider(address=running.address, key=first)
    vars(running).update(vars(fresh))
    # As if the service had just been started.
    served.provider._keys, served.provider._told_at = {}, float("-inf")


def begun(client: httpx.Client) -> str:
    answer = client.get("/signin/openid")
    assert answer.status_code == 303
    return answer.headers["location"]


def came_back(client: httpx.Client, address: str) -> httpx.Response:
    """As a browser does that the provider leads back: from another site, by a link."""
    site = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    return client.get(address, headers={**site, "Accept": "text/html"})


def test_whom_the_provider_vouches_for_gets_in_with_the_roles_of_the_settings(
    served: Served, provider: Provider
) -> None:
    with served.browser() as client:
        assert "Sign in with 127.0.0.1" in client.get("/signin").text
        answer = came_back(client, provider.approve(begun(client)))
        assert answer.status_code == 200, answer.text
        # A page and no redirect: a strict cookie would not go along with one that another site began.
        assert 'content="0;url=/"' in answer.text
        me = client.get("/v1/me").json()
        name = provider.person["preferred_username"].lower()
        assert (me["name"], me["roles"], me["signed_in"]) == (name, ["officer"], "openid")
        assert "Change the password" not in client.get("/account").text
        cookies = [line for line in answer.headers.get_list("set-cookie") if line.startswith(browser.SESSION)]
        assert "samesite=strict" in cookies[0].lower()
        # No password opens the account, an empty one neither.
        with served.browser() as other:
            for password in (PASSWORD, "", "x"):
                assert sign_in(other, name, password).status_code == 401
        # The groups have changed: so have the roles, and what was signed in is signed out.
        provider.person = {**provider.person, "groups": ["chiefs"]}
        with served.browser() as other:
            came_back(other, provider.approve(begun(other)))
            assert other.get("/v1/me").json()["roles"] == ["supervisor"]
        assert client.get("/v1/me").status_code == 401


def test_nested_claims_are_found_by_their_path() -> None:
    claims = {"realm_access": {"roles": ["clerks", 7]}, "a.b": "literal", "one": "text"}
    assert list(_values(claims, "realm_access.roles")) == ["clerks"]
    assert list(_values(claims, "a.b")) == ["literal"]
    assert list(_values(claims, "one")) == ["text"]
    for absent in ("realm_access", "realm_access.other", "one.deeper", "none"):
        assert list(_values(claims, absent)) == []


FORGERIES: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example"},
    "another audience": {"aud": "somebody else"},
    "several audiences without a party": {"aud": [CLIENT, "other"]},
    "another party": {"azp": "other"},
    "another nonce": {"nonce": "n"},
    "no nonce": {"nonce": None},
    "expired": {"exp": 1_000_000_000},
    "no end": {"exp": None},
    "of the future": {"nbf": 4_000_000_000},
    "nobody": {"sub": ""},
    "a number": {"sub": 7},
    "a long subject": {"sub": "x" * 300},
    "no groups": {"groups": []},
    "other groups": {"groups": ["administrators", "officer"]},
    "no name": {"preferred_username": None},
    "a name of somebody here": {"preferred_username": "administrator"},
    "a name that can be none": {"preferred_username": "<b>"},
}


@pytest.mark.parametrize("wrong", FORGERIES.values(), ids=FORGERIES)
def test_tokens_that_say_something_wrong(served: Served, provider: Provider, wrong: dict[str, Any]) -> None:
    def change(claims: dict[str, Any]) -> None:
        claims.update(wrong)
        for name in [name for name, value in claims.items() if value is None]:
            del claims[name]

    provider.change = change
    with served.browser() as client:
        assert came_back(client, provider.approve(begun(client))).status_code == 401
        assert browser.SESSION not in client.cookies
        assert client.get("/v1/me").status_code == 401


def test_signatures_of_others(served: Served, provider: Provider) -> None:
    public = provider.key.as_pem(private=False)
    forged = (
        (RSAKey.generate_key(2048, {"kid": "one"}), {"alg": "RS256", "kid": "one"}),
        (ECKey.generate_key("P-256", {"kid": "one"}), {"alg": "ES256", "kid": "one"}),
        # The provider's public key taken for a shared secret.
        (OctKey.import_key(base64.b64encode(public)), {"alg": "HS256", "kid": "one"}),
    )
    for key, header in forged:
        provider.signs_with, provider.header = key, header
        with served.browser() as client:
            assert came_back(client, provider.approve(begun(client))).status_code == 401


def test_a_token_without_a_signature(served: Served, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsigned(header: dict[str, Any], claims: dict[str, Any], *_: object, **__: object) -> str:
        parts = ({"alg": "none", "typ": "JWT"}, claims)
        coded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
        return ".".join([*coded, ""])

    monkeypatch.setattr(jwt, "encode", unsigned)
    with served.browser() as client:
        assert came_back(client, provider.approve(begun(client))).status_code == 401


def test_new_keys_of_the_provider_are_learned(served: Served, provider: Provider) -> None:
    with served.browser() as client:
        assert came_back(client, provider.approve(begun(client))).status_code == 200
    served.provider._keys_at -= 31
    provider.key = ECKey.generate_key("P-256", {"kid": "two"})
    provider.header = {"alg": "ES256", "kid": "two"}
    with served.browser() as client:
        assert came_back(client, provider.approve(begun(client))).status_code == 200
    # Unknown keys make the provider asked at most twice a minute.
    asked = provider.asked.count("/keys")
    provider.signs_with = ECKey.generate_key("P-256", {"kid": "three"})
    provider.header = {"alg": "ES256", "kid": "three"}
    for _ in range(3):
        with served.browser() as client:
            assert came_back(client, provider.approve(begun(client))).status_code == 401
    assert provider.asked.count("/keys") == asked


def test_an_answer_is_good_once_and_in_its_own_browser(served: Served, provider: Provider) -> None:
    with served.browser() as client, served.browser() as thief:
        back = provider.approve(begun(client))
        begun(thief)
        assert came_back(thief, back).status_code == 401
        # Somebody else has tried it: it is over for the first one, too.
        assert came_back(client, back).status_code == 401
        again = provider.approve(begun(client))
        assert came_back(client, again).status_code == 200
        assert came_back(client, again).status_code == 401
        assert client.get("/v1/me").status_code == 200


@pytest.mark.parametrize("query", ["", "code=x", "state=x", "code=x&state=x", "error=access_denied&state=x", "iss=x"])
def test_answers_that_nobody_asked_for(served: Served, query: str) -> None:
    with served.browser() as client:
        begun(client)
        assert came_back(client, f"/signin/openid/callback?{query}").status_code == 401


def test_an_answer_of_another_provider_is_not_taken_to_this_one(served: Served, provider: Provider) -> None:
    with served.browser() as client:
        back = provider.approve(begun(client)).replace(f"iss={provider.address}", "iss=https://evil.example")
        assert came_back(client, back).status_code == 401
        assert len(provider.codes) == 1, "the code was given to somebody"


def test_a_disabled_account_stays_out(served: Served, provider: Provider) -> None:
    with served.browser() as client:
        came_back(client, provider.approve(begun(client)))
        served.accounts.register.disable(provider.person["preferred_username"])
        assert client.get("/v1/me").status_code == 401
        assert came_back(client, provider.approve(begun(client))).status_code == 401


def test_a_provider_that_calls_itself_otherwise_is_not_used(served: Served, provider: Provider) -> None:
    provider.configuration = {"issuer": "https://evil.example"}
    with served.browser() as client:
        assert client.get("/signin/openid").status_code == 503
    provider.configuration = {"token_endpoint": "http://evil.example/token"}
    with served.browser() as client:
        assert client.get("/signin/openid").status_code == 503


def test_a_provider_that_can_not_be_asked_lets_nobody_in(served: Served, provider: Provider) -> None:
    provider.configuration = {"jwks_uri": "http://127.0.0.1:9/keys"}
    with served.browser() as client:
        assert came_back(client, provider.approve(begun(client))).status_code == 503
        assert client.get("/v1/me").status_code == 401
        assert sign_in(client, "officer").status_code == 303
