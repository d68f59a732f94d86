"""Signing in and out, and the password of one's own account: pages for browsers."""

import secrets
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response
from starlette.responses import RedirectResponse

from api.auth import browser
from api.auth.gate import OWN_ACCOUNT, SIGN_IN
from api.deps import Desk, TheActor, TheDesk
from api.web.languages import N_
from api.web.pages import Manner, Message, Page, ThePage
from api.web.preferences import local_path
from matcher.accounts.actor import SignedIn
from matcher.accounts.faults import SignInFailed
from matcher.accounts.roles import Role
from matcher.accounts.sessions import Session, csrf_of
from matcher.errors import BadField

router = APIRouter(include_in_schema=False)
ROLE_WORDS = {
    Role.OFFICER: N_("officer"),
    Role.SUPERVISOR: N_("supervisor"),
    Role.AUDITOR: N_("auditor"),
    Role.ADMINISTRATOR: N_("administrator"),
}
NOT_SIGNED_IN = N_("You are not signed in.")
_DIFFER = N_("The two new passwords differ; nothing was changed.")
_NOT_CHANGED = N_("The password was not changed.")


@router.get(SIGN_IN)
def sign_in_page(request: Request, desk: TheDesk, to: Annotated[str, Query(max_length=1_000)] = "/") -> Response:
    """The form, for a browser that holds the visitor's cookie from now on. to: where to go on to."""
    return _form(request, desk, to=to)


@router.post(SIGN_IN)
async def sign_in(request: Request, desk: TheDesk) -> Response:
    """Begin a new session; whatever the browser held before has ended."""
    fields, _ = await browser.read_form(request.scope, request.receive)
    name, password, to = fields.get("name", ""), fields.get("password", ""), local_path(fields.get("to", "/"))
    before = browser.cookie(request.scope, browser.SESSION)

    def begin() -> Session:
        accounts = desk.accounts()
        found = accounts.sign_in.with_password(name, password)
        return accounts.sessions.begin(found, SignedIn.PASSWORD, instead_of=before)

    try:
        session = await to_thread.run_sync(begin, limiter=desk.hashing)
    except SignInFailed as fault:
        return _form(request, desk, said=NOT_SIGNED_IN, exactly=f"{fault}.", name=name[:64], to=to, status=401)
    answer = RedirectResponse(OWN_ACCOUNT if session.actor.must_change_password else to, 303)
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
def account(page: ThePage) -> Response:
    """Who is signed in, with the forms to change the password and to sign out."""
    return page.render("door/account.html", roles=ROLE_WORDS)


@router.post(f"{OWN_ACCOUNT}/password")
async def change_password(request: Request, desk: TheDesk, actor: TheActor) -> Response:
    """Change the password; every session of the account ends, and this browser gets a new one."""
    fields, _ = await browser.read_form(request.scope, request.receive)
    password = fields.get("password", "")
    if password != fields.get("again", ""):
        return _account(request, said=_DIFFER, status=422)

    def change() -> Session:
        accounts = desk.accounts()
        accounts.register.change_password(actor.name, fields.get("before", ""), password)
        return accounts.sessions.again(actor.name, SignedIn.PASSWORD)

    try:
        session = await to_thread.run_sync(change, limiter=desk.hashing)
    except BadField as fault:
        return _account(request, said=_NOT_CHANGED, exactly=f"{fault}.", status=422)
    page = Page.of(request.scope, request)
    answer = page.go("/", said=page.gettext("The password is changed."))
    browser.set_cookie(answer, request.scope, browser.SESSION, session.secret)
    return answer


def _form(
    request: Request, desk: Desk, *, said: str = "", exactly: str = "", name: str = "", to: str = "/", status: int = 200
) -> Response:
    held = browser.cookie(request.scope, browser.VISITOR)
    secret = held or secrets.token_urlsafe(32)
    page = Page.of(request.scope, request)
    provider = desk.provider.name if desk.provider is not None else ""
    message = Message(page.gettext(said), Manner.FAULT, exactly) if said else None
    answer = page.render(
        "door/signin.html", status=status, said=message, form=csrf_of(secret), name=name, to=local_path(to),
        provider=provider,
    )  # fmt: skip
    if not held:
        browser.set_cookie(answer, request.scope, browser.VISITOR, secret)
    return answer


def _account(request: Request, *, said: str = "", exactly: str = "", status: int = 200) -> Response:
    page = Page.of(request.scope, request)
    message = Message(page.gettext(said), Manner.FAULT, exactly) if said else None
    return page.render("door/account.html", status=status, said=message, roles=ROLE_WORDS)
