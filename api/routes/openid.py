"""Signing in with the organisation's OpenID provider."""

import secrets

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from api.auth import browser
from api.auth.openid import Provider
from api.deps import Desk, TheDesk
from api.errors import NoSuchAddress
from api.routes.signing_in import NOT_SIGNED_IN
from api.web.pages import Manner, Message, Page
from matcher.accounts.actor import SignedIn
from matcher.accounts.faults import NotSignedIn
from matcher.accounts.provided import Flow, Provided
from matcher.accounts.sessions import Session

router = APIRouter(include_in_schema=False)
_CALLBACK = "/signin/openid/callback"


@router.get("/signin/openid")
async def begin(request: Request, desk: TheDesk) -> Response:
    """Lead the browser to the provider."""
    provider = _provider(desk)
    secret = secrets.token_urlsafe(32)

    def address() -> str:
        flow = Provided(desk.database).begin(secret)
        return provider.address(flow, redirect=_redirect(request))

    answer = RedirectResponse(await to_thread.run_sync(address), 303)
    # Strict cookies are not sent where the provider leads back here.
    browser.set_cookie(answer, request.scope, browser.FLOW, secret, lax=True)
    return answer


@router.get(_CALLBACK)
async def end(request: Request, desk: TheDesk) -> Response:
    """Where the provider leads back to: a new session, if it vouches for somebody whom the settings give a role."""
    provider = _provider(desk)
    secret = browser.cookie(request.scope, browser.FLOW)
    asked, shown = request.query_params, Page.of(request.scope, request)

    def session() -> Session:
        flow: Flow = Provided(desk.database).take(asked.get("state", ""), secret)
        if "code" not in asked:
            raise NotSignedIn("the provider did not sign anybody in; begin again")
        claimed = provider.claimed(flow, asked["code"], redirect=_redirect(request), issuer=asked.get("iss", ""))
        found = Provided(desk.database).signed_in(claimed)
        return desk.accounts().sessions.begin(found, SignedIn.OPENID)

    try:
        made = await to_thread.run_sync(session, limiter=desk.hashing)
    except NotSignedIn as fault:
        return shown.render(
            "door/goon.html", status=401, said=Message(shown.gettext(NOT_SIGNED_IN), Manner.FAULT, f"{fault}."),
            to="/signin", after="",
        )  # fmt: skip
    # Not a redirect: the browser would leave out the strict cookie, since another site began this navigation.
    answer = shown.render("door/goon.html", said=Message(shown.gettext("Signed in.")), to="/", after="0;url=/")
    browser.set_cookie(answer, request.scope, browser.SESSION, made.secret)
    browser.drop_cookie(answer, request.scope, browser.FLOW)
    return answer


def _provider(desk: Desk) -> Provider:
    if desk.provider is None:
        raise NoSuchAddress
    return desk.provider


def _redirect(request: Request) -> str:
    # The guard has checked the host, and a trusted proxy's word on the scheme.
    return f"{request.scope['scheme']}://{request.headers['host']}{_CALLBACK}"
