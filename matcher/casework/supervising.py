"""The supervisor's desk: what waits for somebody who may settle it, and how work lies on officers."""

from dataclasses import dataclass
from datetime import timedelta

from matcher.accounts.roles import Right
from matcher.casework.decisions import CaseSearch, Stage
from matcher.casework.files import Files
from matcher.casework.officer import Officer
from matcher.casework.statuses import ENDED
from matcher.records import case_duties, case_searches
from matcher.records.case_duties import CaseLine, Load, Reopening, WaitingAnswer, WaitingLift

SOON_DAYS = 30
REOPENED_DAYS = 90
_ENDED = [status.value for status in ENDED]


@dataclass(frozen=True, slots=True)
class Duties:
    """What waits. disagreements: searches in which two reviewers differ, and this supervisor is neither of them;
    disagreeing: how many there are.

    loads: everybody's, those of nobody's cases first. controls: how many control cases there are; decided: how many
    reviews of them are closed.
    """

    disagreements: tuple[CaseSearch, ...]
    disagreeing: int
    lifts: tuple[WaitingLift, ...]
    answers: tuple[WaitingAnswer, ...]
    reopened: tuple[Reopening, ...]
    unassigned: tuple[CaseLine, ...]
    overdue: tuple[CaseLine, ...]
    loads: tuple[Load, ...]
    officers: tuple[str, ...]
    controls: int
    decided: int


def duties(files: Files, who: Officer, *, limit: int = 10) -> Duties:
    """What waits for a supervisor, of each kind at most so many; which cases were shown is recorded.

    Raises NotAllowed for everybody else.
    """
    who.must(Right.SUPERVISE_CASES)
    today, soon = (files.today + timedelta(days=days) for days in (0, SOON_DAYS))
    since = files.now - REOPENED_DAYS * 86_400
    with files.database.reading() as connection:
        waiting = case_searches.waiting(
            connection, account=who.account, sees_all=True, settles=True, limit=limit, stage=Stage.SUPERVISOR
        )
        controls, decided = case_duties.controls(connection)
        found = Duties(
            waiting,
            case_duties.disagreeing(connection, account=who.account),
            case_duties.lifts(connection, limit=limit),
            case_duties.answers(connection, limit=limit),
            case_duties.reopened(connection, since=since, limit=limit),
            case_duties.unassigned(connection, ended=_ENDED, limit=limit),
            case_duties.overdue(connection, today=today.isoformat(), ended=_ENDED, limit=limit),
            case_duties.loads(connection, today=today.isoformat(), soon=soon.isoformat(), ended=_ENDED),
            case_duties.officers(connection),
            controls,
            decided,
        )
    files.viewed(who, _shown(found))
    return found


def _shown(found: Duties) -> list[int]:
    lines = [*found.unassigned, *found.overdue]
    lines += [one.case for part in (found.lifts, found.answers, found.reopened) for one in part]
    return list(dict.fromkeys([*(search.case for search in found.disagreements), *(line.number for line in lines)]))
