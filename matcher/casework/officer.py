"""Who works on cases: an account with its rights, as the two-person rules and the audit name it."""

from dataclasses import dataclass

from matcher.accounts.actor import Actor
from matcher.accounts.roles import Right, Role, rights_of
from matcher.casework.faults import NotAllowed
from matcher.errors import BadField
from matcher.person import shown

_LONGEST = 256


@dataclass(frozen=True, slots=True)
class Officer:
    """Somebody who acts in casework.

    account: as in ``account:anna``; the same for every sign-in of a person and for all of their programs.
    is_program: a token acts; it may prepare and read, but decisions are people's. audit_name: empty for the account.
    """

    account: str
    rights: frozenset[Right]
    is_program: bool = False
    audit_name: str = ""

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

    def is_same(self, account: str) -> bool:
        """Whether this is the same person as that account, whatever its spelling."""
        return self.account.strip().casefold() == account.strip().casefold()


def officer_of(actor: Actor) -> Officer:
    """Whoever asks, as casework knows them."""
    return Officer(actor.account, actor.rights, is_program=bool(actor.token), audit_name=actor.audit_name)


def officer(account: str, *roles: Role) -> Officer:
    """A person by account and roles."""
    return Officer(account, rights_of(roles))
