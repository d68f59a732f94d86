"""The accounts of a home: made, listed, changed; every change with its audit entry in the same transaction."""

import secrets
import time
from collections.abc import Callable, Mapping

from sqlalchemy import Connection, exists, insert, select

from matcher.accounts.account import Account, checked_full_name, checked_name, roles_text
from matcher.accounts.passwords import Passwords, check_password
from matcher.accounts.roles import Role
from matcher.accounts.storing import account_of, by_name, change, end_sessions, revoke_tokens
from matcher.audit.chain import append
from matcher.audit.entry import Action, Entry
from matcher.errors import AlreadyThere, BadField
from matcher.person import shown
from matcher.records.account_tables import account
from matcher.records.database import Database
from matcher.seen import must_be_as_seen

Now = Callable[[], float]


class Register:
    """Accounts over one database. now: seconds since 1970."""

    def __init__(self, database: Database, passwords: Passwords, *, now: Now = time.time) -> None:
        self._database = database
        self._passwords = passwords
        self._now = now

    def is_empty(self) -> bool:
        """Whether no account was ever made."""
        with self._database.reading() as connection:
            return not connection.execute(select(exists().where(account.c.id != ""))).scalar_one()

    def account(self, name: str) -> Account:
        """Raises NotFound."""
        with self._database.reading() as connection:
            return by_name(connection, checked_name(name))

    def page(self, *, after: str = "", limit: int = 100) -> tuple[Account, ...]:
        """Accounts in the order of their names, those after a name."""
        question = select(account).where(account.c.name > after).order_by(account.c.name).limit(limit)
        with self._database.reading() as connection:
            return tuple(account_of(row) for row in connection.execute(question))

    def add(
        self, name: str, roles: frozenset[Role], password: str, *, must_change: bool = True, full_name: str = ""
    ) -> Account:
        """A new account; raises BadField or AlreadyThere. must_change: nothing is allowed before a new password."""
        plain, called = checked_name(name), checked_full_name(full_name)
        _need_role(roles)
        check_password(password, name=plain)
        kept = self._passwords.hash(password)
        with self._database.writing() as connection:
            made = new_account(
                connection, plain, roles, now=int(self._now()), password=kept, must_change=must_change, full_name=called
            )
            self._audit(connection, made.name, {"what": "added", "roles": sorted(roles)})
        return made

    def set_roles(self, name: str, roles: frozenset[Role], *, seen: str = "") -> Account:
        """Give an account these roles and no others; it is signed out everywhere. Raises NotFound, BadField.

        seen: `Account.seen` as whoever asks has read it; raises ChangedMeanwhile. The same below.
        """
        _need_role(roles)
        with self._database.writing() as connection:
            found = _as_seen(by_name(connection, checked_name(name)), seen)
            if roles != found.roles:
                if Role.ADMINISTRATOR not in roles:
                    _keep_an_administrator(connection, found)
                now = int(self._now())
                change(connection, found.account_id, now=now, roles=roles_text(roles))
                end_sessions(connection, found.account_id, now=now)
                details = {"what": "roles", "before": sorted(found.roles), "after": sorted(roles)}
                self._audit(connection, found.name, details)
            return by_name(connection, found.name)

    def call(self, name: str, full_name: str, *, seen: str = "") -> Account:
        """Say what an account's holder is called, as documents name them; empty: nothing is said. Raises NotFound,
        BadField. Nobody is signed out. Documents that were made before stay as they are."""
        called = checked_full_name(full_name)
        with self._database.writing() as connection:
            found = _as_seen(by_name(connection, checked_name(name)), seen)
            if called != found.full_name:
                change(connection, found.account_id, now=int(self._now()), full_name=called)
                details = {"what": "full name", "before": found.full_name, "after": called}
                self._audit(connection, found.name, details)
            return by_name(connection, found.name)

    def disable(self, name: str, *, seen: str = "") -> Account:
        """Let nobody use an account any more: sessions end, tokens are revoked. Raises NotFound, BadField."""
        with self._database.writing() as connection:
            found = _as_seen(by_name(connection, checked_name(name)), seen)
            if not found.is_disabled:
                _keep_an_administrator(connection, found)
                now = int(self._now())
                change(connection, found.account_id, now=now, is_disabled=True)
                end_sessions(connection, found.account_id, now=now)
                revoke_tokens(connection, found.account_id, now=now)
                self._audit(connection, found.name, {"what": "disabled"})
            return by_name(connection, found.name)

    def enable(self, name: str, *, seen: str = "") -> Account:
        """Let a disabled or locked account sign in again; its tokens stay revoked. Raises NotFound."""
        with self._database.writing() as connection:
            found = _as_seen(by_name(connection, checked_name(name)), seen)
            if found.is_disabled or found.failures:
                change(
                    connection, found.account_id, now=int(self._now()), is_disabled=False, failures=0, locked_until=0
                )
                self._audit(connection, found.name, {"what": "enabled"})
            return by_name(connection, found.name)

    def reset(self, name: str, password: str, *, seen: str = "") -> Account:
        """A password, to be changed at the next sign-in; ends lock-outs and sessions. Raises NotFound, BadField."""
        plain = checked_name(name)
        check_password(password, name=plain)
        return self._with_password(self.account(plain), password, must_change=True, what="password reset", seen=seen)

    def change_password(self, name: str, before: str, password: str) -> Account:
        """The holder's own change; ends every session. Raises BadField: `before` names the field of a wrong old one."""
        with self._database.reading() as connection:
            row = connection.execute(select(account).where(account.c.name == checked_name(name))).one()
        if not self._passwords.verify(row.password, before):
            raise BadField("before", "the present password is wrong; nothing was changed")
        check_password(password, name=row.name)
        if self._passwords.verify(row.password, password):
            raise BadField("password", "the new password is the present one; choose another")
        return self._with_password(account_of(row), password, must_change=False, what="password changed")

    def _with_password(self, found: Account, password: str, *, must_change: bool, what: str, seen: str = "") -> Account:
        if found.issuer:
            raise BadField("name", f"{found.name} signs in with a provider and has no password here")
        kept = self._passwords.hash(password)
        with self._database.writing() as connection:
            _as_seen(by_name(connection, found.name), seen)
            now = int(self._now())
            values = {"password": kept, "must_change": must_change, "failures": 0, "locked_until": 0}
            change(connection, found.account_id, now=now, **values)
            end_sessions(connection, found.account_id, now=now)
            self._audit(connection, found.name, {"what": what})
            return by_name(connection, found.name)

    def _audit(self, connection: Connection, name: str, details: Mapping[str, object]) -> None:
        append(connection, Entry(Action.ACCOUNT_CHANGED, (f"account:{name}",), details))


