"""``matcher accounts``: who may use the service. The first administrator can be made here only."""

import getpass
import json as js
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from api.cli.console import out, say, table
from api.cli.exits import plain
from api.cli.options import Given, HomeOption
from matcher.accounts.account import Account, Token
from matcher.accounts.opening import Accounts, open_accounts
from matcher.accounts.passwords import new_password
from matcher.accounts.roles import Right, Role, roles_named, scopes_named
from matcher.engine_choice import require_records
from matcher.errors import BadField
from matcher.settings import load_settings

app = typer.Typer(help="Make, list and change accounts, and programs' tokens.", no_args_is_help=True)
token_app = typer.Typer(help="Tokens for programs.", no_args_is_help=True)
app.add_typer(token_app, name="token")

_PAGE = 500
Name = Annotated[str, typer.Argument(help="The account's name.", show_default=False)]
Roles = Annotated[list[str], typer.Option("--role", help=f"{', '.join(Role)}; may be repeated.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="A line of JSON each.")]
FromInput = Annotated[
    bool,
    typer.Option("--password-stdin", help="Read the password from standard input; else one is made and shown once."),
]


@app.command()
def add(
    ctx: typer.Context,
    name: Name,
    *,
    role: Roles,
    full_name: Annotated[str, typer.Option("--full-name", help="What its holder is called.", show_default=False)] = "",
    password_stdin: FromInput = False,
    home: HomeOption = None,
) -> None:
    """Make an account; its password must be changed at the first sign-in."""
    roles = roles_named(role)
    with _opened(ctx, home, makes_home=True) as accounts:
        password = _password(password_stdin)
        made = accounts.register.add(name, roles, password, full_name=full_name)
    say(f"{made.name} is {', '.join(sorted(made.roles))}.")
    _tell(password, given=password_stdin)


@app.command("list")
def list_accounts(ctx: typer.Context, *, json: Json = False, home: HomeOption = None) -> None:
    """Every account with its roles and state."""
    with _opened(ctx, home) as accounts:
        found = list(_all_accounts(accounts))
    if json:
        for account in found:
            print(js.dumps({**asdict(account), "roles": sorted(account.roles)}))
        return
    listed = table("name", "full name", "roles", "signs in with", "state")
    for account in found:
        listed.add_row(
            account.name, plain(account.full_name), ", ".join(sorted(account.roles)), account.issuer or "password",
            _state(account),
        )  # fmt: skip
    out().print(listed)


@app.command()
def disable(ctx: typer.Context, name: Name, *, home: HomeOption = None) -> None:
    """Let nobody use an account any more: its sessions end, its tokens are revoked."""
    with _opened(ctx, home) as accounts:
        say(f"{accounts.register.disable(name).name} is disabled.")


@app.command()
def enable(ctx: typer.Context, name: Name, *, home: HomeOption = None) -> None:
    """Let a disabled or locked account sign in again; revoked tokens stay revoked."""
    with _opened(ctx, home) as accounts:
        say(f"{accounts.register.enable(name).name} can sign in.")


@app.command()
def reset(ctx: typer.Context, name: Name, *, password_stdin: FromInput = False, home: HomeOption = None) -> None:
    """Give an account another password, to be changed at the next sign-in; ends its sessions and lock-outs."""
    with _opened(ctx, home) as accounts:
        password = _password(password_stdin)
        found = accounts.register.reset(name, password)
    say(f"{found.name} has another password.")
    _tell(password, given=password_stdin)


@app.command()
def roles(ctx: typer.Context, name: Name, *, role: Roles, home: HomeOption = None) -> None:
    """Give an account these roles and no others; it is signed out everywhere."""
    wanted = roles_named(role)
    with _opened(ctx, home) as accounts:
        found = accounts.register.set_roles(name, wanted)
    say(f"{found.name} is {', '.join(sorted(found.roles))}.")


@app.command()
def call(
    ctx: typer.Context,
    name: Name,
    full_name: Annotated[str, typer.Argument(help="What its holder is called; '' for nothing.", show_default=False)],
    *,
    home: HomeOption = None,
) -> None:
    """Say what an account's holder is called: documents name people by it."""
    with _opened(ctx, home) as accounts:
        found = accounts.register.call(name, full_name)
    say(f"{found.name} is called {plain(found.full_name)}." if found.full_name else f"{found.name} has no full name.")


@token_app.command("add")
def add_token(
    ctx: typer.Context,
    name: Name,
    *,
    scope: Annotated[
        list[str], typer.Option("--scope", help=f"{', '.join(Right)}; may be repeated.", show_default=False)
    ],
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="How long it is valid.")] = 90,
    label: Annotated[str, typer.Option("--label", help="What it is for.", show_default=False)] = "",
    home: HomeOption = None,
) -> None:
    """Make a token for a program that acts for an account; it is shown this once."""
    scopes = scopes_named(scope)
    with _opened(ctx, home) as accounts:
        token, about = accounts.tokens.add(name, scopes, days=days, label=label)
    say(token)
    say(f"It is shown this once, ends on {_day(about.expires_at)}, and may {', '.join(sorted(about.scopes))}.")


