"""Who asks, and whether they may: everything that is not allowed in the table of permissions is denied.

A session's cookie or a token in the Authorization header tells who asks; without any account, this machine alone is
served, and only if the settings say so. An unsafe request with a cookie must repeat the session's own token.
"""

import hmac
import logging
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth import browser
from api.auth.permissions import Open, Place, place_of
from api.errors import (
    Forbidden,
    NoSuchAddress,
    NoSuchMethod,
    ServiceError,
    SignInNeeded,
    answer_error,
    error_response,
    status_and_code,
)
from api.limits import Awaited, Rates, address_name
from api.web.preferences import local_path
from api.wire import ErrorOut
from matcher.accounts.actor import Actor, SignedIn, this_machine
from matcher.accounts.faults import NotSignedIn
from matcher.accounts.opening import Accounts
from matcher.accounts.roles import Right
from matcher.accounts.sessions import Session, csrf_of
from matcher.audit.acting import acting
from matcher.audit.chain import append
from matcher.audit.entry import Action, Entry
from matcher.errors import MatcherError
from matcher.settings import Settings

SIGN_IN = "/signin"
OWN_ACCOUNT = "/account"
_PASSWORD = f"{OWN_ACCOUNT}/password"
_SAFE = ("GET", "HEAD", "OPTIONS")
_FIRST = "there is no account yet; make the first with matcher accounts add NAME --role administrator"
_SIGN_IN = "sign in, or send a token: Authorization: Bearer ..."
_log = logging.getLogger(__name__)


class Gate:
    """ASGI middleware before the routes. accounts: opens them, or raises why they can't be; in a thread."""

    def __init__(self, app: ASGIApp, settings: Settings, accounts: Callable[[], Accounts]) -> None:
        self._app = app
        self._settings = settings
        self._accounts = accounts
        self._rates = Rates(settings.rate_per_minute)
        self._stranger_rates = Rates(settings.stranger_rate_per_minute)
        self._sign_ins = Rates(settings.sign_ins_per_minute)
        self._awaited = Awaited(settings.most_at_once)
        self._has_accounts = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            await self._pass(scope, receive, send)
        except NotSignedIn as fault:
            await self._to_sign_in(SignInNeeded(str(fault)), scope)(scope, receive, send)
        except SignInNeeded as fault:
            await self._to_sign_in(fault, scope)(scope, receive, send)
        except ServiceError as fault:
            await answer_error(fault)(scope, receive, send)
        except MatcherError as fault:
            status, code = status_and_code(fault)
            _log.warning("accounts can't be asked: %s", code)
            message = "the records can't be used now; try again, or ask who runs the service"
            await error_response(status, ErrorOut(code=code, message=message, field=""))(scope, receive, send)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        place = place_of(scope["method"], scope["path"])
        state = scope.setdefault("state", {})
        state["place"] = place
        address = scope["client"][0]
        if place.needs is not None and place.needs.need is Open.EVERYBODY:
            state["actor"] = this_machine(address)
            if place.template != "/healthz":
                self._stranger_rates.take(address_name(address))
            receive = await self._visitors(scope, receive)
            with acting(f"http:{address}"):
                await self._app(scope, receive, send)
            return
        session, actor = await self._who(scope)
        state["actor"], state["session"] = actor, session
        if actor.signed_in is not SignedIn.LOCAL:
            self._rates.take(actor.audit_name)
        try:
            self._must_be_allowed(actor, place, scope)
        except Forbidden:
            await to_thread.run_sync(self._record_refusal, actor, place, scope["method"])
            raise
        if place.template == _PASSWORD:
            # Whoever found a browser open must not try passwords without end.
            self._sign_ins.take(actor.audit_name)
        if session is not None and scope["method"] not in _SAFE:
            receive = await _with_csrf(scope, receive, session.csrf)
        with acting(actor.audit_name):
            await self._app(scope, receive, send)

    async def _visitors(self, scope: Scope, receive: Receive) -> Receive:
        """A form that nobody needs to be signed in for; the token binds it to the browser that was shown it."""
        if scope["method"] in _SAFE:
            return receive
        name = address_name(scope["client"][0])
        self._sign_ins.take(name)
        secret = browser.cookie(scope, browser.VISITOR)
        with self._awaited.one(name):
            return await _with_csrf(scope, receive, csrf_of(secret) if secret else "")

    async def _who(self, scope: Scope) -> tuple[Session | None, Actor]:
        try:
            return await to_thread.run_sync(self._found, scope)
        except NotSignedIn:
            self._stranger_rates.take(address_name(scope["client"][0]))
            raise

    def _found(self, scope: Scope) -> tuple[Session | None, Actor]:
        """In a thread: the session, if it is a browser's, and who it is; raises NotSignedIn."""
        accounts = self._accounts()
        if not self._has_accounts:
            self._has_accounts = not accounts.register.is_empty()
        if not self._has_accounts:
            if self._settings.without_accounts:
                return None, this_machine(scope["client"][0])
            raise NotSignedIn(_FIRST)
        given = Headers(scope=scope).getlist("authorization")
        if given:
            kind, _, token = given[0].partition(" ")
            return None, accounts.tokens.find(token.strip() if kind.lower() == "bearer" and len(given) == 1 else "")
        secret = browser.cookie(scope, browser.SESSION)
        if not secret:
            raise NotSignedIn(_SIGN_IN)
        session = accounts.sessions.find(secret)
        return session, session.actor

    def _must_be_allowed(self, actor: Actor, place: Place, scope: Scope) -> None:
        """Raises Forbidden; NoSuchAddress or NoSuchMethod for what is nowhere in the table, routed or not."""
        if actor.must_change_password and not _is_own(place):
            raise Forbidden(f"the password must be changed first, at {OWN_ACCOUNT}")
        if place.needs is None:
            raise NoSuchMethod(place.methods) if place.methods else NoSuchAddress
        need = place.needs.need
        if isinstance(need, Right) and not actor.may(need):
            _log.info("refused: %s %s needs %s", scope["method"], place.template, need.value)
            raise Forbidden(f"this needs the right {need.value}, which {_kind(actor)} has not")

    def _record_refusal(self, actor: Actor, place: Place, method: str) -> None:
        """In a thread: somebody who is known asked for what they have no right to. Nobody waits for the disk."""
        need = place.needs.need.value if place.needs is not None else ""
        details = {"refused": "right", "right": need, "route": f"{method} {place.template}"}
        with self._accounts().database.writing(flushed=False) as connection:
            append(connection, Entry(Action.REFUSAL, (), details, actor=actor.audit_name))

    def _to_sign_in(self, fault: SignInNeeded, scope: Scope) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
        """401 for programs; a browser that wants a page is led to the sign-in."""
        headers = Headers(scope=scope)
        is_page = scope["method"] == "GET" and "text/html" in headers.get("accept", "")
        if is_page and not scope["path"].startswith("/v1/") and not headers.get("authorization"):
            return RedirectResponse(f"{SIGN_IN}{_and_back(scope)}", 303)
        return answer_error(fault)