def new_account(
    connection: Connection,
    name: str,
    roles: frozenset[Role],
    *,
    now: int,
    password: str = "",
    must_change: bool = False,
    issuer: str | None = None,
    subject: str | None = None,
    full_name: str = "",
) -> Account:
    """Write a new account; raises AlreadyThere. password: as it is kept; empty for one that a provider signs in."""
    if connection.execute(select(account.c.id).where(account.c.name == name)).first() is not None:
        raise AlreadyThere(f"there is an account {shown(name)} already; choose another name")
    row = {
        "id": secrets.token_hex(16),
        "name": name,
        "full_name": full_name,
        "roles": roles_text(roles),
        "password": password,
        "must_change": must_change,
        "is_disabled": False,
        "failures": 0,
        "locked_until": 0,
        "epoch": 1,
        "issuer": issuer,
        "subject": subject,
        "made_at": now,
        "changed_at": now,
    }
    connection.execute(insert(account).values(**row))
    return by_name(connection, name)


def _as_seen(found: Account, seen: str) -> Account:
    must_be_as_seen(seen, found.seen, f"account {found.name}")
    return found


def _need_role(roles: frozenset[Role]) -> None:
    if not roles:
        raise BadField("roles", f"an account needs a role: {', '.join(Role)}")


def _keep_an_administrator(connection: Connection, leaving: Account) -> None:
    """Somebody must be able to let people in again."""
    if Role.ADMINISTRATOR not in leaving.roles:
        return
    others = connection.execute(
        select(account).where(account.c.id != leaving.account_id, account.c.is_disabled.is_(False))
    )
    if not any(Role.ADMINISTRATOR in account_of(row).roles for row in others):
        raise BadField("name", f"{leaving.name} is the last administrator; make another one first")
