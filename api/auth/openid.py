"""An OpenID Connect provider: authorisation code with PKCE, and a token whose signature and every claim are checked."""

import ipaddress
import threading
import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import httpx

from matcher.accounts.faults import NotSignedIn
from matcher.accounts.provided import Claimed, Flow, roles_by_value
from matcher.errors import BadSetting, RecordsUnavailable
from matcher.settings import Settings

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
"""Signatures with a public key only: a token signed with a shared secret, or not at all, is none."""
LEEWAY_SECONDS = 60
_TIMEOUT = 10.0
_LARGEST = 2**20
_KNOWN_SECONDS = 3_600
_KEYS_AGAIN_SECONDS = 30
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class Provider:
    """One provider, asked when it is first needed. Any number of threads may share it."""

    def __init__(self, settings: Settings) -> None:
        """Raises BadSetting for settings that don't belong together."""
        self._issuer = settings.openid_issuer
        self._client_id = settings.openid_client_id
        secret = settings.openid_client_secret
        self._secret = None if secret is None else secret.get_secret_value()
        self._name_claim, self._role_claim = settings.openid_name_claim, settings.openid_role_claim
        self._roles = roles_by_value(settings.openid_roles)
        if not self._client_id or not self._roles:
            raise BadSetting("openid_issuer needs openid_client_id and openid_roles; nobody could sign in otherwise")
        _must_be_safe(self._issuer, "openid_issuer")
        self._asking = threading.Lock()
        self._told: dict[str, Any] = {}
        self._told_at = self._keys_at = float("-inf")
        self._keys: dict[str, Any] = {}

    @property
    def name(self) -> str:
        """The provider as people know it: its host."""
        return urlsplit(self._issuer).hostname or self._issuer

    def address(self, flow: Flow, *, redirect: str) -> str:
        """Where a browser goes to sign in; raises RecordsUnavailable where the provider can't be asked."""
        from authlib.oauth2.client import OAuth2Client

        client = OAuth2Client(
            None, client_id=self._client_id, redirect_uri=redirect, scope="openid profile", code_challenge_method="S256"
        )
        address, _ = client.create_authorization_url(
            self._configuration()["authorization_endpoint"],
            state=flow.state,
            code_verifier=flow.verifier,
            nonce=flow.nonce,
        )
        return str(address)

    def claimed(self, flow: Flow, code: str, *, redirect: str, issuer: str) -> Claimed:
        """Whom the provider vouches for; raises NotSignedIn. issuer: as the answer named it, empty if it did not."""
        # RFC 9207: an answer of another provider is not taken to this one.
        if issuer and issuer != self._issuer:
            raise NotSignedIn("the answer came from another provider; begin again")
        body = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "code_verifier": flow.verifier,
            "client_id": self._client_id,
        }
        auth = None if self._secret is None else httpx.BasicAuth(self._client_id, self._secret)
        told = self._ask("POST", self._configuration()["token_endpoint"], data=body, auth=auth)
        claims = self._checked(str(told.get("id_token", "")), flow.nonce, str(told.get("access_token", "")))
        return Claimed(
            issuer=self._issuer,
            subject=str(claims["sub"]),
            name=str(claims.get(self._name_claim, "")),
            roles=frozenset(self._roles[value] for value in _values(claims, self._role_claim) if value in self._roles),
        )

    def _checked(self, token: str, nonce: str, access_token: str) -> dict[str, Any]:
        from authlib.oidc.core import CodeIDToken
        from joserfc import jws
        from joserfc.errors import JoseError

        try:
            header = jws.extract_compact(token.encode()).headers()
            decoded = self._verified(token, str(header.get("kid", "")))
            wanted = {"iss": self._issuer, "aud": self._client_id}
            options = {name: {"essential": True, "value": value} for name, value in wanted.items()}
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                options,
                {"nonce": nonce, "client_id": self._client_id, "access_token": access_token},
            )
            claims.validate(now=int(time.time()), leeway=LEEWAY_SECONDS)
        except (JoseError, ValueError, TypeError, KeyError) as exc:
            raise NotSignedIn(f"the provider's token is not valid ({type(exc).__name__}); begin again") from exc
        if not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise NotSignedIn("the provider's token names nobody; begin again")
        return dict(claims)

    def _verified(self, token: str, kid: str) -> Any:
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        try:
            return jwt.decode(token, KeySet.import_key_set(self._key_set(kid)), algorithms=list(ALGORITHMS))
        except JoseError:
            # A key that was changed under the same name is asked for anew, not more often than every half minute.
            return jwt.decode(token, KeySet.import_key_set(self._key_set(None)), algorithms=list(ALGORITHMS))

    def _configuration(self) -> dict[str, Any]:
        with self._asking:
            if time.monotonic() < self._told_at + _KNOWN_SECONDS:
                return self._told
        told = self._ask("GET", f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if told.get("issuer") != self._issuer:
            raise RecordsUnavailable(
                "the OpenID provider calls itself otherwise than openid_issuer; correct the setting"
            )
        for name in _ENDPOINTS:
            _must_be_safe(str(told.get(name, "")), f"the provider's {name}")
        with self._asking:
            self._told, self._told_at = told, time.monotonic()
        return told

    def _key_set(self, kid: str | None) -> Any:
        """The provider's public keys; asked for again where this one is not among them, or with None."""
        with self._asking:
            known = {key.get("kid", "") for key in self._keys.get("keys", [])}
            age = time.monotonic() - self._keys_at
            fresh = age < _KEYS_AGAIN_SECONDS or (kid is not None and kid in known and age < _KNOWN_SECONDS)
            if self._keys and fresh:
                return self._keys
        keys = self._ask("GET", self._configuration()["jwks_uri"])
        with self._asking:
            self._keys, self._keys_at = keys, time.monotonic()
        return keys

    def _ask(self, method: str, address: str, **given: Any) -> dict[str, Any]:
        try:
            with httpx.Client(timeout=_TIMEOUT) as client, client.stream(method, address, **given) as answer:
                body = bytearray()
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) > _LARGEST:
                        raise RecordsUnavailable("the OpenID provider's answer is too large")
                status = answer.status_code
            found = httpx.Response(status, content=bytes(body)).json()
        except (httpx.HTTPError, ValueError) as exc:
            raise RecordsUnavailable(f"the OpenID provider can't be asked ({type(exc).__name__}); try again") from exc
        if method == "POST" and 400 <= status < 500:
            raise NotSignedIn("the provider does not confirm this sign-in; begin again")
        if status != 200 or not isinstance(found, dict):
            raise RecordsUnavailable(f"the OpenID provider answers with {status}; try again")
        return found


def provider_of(settings: Settings) -> Provider | None:
    """The provider that the settings name; None for none. Raises BadSetting."""
    return Provider(settings) if settings.openid_issuer else None


def _values(claims: dict[str, Any], name: str) -> Iterable[str]:
    """A claim's values: one text or a list; a dot leads into an object, as in realm_access.roles."""
    found: Any = claims
    for part in [name] if name in claims else name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    values = found if isinstance(found, list) else [found]
    return [value for value in values if isinstance(value, str)]


def _must_be_safe(address: str, what: str) -> None:
    parts = urlsplit(address)
    try:
        is_own = parts.hostname == "localhost" or ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        is_own = False
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and is_own)):
        raise BadSetting(f"{what} is {address[:200]!r}; it must begin with https://")
