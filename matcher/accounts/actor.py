"""Who acts in a request: an account with its roles, and how it signed in."""

from dataclasses import dataclass
from enum import StrEnum

from matcher.accounts.roles import WITHOUT_ACCOUNTS, Right, Role, rights_of


class SignedIn(StrEnum):
    """How somebody showed who they are."""

    PASSWORD = "password"  # noqa: S105 - the way, not a password
    OPENID = "openid"
    TOKEN = "token"  # noqa: S105
    LOCAL = "local"
    """Not at all: this machine, served without accounts."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who asks. account_id: empty without accounts; rights: what they may do in this request.

    token: the prefix of the token that was used; empty for people.
    """

    account_id: str
    name: str
    roles: frozenset[Role]
    signed_in: SignedIn
    rights: frozenset[Right]
    token: str = ""

    @property
    def account(self) -> str:
        """The account as cases and two-person rules name it: the same for a person and all of their tokens."""
        return f"account:{self.name}" if self.account_id else self.name

    @property
    def audit_name(self) -> str:
        """The actor as the audit names it; a token stands behind its account."""
        return f"{self.account}/token:{self.token}" if self.token else self.account

    @property
    def must_change_password(self) -> bool:
        """Whether nothing is allowed before that."""
        return self.signed_in is SignedIn.PASSWORD and self.rights == {Right.OWN_ACCOUNT}

    def may(self, right: Right) -> bool:
        return right in self.rights


def person(account_id: str, name: str, roles: frozenset[Role], signed_in: SignedIn) -> Actor:
    """Somebody with an account, with every right of the roles."""
    return Actor(account_id, name, roles, signed_in, rights_of(roles))


def program(account_id: str, name: str, roles: frozenset[Role], scopes: frozenset[Right], *, token: str) -> Actor:
    """A program that acts for an account: of its rights, those that the token was made for."""
    return Actor(account_id, name, roles, SignedIn.TOKEN, rights_of(roles) & scopes, token)


def this_machine(address: str) -> Actor:
    """Whoever uses a service without accounts. address: where the request comes from."""
    return Actor("", f"http:{address}", frozenset(), SignedIn.LOCAL, WITHOUT_ACCOUNTS)
