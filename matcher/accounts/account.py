"""An account, and the names that it may have."""

import re
from dataclasses import dataclass

from matcher.accounts.actor import Actor, SignedIn, person
from matcher.accounts.roles import Right, Role, roles_named
from matcher.errors import BadField
from matcher.person import shown
from matcher.seen import seen_of

LONGEST_FULL_NAME = 128
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Account:
    """Who may sign in. Times are seconds since 1970. epoch: rises when every session must end.

    locked_until: no sign-in succeeds before. issuer: the provider that signs this account in; empty: a password does.
    full_name: what its holder is called, for documents; may be empty.
    """

    account_id: str
    name: str
    roles: frozenset[Role]
    must_change: bool
    is_disabled: bool
    failures: int
    locked_until: int
    epoch: int
    issuer: str
    made_at: int
    changed_at: int
    full_name: str = ""

    @property
    def seen(self) -> str:
        """What stands for what an administrator may change, in the form that changes it."""
        return seen_of(
            self.account_id, roles_text(self.roles), self.is_disabled, self.epoch, self.must_change, self.full_name
        )

    def actor(self, signed_in: SignedIn) -> Actor:
        """The account's holder in a request; before the first change of the password only that is allowed."""
        actor = person(self.account_id, self.name, self.roles, signed_in)
        if not (self.must_change and signed_in is SignedIn.PASSWORD):
            return actor
        return Actor(self.account_id, self.name, self.roles, signed_in, frozenset({Right.OWN_ACCOUNT}))


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a program's token: never the token itself. revoked_at: 0 while it is not."""

    prefix: str
    account: str
    label: str
    scopes: frozenset[Right]
    made_at: int
    expires_at: int
    revoked_at: int


def checked_name(name: str) -> str:
    """An account's name in lower case; raises BadField."""
    plain = name.strip().lower()
    if not _NAME.fullmatch(plain):
        raise BadField(
            "name",
            f"name {shown(name)} can't be an account's: use 1 to 64 of a-z, 0-9, dot, hyphen and underscore, "
            "a letter or digit first and last",
        )
    return plain


def checked_full_name(text: str) -> str:
    """What somebody is called, in any script; may be empty. Raises BadField."""
    plain = " ".join(text.split())
    if len(plain) > LONGEST_FULL_NAME:
        raise BadField(
            "full_name", f"full_name has {len(plain)} characters, at most {LONGEST_FULL_NAME} fit; shorten it"
        )
    if not plain.isprintable():
        raise BadField("full_name", "full_name holds control characters; remove them")
    return plain


def roles_text(roles: frozenset[Role]) -> str:
    """Roles as the records keep them."""
    return ",".join(sorted(roles))


def roles_of(text: str) -> frozenset[Role]:
    """What roles_text wrote."""
    return roles_named(text.split(","))
