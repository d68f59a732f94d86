"""Accounts and tokens for administrators, and who one is oneself."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from api.deps import Desk, TheActor, TheDesk
from api.paging import PageAsked
from api.routes import described
from api.wire_quality import Wire
from matcher.accounts.account import Account, Token
from matcher.accounts.passwords import new_password
from matcher.accounts.roles import Right, Role
from matcher.errors import BadField

router = APIRouter(prefix="/v1", tags=["accounts"])
Name = Annotated[str, Path(description="the account's name", examples=["anna"])]


class MeOut(Wire):
    """Who asks."""

    name: str
    roles: tuple[Role, ...]
    rights: tuple[Right, ...]
    signed_in: str = Field(description="password, openid, token, or local: without accounts")


class AccountOut(Wire):
    """An account. Times are seconds since 1970."""

    name: str
    full_name: str = Field(description="what its holder is called, as documents have it; may be empty")
    roles: tuple[Role, ...]
    must_change: bool = Field(description="nothing is allowed before a new password")
    disabled: bool
    failures: int = Field(description="sign-ins in a row that failed")
    locked_until: int
    provider: str = Field(description="the OpenID issuer that signs it in; empty: a password does")
    made_at: int
    changed_at: int


class AccountsOut(Wire):
    """A page of accounts, by name."""

    accounts: tuple[AccountOut, ...]
    next: str = Field(description="the cursor of the next page; empty where this is the last")


class AccountIn(Wire):
    """A new account. password: empty for one that is made and told this once; to be changed at the first sign-in."""

    name: str = Field(max_length=64)
    roles: tuple[Role, ...] = Field(min_length=1, max_length=4)
    password: str = Field("", max_length=256)
    full_name: str = Field("", max_length=128)


class AccountMadeOut(Wire):
    """The account, and its password where it was made here."""

    account: AccountOut
    password: str = Field(description="told this once; empty where it was given")


class AccountChangeIn(Wire):
    """What is to change; what is left out stays. Roles and disabled end the account's sessions."""

    roles: tuple[Role, ...] | None = Field(None, min_length=1, max_length=4)
    disabled: bool | None = None
    full_name: str | None = Field(None, max_length=128)


class PasswordIn(Wire):
    """password: empty for one that is made and told this once."""

    password: str = Field("", max_length=256)


class TokenOut(Wire):
    """What is known of a token. revoked_at: 0 while it is not."""

    prefix: str
    account: str
    label: str
    scopes: tuple[Right, ...]
    made_at: int
    expires_at: int
    revoked_at: int


class TokensOut(Wire):
    """A page of tokens."""

    tokens: tuple[TokenOut, ...]
    next: str


class TokenIn(Wire):
    """A token to be made; its scopes must be among the account's rights."""

    scopes: tuple[Right, ...] = Field(min_length=1, max_length=len(Right))
    days: int = Field(90, ge=1, le=366)
    label: str = Field("", max_length=100)


class TokenMadeOut(Wire):
    """The token itself, told this once."""

    token: str
    about: TokenOut


@router.get("/me", summary="Who asks", responses=described.errors(503))
def me(actor: TheActor) -> MeOut:
    """The account, its roles, and what this request's session or token may do."""
    return MeOut(
        name=actor.name,
        roles=tuple(sorted(actor.roles)),
        rights=tuple(sorted(actor.rights)),
        signed_in=actor.signed_in.value,
    )


@router.get("/accounts", summary="The accounts", responses=described.errors(422, 503))
def accounts(desk: TheDesk, asked: Annotated[PageAsked, Query()]) -> AccountsOut:
    """All accounts by name, a page at a time."""
    found = desk.accounts().register.page(after=asked.cursor, limit=asked.limit + 1)
    page = found[: asked.limit]
    return AccountsOut(
        accounts=tuple(account_out(account) for account in page), next=page[-1].name if len(found) > len(page) else ""
    )


@router.post("/accounts", summary="Make an account", status_code=201, responses=described.errors(409, 422, 503))
def add(desk: TheDesk, given: AccountIn, response: Response) -> AccountMadeOut:
    """A new account, whose password must be changed at the first sign-in."""
    password = given.password or new_password()
    made = desk.accounts().register.add(given.name, frozenset(given.roles), password, full_name=given.full_name)
    response.headers["Location"] = f"/v1/accounts/{made.name}"
    return AccountMadeOut(account=account_out(made), password="" if given.password else password)


