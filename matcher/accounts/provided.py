"""Accounts that an OpenID provider signs in: a sign-in that has begun, used once; and who comes back from it."""

import hashlib
import secrets
import time
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select

from matcher.accounts.account import Account, checked_name, roles_text
from matcher.accounts.faults import NotSignedIn
from matcher.accounts.register import Now, new_account
from matcher.accounts.roles import Role, roles_named
from matcher.accounts.storing import account_of, by_name, change, end_sessions
from matcher.audit.chain import append
from matcher.audit.entry import Action, Entry
from matcher.errors import AlreadyThere, BadField, BadSetting, RecordsUnavailable
from matcher.records.account_tables import account, sign_in_flow
from matcher.records.database import Database

FLOW_SECONDS = 600
_MOST_FLOWS = 10_000
_LONGEST_SUBJECT = 255


@dataclass(frozen=True, slots=True, repr=False)
class Flow:
    """A sign-in that has begun: what the provider repeats, what its token must hold, and PKCE's secret."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """Whom a provider vouches for. roles: those that the settings give for its claims."""

    issuer: str
    subject: str
    name: str
    roles: frozenset[Role]


def roles_by_value(text: str) -> dict[str, Role]:
    """What the setting openid_roles says, as in ``clerks=officer,chiefs=supervisor``; raises BadSetting."""
    found: dict[str, Role] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        value, sign, name = part.rpartition("=")
        try:
            (found[value.strip()],) = roles_named([name])
        except BadField as exc:
            raise BadSetting(f"openid_roles has {part!r}: {exc}; write claim=role, with commas") from exc
        if not sign or not value.strip():
            raise BadSetting(f"openid_roles has {part!r}; write claim=role, with commas")
    return found


class Provided:
    """Sign-ins with a provider over one database. now: seconds since 1970."""

    def __init__(self, database: Database, *, now: Now = time.time) -> None:
        self._database = database
        self._now = now

    def begin(self, browser: str) -> Flow:
        """Begin a sign-in in the browser that holds this secret; raises RecordsUnavailable for too many at once."""
        flow = Flow(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48))
        table, now = sign_in_flow, int(self._now())
        row = {
            "state": _hash(flow.state),
            "browser": _hash(browser),
            "nonce": flow.nonce,
            "verifier": flow.verifier,
            "expires_at": now + FLOW_SECONDS,
        }
        with self._database.writing(flushed=False) as connection:
            connection.execute(delete(table).where(table.c.expires_at <= now))
            if connection.execute(select(func.count()).select_from(table)).scalar_one() >= _MOST_FLOWS:
                raise RecordsUnavailable("too many sign-ins have begun and not ended; try again in some minutes")
            connection.execute(insert(table).values(**row))
        return flow

    def take(self, state: str, browser: str) -> Flow:
        """The sign-in that this browser has begun, this once; raises NotSignedIn."""
        table = sign_in_flow
        with self._database.writing() as connection:
            row = connection.execute(select(table).where(table.c.state == _hash(state))).one_or_none()
            connection.execute(delete(table).where(table.c.state == _hash(state)))
        if row is None or bytes(row.browser) != _hash(browser) or self._now() >= row.expires_at:
            raise NotSignedIn("this sign-in was not begun in this browser, or is over; begin again")
        return Flow(state, row.nonce, row.verifier)

    def signed_in(self, claimed: Claimed) -> Account:
        """The account of whom a provider vouches for, made at the first sign-in, with the roles of this one.

        Raises NotSignedIn where the claims give no role, the account is disabled, or another has its name.
        """
        if len(claimed.subject) > _LONGEST_SUBJECT:
            raise NotSignedIn("the provider names a subject that is longer than 255 characters")
        with self._database.writing() as connection:
            refusal, found = self._known(connection, claimed)
            if found is not None and not refusal:
                append(connection, Entry(Action.SIGN_IN, (f"account:{found.name}",), {"how": "openid"}))
                return found
            # Kept with the transaction: a refusal changed nothing else.
            subject = f"account:{found.name if found else '?'}"
            append(connection, Entry(Action.SIGN_IN_FAILED, (subject,), {"why": refusal, "how": "openid"}))
        raise NotSignedIn(f"{refusal}; ask an administrator")

    def _known(self, connection: Connection, claimed: Claimed) -> tuple[str, Account | None]:
        mine = (account.c.issuer == claimed.issuer) & (account.c.subject == claimed.subject)
        row = connection.execute(select(account).where(mine)).one_or_none()
        found = None if row is None else account_of(row)
        if not claimed.roles:
            if found is not None:
                end_sessions(connection, found.account_id, now=int(self._now()))
            return "the provider gives no role for this service", found
        if found is None:
            return self._made(connection, claimed)
        if found.is_disabled:
            return "the account is disabled", found
        return "", self._with_roles(connection, found, claimed.roles)

    def _made(self, connection: Connection, claimed: Claimed) -> tuple[str, Account | None]:
        try:
            name = checked_name(claimed.name.partition("@")[0])
            made = new_account(
                connection,
                name,
                claimed.roles,
                now=int(self._now()),
                issuer=claimed.issuer,
                subject=claimed.subject,
            )
        except AlreadyThere:
            return "another account has this name already", None
        except BadField:
            return "the provider's name for it can't be an account's", None
        details = {"what": "added", "roles": sorted(claimed.roles), "how": "openid"}
        append(connection, Entry(Action.ACCOUNT_CHANGED, (f"account:{name}",), details))
        return "", made

    def _with_roles(self, connection: Connection, found: Account, roles: frozenset[Role]) -> Account:
        if roles == found.roles:
            return found
        now = int(self._now())
        change(connection, found.account_id, now=now, roles=roles_text(roles))
        end_sessions(connection, found.account_id, now=now)
        details = {"what": "roles", "before": sorted(found.roles), "after": sorted(roles), "how": "openid"}
        append(connection, Entry(Action.ACCOUNT_CHANGED, (f"account:{found.name}",), details))
        return by_name(connection, found.name)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(b"identity-matcher flow 1\n" + secret.encode("utf-8", "replace")).digest()
