"""Who works on cases, and what each role may do; everything that is not in the table is denied."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from matcher.casework.faults import NotAllowed
from matcher.errors import BadField
from matcher.person import shown


class Role(StrEnum):
    """What somebody is; an account may have several."""

    OFFICER = "officer"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Right(StrEnum):
    """What can be allowed in casework."""

    WORK = "work on cases"
    SEE_ALL = "see every case, protected ones too"
    SUPERVISE = "settle disagreements, assign, and reopen cases"
    STATISTICS = "see statistics"
    OFFICERS = "see officers' control results"
    GALLERIES = "state and release galleries"


_RIGHTS: dict[Role, frozenset[Right]] = {
    Role.OFFICER: frozenset({Right.WORK}),
    Role.SUPERVISOR: frozenset({Right.WORK, Right.SEE_ALL, Right.SUPERVISE, Right.STATISTICS, Right.OFFICERS}),
    Role.AUDITOR: frozenset({Right.STATISTICS}),
    Role.ADMINISTRATOR: frozenset({Right.GALLERIES, Right.STATISTICS}),
}
_LONGEST = 256


@dataclass(frozen=True, slots=True)
class Officer:
    """Somebody signed in. account: as the audit names them, as in ``account:anna``; the same for every sign-in."""

    account: str
    roles: frozenset[Role]

    def __post_init__(self) -> None:
        if not self.account.strip() or len(self.account) > _LONGEST:
            raise BadField("account", f"account {shown(self.account)} names nobody; give 1 to {_LONGEST} characters")

    def may(self, right: Right) -> bool:
        """Whether any of the roles has this right."""
        return any(right in _RIGHTS[role] for role in self.roles)

    def must(self, right: Right) -> None:
        """Raises NotAllowed where none of the roles has this right."""
        if not self.may(right):
            roles = ", ".join(sorted(self.roles)) or "no role"
            raise NotAllowed(f"{roles} may not {right.value}; ask somebody who may")

    def is_same(self, account: str) -> bool:
        """Whether this is the same person as that account, whatever its spelling."""
        return self.account.strip().casefold() == account.strip().casefold()


def officer(account: str, roles: Iterable[str]) -> Officer:
    """An officer by the names of roles; unknown ones give no right."""
    known = {role.value for role in Role}
    return Officer(account, frozenset(Role(name) for name in roles if name in known))
