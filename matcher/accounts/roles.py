"""What somebody is, and what each role may do; what is not in the table is denied.

Duties are kept apart: who administers accounts does not search, who audits changes nothing.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import TypeVar

from matcher.errors import BadField
from matcher.person import shown

_Named = TypeVar("_Named", bound=StrEnum)


class Role(StrEnum):
    """What somebody is; an account may have several."""

    OFFICER = "officer"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Right(StrEnum):
    """What a request may need. The texts are the scopes of tokens, too: never change one."""

    OWN_ACCOUNT = "account:own"
    """See oneself, change one's password, sign out."""
    SEARCH = "search"
    """Outside any case: in the operator's own galleries."""
    SEARCH_FOREIGN = "search:foreign"
    """Outside any case: in galleries, too, that another country supplied or may have supplied."""
    READ_PEOPLE = "people:read"
    WRITE_PEOPLE = "people:write"
    READ_GALLERIES = "galleries:read"
    MANAGE_GALLERIES = "galleries:manage"
    """State and release galleries' terms."""
    WORK_CASES = "cases:work"
    """Casework itself decides which case and which step."""
    SUPERVISE_CASES = "cases:supervise"
    READ_STATISTICS = "statistics:read"
    READ_AUDIT = "audit:read"
    READ_METRICS = "metrics:read"
    MANAGE_ACCOUNTS = "accounts:manage"


_OWN = frozenset({Right.OWN_ACCOUNT})
_OFFICER = _OWN | {Right.SEARCH, Right.READ_PEOPLE, Right.READ_GALLERIES, Right.WORK_CASES}
RIGHTS: dict[Role, frozenset[Right]] = {
    Role.OFFICER: _OFFICER,
    Role.SUPERVISOR: _OFFICER
    | {Right.SEARCH_FOREIGN, Right.WRITE_PEOPLE, Right.SUPERVISE_CASES, Right.READ_STATISTICS},
    Role.AUDITOR: _OWN | {Right.READ_AUDIT, Right.READ_STATISTICS, Right.READ_METRICS, Right.READ_GALLERIES},
    Role.ADMINISTRATOR: _OWN
    | {
        Right.MANAGE_ACCOUNTS,
        Right.MANAGE_GALLERIES,
        Right.READ_GALLERIES,
        Right.READ_PEOPLE,
        Right.WRITE_PEOPLE,
        Right.READ_METRICS,
        Right.READ_STATISTICS,
    },
}
WITHOUT_ACCOUNTS = frozenset(
    {
        Right.SEARCH,
        Right.SEARCH_FOREIGN,
        Right.READ_PEOPLE,
        Right.WRITE_PEOPLE,
        Right.READ_GALLERIES,
        Right.READ_METRICS,
    }
)
"""What this machine may do where it is served without accounts: nothing that needs to know who decides."""


def rights_of(roles: Iterable[Role]) -> frozenset[Right]:
    """Everything that any of the roles may do."""
    return frozenset().union(*(RIGHTS[role] for role in roles))


def roles_named(names: Iterable[str]) -> frozenset[Role]:
    """Roles by their names; raises BadField for none at all, or one that there is not."""
    found = frozenset(_named(Role, "roles", name) for name in names)
    if not found:
        raise BadField("roles", f"an account needs a role: {', '.join(Role)}")
    return found


def scopes_named(names: Iterable[str]) -> frozenset[Right]:
    """Rights by their names; raises BadField for none at all, or one that there is not."""
    found = frozenset(_named(Right, "scopes", name) for name in names)
    if not found:
        raise BadField("scopes", f"a token needs a scope: {', '.join(Right)}")
    return found


def _named(kind: type[_Named], field: str, name: str) -> _Named:
    try:
        return kind(name.strip().lower())
    except ValueError:
        raise BadField(field, f"{field} {shown(name)} is none of {', '.join(kind)}") from None
