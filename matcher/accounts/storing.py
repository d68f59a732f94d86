"""Accounts in the records: rows in, rows out; the rules are in register.py, signing_in.py and sessions.py."""

from typing import Any

from sqlalchemy import Connection, Row, select, update

from matcher.accounts.account import Account, Token, roles_of
from matcher.accounts.roles import Right
from matcher.errors import NotFound
from matcher.person import shown
from matcher.records.account_tables import account, account_session, account_token


def by_name(connection: Connection, name: str) -> Account:
    """The account of this name; raises NotFound."""
    row = connection.execute(select(account).where(account.c.name == name)).one_or_none()
    if row is None:
        raise NotFound(f"there is no account {shown(name)}; matcher accounts list names them")
    return account_of(row)


def full_name(connection: Connection, signed: str) -> str:
    """What the holder of an account is called, by its name as decisions have it (account:NAME); empty if not known."""
    kind, _, name = signed.partition(":")
    if kind != "account":
        return ""
    return connection.execute(select(account.c.full_name).where(account.c.name == name)).scalar_one_or_none() or ""


def account_of(row: Row[Any]) -> Account:
    """A row as an account."""
    return Account(
        account_id=row.id,
        name=row.name,
        roles=roles_of(row.roles),
        must_change=row.must_change,
        is_disabled=row.is_disabled,
        failures=row.failures,
        locked_until=row.locked_until,
        epoch=row.epoch,
        issuer=row.issuer or "",
        made_at=row.made_at,
        changed_at=row.changed_at,
        full_name=row.full_name,
    )


def token_of(row: Row[Any]) -> Token:
    """A row of a token joined with the name of its account."""
    return Token(
        prefix=row.prefix,
        account=row.name,
        label=row.label,
        scopes=frozenset(Right(text) for text in row.scopes.split(",")),
        made_at=row.made_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )


def change(connection: Connection, account_id: str, *, now: int, **values: object) -> None:
    """Write these columns of an account."""
    connection.execute(update(account).where(account.c.id == account_id).values(changed_at=now, **values))


def end_sessions(connection: Connection, account_id: str, *, now: int) -> None:
    """Every browser of this account is signed out: their sessions are of an earlier epoch now, and go."""
    change(connection, account_id, now=now, epoch=account.c.epoch + 1)
    connection.execute(account_session.delete().where(account_session.c.account_id == account_id))


def revoke_tokens(connection: Connection, account_id: str, *, now: int) -> None:
    """No token of this account is valid any longer."""
    mine = (account_token.c.account_id == account_id) & (account_token.c.revoked_at == 0)
    connection.execute(update(account_token).where(mine).values(revoked_at=now))
