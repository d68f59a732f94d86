"""A service with accounts over a real socket, and browsers and programs that use it."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from api.app import create_app
from api.auth import browser
from api.auth.openid import Provider
from api.uploads import Memory
from matcher.accounts.opening import Accounts
from matcher.accounts.roles import RIGHTS, Right, Role
from matcher.settings import Settings
from tests.api.serving import serving

PASSWORD = "a long enough secret 9"
QUICK = {"password_kib": 19_456, "sign_ins_per_minute": 0, "stranger_rate_per_minute": 0}


@dataclass(frozen=True, slots=True)
class Served:
    """A running service. accounts, memory, provider: the very ones that it uses."""

    address: str
    accounts: Accounts
    home: Path
    memory: Memory
    provider: Provider | None = None

    @contextmanager
    def browser(self) -> Iterator[httpx.Client]:
        with httpx.Client(base_url=self.address, timeout=120) as client:
            yield client

    def program(self, account: str, *scopes: Right) -> dict[str, str]:
        """The headers of a program with a new token."""
        return bearer(self.accounts.tokens.add(account, frozenset(scopes), days=1)[0])

    def of_role(self, role: Role) -> dict[str, str]:
        """A program with every right that a token of this role can have."""
        never = {Right.OWN_ACCOUNT, Right.MANAGE_ACCOUNTS}
        return self.program(role.value, *(RIGHTS[role] - never))


@contextmanager
def guarded(home: Path, **settings: object) -> Iterator[Served]:
    """A service with an account of each role, named after it, all with PASSWORD, none of which must be changed."""
    app = create_app(Settings(home=home, **{**QUICK, **settings}))
    with serving(app) as address:
        accounts = app.state.desk.accounts()
        for role in Role:
            accounts.register.add(role.value, frozenset({role}), PASSWORD, must_change=False)
        yield Served(address, accounts, home, app.state.desk.memory, app.state.desk.provider)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def token_in(page: httpx.Response) -> str:
    """The form token of a page."""
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page.text)
    assert found, page.text[:500]
    return found[1]


def sign_in(client: httpx.Client, name: str, password: str = PASSWORD, **fields: str) -> httpx.Response:
    """Fill in the form and send it."""
    form = {"csrf": token_in(client.get("/signin")), "name": name, "password": password, **fields}
    return client.post("/signin", data=form)


def csrf(client: httpx.Client) -> dict[str, str]:
    """The header that a page's script sends, for the client's session."""
    return {browser.CSRF_HEADER: token_in(client.get("/account"))}


def filled(template: str, values: Mapping[str, str] | None = None) -> str:
    """An address with something for every placeholder."""
    return re.sub(r"\{(\w+)\}", lambda found: (values or {}).get(found[1], "x1"), template)