def _and_back(scope: Scope) -> str:
    """The query that leads back to where somebody wanted to go; empty for the first page."""
    query = scope.get("query_string", b"").decode("latin-1")
    address = f"{scope['path']}?{query}" if query else scope["path"]
    return "" if address == "/" or local_path(address) == "/" else f"?to={quote(address, safe='')}"


async def _with_csrf(scope: Scope, receive: Receive, wanted: str) -> Receive:
    """The body still to be read; raises Forbidden where the token is not the session's."""
    given = Headers(scope=scope).get(browser.CSRF_HEADER, "")
    if not given:
        fields, receive = await browser.read_form(scope, receive)
        given = fields.get(browser.CSRF_FIELD, "")
    if not wanted or not hmac.compare_digest(given.encode(), wanted.encode()):
        raise Forbidden("the page was open for too long, or another site sent this; load it again and try once more")
    return receive


def as_permitted(request: Request) -> None:
    """Raises Forbidden where the route that was found is not the one that the permission was given for."""
    place, route = getattr(request.state, "place", None), request.scope.get("route")
    if not isinstance(place, Place) or getattr(route, "path", None) != place.template:
        raise Forbidden("this address can't be told from another; it is in nobody's permissions")


def _is_own(place: Place) -> bool:
    return place.needs is not None and place.needs.need is Right.OWN_ACCOUNT


def _kind(actor: Actor) -> str:
    if actor.signed_in is SignedIn.TOKEN:
        return "this token"
    return "an account with these roles" if actor.account_id else "nobody without an account"
