"""Who works on cases: an account with its rights, as the two-person rules and the audit name it."""

import re
from dataclasses import dataclass

from matcher.accounts.actor import Actor
from matcher.accounts.roles import Right, Role, rights_of
from matcher.casework.faults import NotAllowed
from matcher.errors import BadField
from matcher.person import shown

_LONGEST = 256
# As the database has it, too (migration 0018): what can be told apart letter by letter.
_NAMED = re.compile(r"account:[a-z0-9][a-z0-9._-]*|os:[!-~]+")


@dataclass(frozen=True, slots=True)
class Officer:
    """Somebody who acts in casework.

    account: as in ``account:anna``; the same for every sign-in of a person and for all of their programs.
    is_program: a token acts; it may prepare and read, but decisions are people's. audit_name: empty for the account.
    must_sign_in: a user of the system where there are accounts, who may be somebody that has one: decides nothing.
    """

    account: str
    rights: frozenset[Right]
    is_program: bool = False
    audit_name: str = ""
    must_sign_in: bool = False

    def __post_init__(self) -> None:
        if not self.account.strip() or len(self.account) > _LONGEST:
            raise BadField("account", f"account {shown(self.account)} names nobody; give 1 to {_LONGEST} characters")

    @property
    def named(self) -> str:
        """As the audit names them."""
        return self.audit_name or self.account

    def may(self, right: Right) -> bool:
        return right in self.rights

    def must(self, right: Right) -> None:
        """Raises NotAllowed without this right."""
        if not self.may(right):
            raise NotAllowed(f"this needs the right {right.value}, which this account does not have; ask who has it")

    def must_decide(self, right: Right) -> None:
        """The same for what a person has to decide, and no program in anybody's name."""
        self.must(right)
        if self.is_program:
            raise NotAllowed("a token can't decide this; a person has to sign in and do it")
        self.must_be_known()

    def must_be_known(self) -> None:
        """Raises NotAllowed where it can't be told which person this is: for all that two people have to do."""
        if self.must_sign_in:
            raise NotAllowed(
                f"{self.account} may be somebody who has an account here: whoever does this signs in with it, as in "
                "matcher --as NAME, so that nobody is two people"
            )
        if not _NAMED.fullmatch(self.account):
            raise NotAllowed(f"{shown(self.account)} can't be told from other names; do this with an account")

    def is_same(self, account: str) -> bool:
        """Whether this is the same person as that account, whatever its spelling."""
        return self.account.strip().casefold() == account.strip().casefold()


def officer_of(actor: Actor) -> Officer:
    """Whoever asks, as casework knows them."""
    return Officer(actor.account, actor.rights, is_program=bool(actor.token), audit_name=actor.audit_name)


def officer(account: str, *roles: Role) -> Officer:
    """A person by account and roles."""
    return Officer(account, rights_of(roles))