@router.get("/accounts/{name}", summary="An account", responses=described.errors(404, 422, 503))
def account(desk: TheDesk, name: Name) -> AccountOut:
    """One account."""
    return account_out(desk.accounts().register.account(name))


@router.patch(
    "/accounts/{name}", summary="Change roles or full name, disable, enable", responses=described.errors(404, 422, 503)
)
def change(desk: TheDesk, name: Name, given: AccountChangeIn) -> AccountOut:
    """Change an account; its browsers are signed out, but for the full name alone. The last administrator stays one."""
    register = desk.accounts().register
    if given.roles is None and given.disabled is None and given.full_name is None:
        raise BadField("roles", "nothing is to change; give roles, disabled or full_name")
    if given.full_name is not None:
        register.call(name, given.full_name)
    if given.roles is not None:
        register.set_roles(name, frozenset(given.roles))
    if given.disabled is not None:
        (register.disable if given.disabled else register.enable)(name)
    return account_out(register.account(name))


@router.post("/accounts/{name}/password", summary="Reset a password", responses=described.errors(404, 422, 503))
def reset(desk: TheDesk, name: Name, given: PasswordIn) -> AccountMadeOut:
    """Another password, to be changed at the next sign-in; ends sessions and lock-outs."""
    password = given.password or new_password()
    found = desk.accounts().register.reset(name, password)
    return AccountMadeOut(account=account_out(found), password="" if given.password else password)


@router.get("/accounts/{name}/tokens", summary="An account's tokens", responses=described.errors(404, 422, 503))
def tokens(desk: TheDesk, name: Name, asked: Annotated[PageAsked, Query()]) -> TokensOut:
    """The tokens, revoked and expired ones too; never the tokens themselves."""
    return _tokens(desk, asked, name)


@router.get("/tokens", summary="All tokens", responses=described.errors(422, 503))
def all_tokens(desk: TheDesk, asked: Annotated[PageAsked, Query()]) -> TokensOut:
    """Every account's tokens, to see at one glance which programs come in."""
    return _tokens(desk, asked, "")


@router.post(
    "/accounts/{name}/tokens", summary="Make a token", status_code=201, responses=described.errors(404, 409, 422, 503)
)
def add_token(desk: TheDesk, name: Name, given: TokenIn) -> TokenMadeOut:
    """A token for a program that acts for this account; it is told this once."""
    token, about = desk.accounts().tokens.add(name, frozenset(given.scopes), days=given.days, label=given.label)
    return TokenMadeOut(token=token, about=token_out(about))


@router.delete(
    "/accounts/{name}/tokens/{prefix}",
    summary="Revoke a token",
    status_code=204,
    responses=described.errors(404, 422, 503),
)
def revoke(desk: TheDesk, name: Name, prefix: str) -> None:
    """End a token at once."""
    desk.accounts().tokens.revoke(prefix, name=name)


def _tokens(desk: Desk, asked: PageAsked, name: str) -> TokensOut:
    found = desk.accounts().tokens.page(name=name, after=asked.cursor, limit=asked.limit + 1)
    page = found[: asked.limit]
    return TokensOut(
        tokens=tuple(token_out(token) for token in page), next=page[-1].prefix if len(found) > len(page) else ""
    )


def account_out(account: Account) -> AccountOut:
    return AccountOut(
        name=account.name,
        full_name=account.full_name,
        roles=tuple(sorted(account.roles)),
        must_change=account.must_change,
        disabled=account.is_disabled,
        failures=account.failures,
        locked_until=account.locked_until,
        provider=account.issuer,
        made_at=account.made_at,
        changed_at=account.changed_at,
    )


def token_out(token: Token) -> TokenOut:
    return TokenOut(
        prefix=token.prefix,
        account=token.account,
        label=token.label,
        scopes=tuple(sorted(token.scopes)),
        made_at=token.made_at,
        expires_at=token.expires_at,
        revoked_at=token.revoked_at,
    )
