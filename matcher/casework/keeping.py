"""Rules by how cases ended, and legal holds on cases, each with its entry of the audit in the same transaction."""

from matcher.accounts.roles import Right
from matcher.audit.chain import append
from matcher.audit.entry import Action, Entry
from matcher.casework.case import case_id, checked_text
from matcher.casework.files import Files
from matcher.casework.officer import Officer
from matcher.casework.statuses import ENDED, Status
from matcher.errors import BadField
from matcher.keeping import MOST_DAYS
from matcher.records import case_keeping
from matcher.records.case_keeping import CaseHold


def set_rule(files: Files, who: Officer, status: Status, days: int | None) -> None:
    """Cases that ended so are due for removal after so many days, with None never; raises NotAllowed or BadField."""
    who.must(Right.MANAGE_GALLERIES)
    if status not in ENDED:
        ended = ", ".join(one.value for one in Status if one in ENDED)
        raise BadField("status", f"cases that are {status.value} are still worked on; name one of {ended}")
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise BadField("days", f"days is {days}; give 1 to {MOST_DAYS}")
    with files.database.writing() as connection:
        before = case_keeping.set_rule(connection, status.value, days)
        details = {"cases": status.value, "days": [before, days]}
        append(connection, Entry(Action.RETENTION_CHANGED, (), details, actor=who.named), clock=files.clock)


def hold(files: Files, who: Officer, number: int, *, reason: str) -> None:
    """Keep a case with everything of it until released; for supervisors. Raises NotAllowed, NotFound, AlreadyThere."""
    reason = checked_text("reason", reason)
    with files.changing(who, number) as change:
        who.must(Right.SUPERVISE_CASES)
        case_keeping.hold(change.connection, CaseHold(number, reason, who.account, change.now))
        change.happened("held", reason)
        change.record(Action.LEGAL_HOLD, {"held": True})


def release(files: Files, who: Officer, number: int, *, reason: str) -> None:
    """End a hold; for supervisors. Raises NotAllowed or NotFound."""
    reason = checked_text("reason", reason)
    with files.changing(who, number) as change:
        who.must(Right.SUPERVISE_CASES)
        case_keeping.release(change.connection, number)
        change.happened("released", reason)
        change.record(Action.LEGAL_HOLD, {"held": False})


def due(files: Files) -> tuple[str, ...]:
    """The cases whose time is over by the rules."""
    with files.database.reading() as connection:
        return tuple(map(case_id, case_keeping.due(connection, now=files.now)))
