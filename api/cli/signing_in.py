"""Who acts at the command line: an account that signs in, or the system's user.

Whoever can open the records can read them, so the system's user has every role. Where there are accounts, that user may
be somebody who has one, too; what people have to decide, and all that takes two of them, needs the account then.
"""

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from matcher.accounts.actor import SignedIn
from matcher.accounts.opening import accounts_of
from matcher.accounts.roles import Role, rights_of
from matcher.audit.acting import acting, current_actor
from matcher.casework.faults import NotAllowed
from matcher.casework.officer import Officer, officer_of
from matcher.errors import BadField, BadSetting
from matcher.records.database import Database
from matcher.settings import Settings

PASSWORD_FILE = "MATCHER_PASSWORD_FILE"  # noqa: S105 - where it stands
_LONGEST = 4_096
_officer: ContextVar[Officer] = ContextVar("matcher_officer")


def officer_here() -> Officer:
    """Whoever acts, inside `officer_of_command`."""
    return _officer.get()


@contextmanager
def officer_of_command(database: Database, settings: Settings, account: str | None) -> Iterator[None]:
    """Inside the block this account acts, or the system's user. Raises SignInFailed, NotAllowed or BadField."""
    accounts = accounts_of(database, settings)
    has_accounts = not accounts.register.is_empty()
    if account is None:
        who = Officer(current_actor(), rights_of(Role), must_sign_in=has_accounts)
    elif not has_accounts:
        raise BadField("as", f"nobody can sign in as {account}: there are no accounts here; leave --as out")
    else:
        found = accounts.sign_in.with_password(account, _password(account))
        if found.must_change:
            raise NotAllowed(f"{found.name} has to change the password first; sign in with a browser")
        who = officer_of(found.actor(SignedIn.PASSWORD))
    token = _officer.set(who)
    try:
        with acting(who.named):
            yield
    finally:
        _officer.reset(token)


def _password(account: str) -> str:
    if place := os.environ.get(PASSWORD_FILE):
        return _first_line(Path(place))
    if sys.stdin.isatty():
        return getpass.getpass(f"Password of {account}: ")
    return sys.stdin.readline(_LONGEST).rstrip("\r\n")


def _first_line(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.readline(_LONGEST).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as exc:
        raise BadSetting(f"{PASSWORD_FILE} names {path}, which can't be read: {exc}") from exc
