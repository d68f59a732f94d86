"""Accounts and tokens as pages for administrators; passwords and tokens are shown once, where they were made."""

import time
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.deps import TheDesk
from api.web.administering import ROOT, administration
from api.web.form import TheForm
from api.web.pages import Page, ThePage
from api.web.role_words import RIGHTS, ROLES
from matcher.accounts.account import Account
from matcher.accounts.opening import Accounts
from matcher.accounts.passwords import new_password
from matcher.accounts.roles import Right, Role, rights_of
from matcher.errors import AlreadyThere, BadField

router = APIRouter(include_in_schema=False)
PAGE = 100
_NEVER = frozenset({Right.OWN_ACCOUNT, Right.MANAGE_ACCOUNTS})
Name = Annotated[str, Path(max_length=64)]


@router.get("/administration")
def accounts(page: ThePage, desk: TheDesk, after: Annotated[str, Query(max_length=64)] = "") -> Response:
    """All accounts, and the form for another one."""
    return _accounts(page, desk.accounts(), after=after)


@router.post("/administration/accounts")
def add(page: ThePage, desk: TheDesk, fields: TheForm) -> Response:
    """A new account, whose password is shown this once."""
    password, register = new_password(), desk.accounts().register
    name, roles, full_name = fields.get("name", ""), _roles(fields), fields.get("full_name", "")
    try:
        made = register.add(name, roles, password, full_name=full_name)
    except (BadField, AlreadyThere) as fault:
        fields_at = getattr(fault, "field", "name")
        return _accounts(
            page, desk.accounts(), name=name, full_name=full_name, chosen=roles, faults={fields_at: str(fault)}
        )
    return _secret(page, made.name, page.gettext("Password of %(name)s", name=made.name), password, kind="password")


@router.get("/administration/accounts/{name}")
def account(page: ThePage, desk: TheDesk, name: Name) -> Response:
    """One account: roles, state, password, tokens."""
    return _account(page, desk.accounts(), name)


@router.post("/administration/accounts/{name}/roles")
def roles(page: ThePage, desk: TheDesk, name: Name, fields: TheForm) -> Response:
    """Other roles; the account is signed out everywhere."""
    accounts = desk.accounts()
    try:
        accounts.register.set_roles(name, _roles(fields), seen=fields.get("seen", ""))
    except BadField as fault:
        return _account(page, accounts, name, faults={"roles": str(fault)})
    return page.go(f"{ROOT}/accounts/{name}", said=page.gettext("The roles are changed; %(name)s must sign in again.",
                                                                name=name))  # fmt: skip


@router.post("/administration/accounts/{name}/full-name")
def call(page: ThePage, desk: TheDesk, name: Name, fields: TheForm) -> Response:
    """What the account's holder is called."""
    accounts = desk.accounts()
    try:
        accounts.register.call(name, fields.get("full_name", ""), seen=fields.get("seen", ""))
    except BadField as fault:
        return _account(page, accounts, name, faults={fault.field: str(fault)}, given=fields)
    return page.go(f"{ROOT}/accounts/{name}", said=page.gettext("The full name of %(name)s is changed.", name=name))


@router.post("/administration/accounts/{name}/state")
def state(page: ThePage, desk: TheDesk, name: Name, fields: TheForm) -> Response:
    """Disable an account, or enable it again."""
    accounts, seen = desk.accounts(), fields.get("seen", "")
    if fields.get("state") == "enabled":
        accounts.register.enable(name, seen=seen)
        return page.go(f"{ROOT}/accounts/{name}", said=page.gettext("%(name)s may sign in again.", name=name))
    try:
        accounts.register.disable(name, seen=seen)
    except BadField as fault:
        return _account(page, accounts, name, faults={"state": str(fault)})
    said = page.gettext("%(name)s is disabled, signed out, and without tokens.", name=name)
    return page.go(f"{ROOT}/accounts/{name}", said=said)


@router.post("/administration/accounts/{name}/password")
def reset(page: ThePage, desk: TheDesk, name: Name, fields: TheForm) -> Response:
    """Another password, shown this once."""
    password = new_password()
    found = desk.accounts().register.reset(name, password, seen=fields.get("seen", ""))
    return _secret(page, found.name, page.gettext("Password of %(name)s", name=found.name), password, kind="password")


@router.post("/administration/accounts/{name}/tokens")
def add_token(page: ThePage, desk: TheDesk, name: Name, fields: TheForm) -> Response:
    """A program's token, shown this once."""
    accounts = desk.accounts()
    scopes = frozenset(right for right in Right if fields.get(f"scope-{right.value}"))
    days = int(text) if (text := fields.get("days", "")).isascii() and text.isdigit() and len(text) < 6 else 0
    try:
        token, about = accounts.tokens.add(name, scopes, days=days, label=fields.get("label", ""))
    except BadField as fault:
        return _account(page, accounts, name, faults={fault.field: str(fault)}, given=fields)
    return _secret(page, about.account, page.gettext("Token %(prefix)s of %(name)s", prefix=about.prefix,
                                                     name=about.account), token, kind="token")  # fmt: skip


@router.post("/administration/accounts/{name}/tokens/{prefix}/revocation")
def revoke(page: ThePage, desk: TheDesk, name: Name, prefix: Annotated[str, Path(max_length=12)]) -> Response:
    """End a token at once."""
    desk.accounts().tokens.revoke(prefix, name=name)
    return page.go(f"{ROOT}/accounts/{name}", said=page.gettext("Token %(prefix)s is revoked.", prefix=prefix))


def _accounts(
    page: Page,
    accounts: Accounts,
    *,
    after: str = "",
    name: str = "",
    full_name: str = "",
    chosen: frozenset[Role] = frozenset(),
    faults: Mapping[str, str] | None = None,
) -> Response:
    found = accounts.register.page(after=after, limit=PAGE + 1)
    following = f"{ROOT}?after={found[PAGE - 1].name}" if len(found) > PAGE else ""
    return administration(
        page, "accounts", at=ROOT, accounts=found[:PAGE], first=ROOT if after else "", next=following, name=name,
        full_name=full_name,
        chosen=chosen, faults=faults or {}, roles=ROLES, role_names=_role_names,
        status=422 if faults else 200,
    )  # fmt: skip


def _account(
    page: Page, accounts: Accounts, name: str, *, faults: Mapping[str, str] | None = None,
    given: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    found = accounts.register.account(name)
    return administration(
        page, "account", at=ROOT, account=found, tokens=accounts.tokens.page(name=found.name, limit=PAGE),
        roles=ROLES, rights=RIGHTS, scopes=sorted(rights_of(found.roles) - _NEVER), faults=faults or {},
        given=given or {}, now=time.time(), status=422 if faults else 200,
    )  # fmt: skip


def _secret(page: Page, account: str, title: str, secret: str, *, kind: str) -> Response:
    return administration(page, "secret", at=ROOT, account=account, heading=title, secret=secret, kind=kind)


def _roles(fields: Mapping[str, str]) -> frozenset[Role]:
    return frozenset(role for role in Role if fields.get(f"role-{role.value}"))


def _role_names(page: Page, found: Account) -> str:
    return ", ".join(page.gettext(ROLES[role][0]) for role in Role if role in found.roles)
