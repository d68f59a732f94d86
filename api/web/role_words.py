"""Roles and rights in words; marked here, translated where they are shown."""

from collections.abc import Mapping

from api.web.languages import N_
from matcher.accounts.roles import Right, Role

ROLES: Mapping[Role, tuple[str, str]] = {
    Role.OFFICER: (N_("Officer"), N_("Opens cases, searches, reviews.")),
    Role.SUPERVISOR: (N_("Supervisor"), N_("Sees all cases, settles disagreements, lifts protection as the second.")),
    Role.AUDITOR: (N_("Auditor"), N_("Reads and verifies the audit and statistics; changes nothing.")),
    Role.ADMINISTRATOR: (N_("Administrator"), N_("Accounts, galleries, retention; searches nobody.")),
}
RIGHTS: Mapping[Right, str] = {
    Right.OWN_ACCOUNT: N_("own account"),
    Right.SEARCH: N_("search"),
    Right.SEARCH_FOREIGN: N_("search foreign galleries outside cases"),
    Right.READ_PEOPLE: N_("read people"),
    Right.WRITE_PEOPLE: N_("enroll and remove people"),
    Right.READ_GALLERIES: N_("read galleries"),
    Right.MANAGE_GALLERIES: N_("manage galleries"),
    Right.WORK_CASES: N_("work on cases"),
    Right.SUPERVISE_CASES: N_("supervise cases"),
    Right.READ_STATISTICS: N_("read statistics"),
    Right.READ_AUDIT: N_("read the audit"),
    Right.READ_METRICS: N_("read metrics"),
    Right.MANAGE_ACCOUNTS: N_("manage accounts"),
}
