"""Signing in and out, and the password of one's own account: pages for browsers."""

import secrets

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from api.auth import browser
from api.auth.gate import OWN_ACCOUNT, SIGN_IN
from api.auth.pages import page
from api.deps import Desk, TheActor, TheDesk
from matcher.accounts.actor import Actor, SignedIn
from matcher.accounts.faults import SignInFailed
from matcher.accounts.sessions import Session, csrf_of
from matcher.errors import BadField

router = APIRouter(include_in_schema=False)


@router.get(SIGN_IN)
def sign_in_page(request: Request, desk: TheDesk) -> Response:
    """The form, for a browser that holds the visitor's cookie from now on."""
    return _form(request, desk)


@router.post(SIGN_IN)
async def sign_in(request: Request, desk: TheDesk) -> Response:
    """Begin a new session; whatever the browser held before has ended."""
    fields, _ = await browser.read_form(request.scope, request.receive)
    name, password = fields.get("name", ""), fields.get("password", "")
    before = browser.cookie(request.scope, browser.SESSION)

    def begin() -> Session:
        accounts = desk.accounts()
        found = accounts.sign_in.with_password(name, password)
        return accounts.sessions.begin(found, SignedIn.PASSWORD, instead_of=before)

    try:
        session = await to_thread.run_sync(begin, limiter=desk.hashing)
    except SignInFailed as fault:
        return _form(request, desk, said=f"{fault}.".capitalize(), name=name[:64], status=401)
    answer = RedirectResponse(OWN_ACCOUNT if session.actor.must_change_password else "/", 303)
    browser.set_cookie(answer, request.scope, browser.SESSION, session.secret)
    browser.drop_cookie(answer, request.scope, browser.VISITOR)
    return answer


@router.post("/signout")
async def sign_out(request: Request, desk: TheDesk) -> Response:
    """End the session on the server."""
    await to_thread.run_sync(desk.accounts().sessions.end, browser.cookie(request.scope, browser.SESSION))
    answer = RedirectResponse(SIGN_IN, 303)
    browser.drop_cookie(answer, request.scope, browser.SESSION)
    return answer


@router.get(OWN_ACCOUNT)
def account(request: Request, actor: TheActor) -> Response:
    """Who is signed in, with the forms to change the password and to sign out."""
    return _account(request, actor)


@router.post(f"{OWN_ACCOUNT}/password")
async def change_password(request: Request, desk: TheDesk, actor: TheActor) -> Response:
    """Change the password; every session of the account ends, and this browser gets a new one."""
    fields, _ = await browser.read_form(request.scope, request.receive)
    password = fields.get("password", "")
    if password != fields.get("again", ""):
        return _account(request, actor, said="The two new passwords differ; nothing was changed.", status=422)

    def change() -> Session:
        accounts = desk.accounts()
        accounts.register.change_password(actor.name, fields.get("before", ""), password)
        return accounts.sessions.again(actor.name, SignedIn.PASSWORD)

    try:
        session = await to_thread.run_sync(change, limiter=desk.hashing)
    except BadField as fault:
        return _account(request, actor, said=f"{fault}.".capitalize(), status=422)
    answer = RedirectResponse("/", 303)
    browser.set_cookie(answer, request.scope, browser.SESSION, session.secret)
    return answer


def _form(request: Request, desk: Desk, *, said: str = "", name: str = "", status: int = 200) -> Response:
    held = browser.cookie(request.scope, browser.VISITOR)
    secret = held or secrets.token_urlsafe(32)
    provider = desk.provider.name if desk.provider is not None else ""
    answer = page("signin.html", status=status, csrf=csrf_of(secret), said=said, name=name, provider=provider)
    if not held:
        browser.set_cookie(answer, request.scope, browser.VISITOR, secret)
    return answer


def _account(request: Request, actor: Actor, *, said: str = "", status: int = 200) -> Response:
    session: Session = request.state.session
    return page(
        "account.html",
        status=status,
        csrf=session.csrf,
        said=said,
        manner="fault",
        name=actor.name,
        roles=", ".join(sorted(actor.roles)),
        must_change=actor.must_change_password,
        has_password=actor.signed_in is SignedIn.PASSWORD,
    )