@token_app.command("list")
def list_tokens(
    ctx: typer.Context,
    *,
    name: Annotated[str, typer.Option("--account", help="Of this account only.", show_default=False)] = "",
    json: Json = False,
    home: HomeOption = None,
) -> None:
    """Every token with its account, scopes and end; never the token itself."""
    with _opened(ctx, home) as accounts:
        found = list(_all_tokens(accounts, name))
    if json:
        for token in found:
            print(js.dumps({**asdict(token), "scopes": sorted(token.scopes)}))
        return
    listed = table("token", "account", "scopes", "until", "label")
    for token in found:
        until = f"revoked {_day(token.revoked_at)}" if token.revoked_at else _day(token.expires_at)
        listed.add_row(token.prefix, token.account, ", ".join(sorted(token.scopes)), until, plain(token.label))
    out().print(listed)


@token_app.command("revoke")
def revoke_token(
    ctx: typer.Context,
    prefix: Annotated[str, typer.Argument(help="The token's first part, as listed.", show_default=False)],
    *,
    home: HomeOption = None,
) -> None:
    """End a token at once."""
    with _opened(ctx, home) as accounts:
        accounts.tokens.revoke(prefix)
    say(f"The token {plain(prefix)} is revoked.")


@contextmanager
def _opened(ctx: typer.Context, home: HomeOption, *, makes_home: bool = False) -> Iterator[Accounts]:
    before = ctx.obj if isinstance(ctx.obj, Given) else Given()
    settings = load_settings(home or before.home)
    with open_accounts(settings if makes_home else require_records(settings)) as accounts:
        yield accounts


def _all_accounts(accounts: Accounts) -> Iterator[Account]:
    page = accounts.register.page(limit=_PAGE)
    while page:
        yield from page
        page = accounts.register.page(after=page[-1].name, limit=_PAGE)


def _all_tokens(accounts: Accounts, name: str) -> Iterator[Token]:
    page = accounts.tokens.page(name=name, limit=_PAGE)
    while page:
        yield from page
        page = accounts.tokens.page(name=name, after=page[-1].prefix, limit=_PAGE)


def _password(from_input: bool) -> str:
    if not from_input:
        return new_password()
    given = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if not given:
        raise BadField("password", "the password is empty; write it on standard input")
    return given


def _tell(password: str, *, given: bool) -> None:
    if not given:
        say(f"Password, shown this once: {password}")
    say("It must be changed at the first sign-in.")


def _state(account: Account) -> str:
    if account.is_disabled:
        return "disabled"
    if account.locked_until > datetime.now(UTC).timestamp():
        return "locked for a while"
    return "must change the password" if account.must_change else "active"


def _day(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()
