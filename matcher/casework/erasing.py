"""Cases whose time is over leave, by how they ended; and it is shown that they did."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from matcher.accounts.roles import Right
from matcher.audit.chain import append
from matcher.audit.entry import Action, Entry, digest_of
from matcher.casework.case import case_id, case_subject
from matcher.casework.files import Files
from matcher.casework.officer import Officer
from matcher.casework.statuses import ENDED, Status
from matcher.erasure import Found, Traces, proof, search_files
from matcher.errors import BadField
from matcher.records import case_keeping, case_removing
from matcher.retention import backups, empty_log

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class PurgedCases:
    """Which cases went. searched: bytes of files that were looked through. found: files in which something of them is
    still there; empty when the erasure is shown. backups: files that were written before and may hold them still."""

    cases: tuple[str, ...]
    photos: int
    searched: int
    found: tuple[Found, ...]
    backups: tuple[str, ...]


def due(files: Files, *, statuses: Collection[Status], days: int) -> tuple[str, ...]:
    """The cases that a purge would remove now; raises BadField for a status in which somebody still works on a case."""
    _check(statuses, days)
    with files.database.reading() as connection:
        names = [status.value for status in statuses]
        return tuple(map(case_id, case_removing.ended(connection, names, before=files.now - days * _DAY)))


def purge(files: Files, who: Officer, home: Path, *, statuses: Collection[Status], days: int) -> PurgedCases:
    """Remove the cases that ended so long ago, each with one entry of the audit, and look whether anything is left.

    What two people found, and everything else that statistics counted of them, goes too; the audit keeps their numbers.
    Raises NotAllowed or BadField.
    """
    _check(statuses, days)
    with files.database.reading() as connection:
        numbers = case_removing.ended(connection, [status.value for status in statuses], before=files.now - days * _DAY)
    return _purge(files, who, home, numbers)


def purge_by_rules(files: Files, who: Officer, home: Path) -> PurgedCases:
    """The same of the cases whose time is over by the rules that are set."""
    with files.database.reading() as connection:
        numbers = case_keeping.due(connection, now=files.now)
    return _purge(files, who, home, numbers)


def _purge(files: Files, who: Officer, home: Path, numbers: Iterable[int]) -> PurgedCases:
    who.must_decide(Right.SUPERVISE_CASES)
    traces, gone = Traces(), []
    for number in numbers:
        with files.database.writing() as connection:
            left = case_removing.traces_of(connection, number)
            case_removing.remove(connection, number)
            details = {"what": "case", "photos": left.photos, "digests": digest_of(sorted(left.digests))}
            entry = Entry(Action.PURGE, [case_subject(number)], details, actor=who.named)
            append(connection, entry, clock=files.clock)
        traces = traces + left
        gone.append(case_id(number))
    if gone:
        empty_log(files.database)
        files.database.release()
    searched, found = search_files(home, traces) if gone else (0, ())
    if gone:
        with files.database.writing() as connection:
            append(connection, proof(searched, found, who.named), clock=files.clock)
    return PurgedCases(tuple(gone), traces.photos, searched, found, tuple(backups(files.database)))


def _check(statuses: Collection[Status], days: int) -> None:
    working = [status.value for status in statuses if status not in ENDED]
    if working or not statuses:
        ended = ", ".join(status.value for status in Status if status in ENDED)
        raise BadField("status", f"cases that are {', '.join(working) or 'anything'} are not purged; name of {ended}")
    if days < 1:
        raise BadField("days", f"days is {days}; give how many days after its end a case is kept, 1 or more")
