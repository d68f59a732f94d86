"""How casework reads and changes a case: only for those who may see it, in one transaction with the audit's entries."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection

from matcher.accounts.roles import Right
from matcher.audit.chain import append
from matcher.audit.entry import Action, Entry, digest_of
from matcher.casework.case import CaseFile, Event, case_subject
from matcher.casework.faults import CaseError, Confidential, NotNow, Outdated, no_case
from matcher.casework.numbers import NewNumber, new_number
from matcher.casework.officer import Officer
from matcher.casework.statuses import ENDED
from matcher.errors import MatcherError, NotFound
from matcher.records import case_files
from matcher.records.database import Database

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Change:
    """A case while it is changed. What is said here is written when the block ends, and not at all when it raises."""

    connection: Connection
    case: CaseFile
    who: Officer
    now: int
    values: dict[str, Any] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    def happened(self, kind: str, reason: str = "", *, before: str = "", after: str = "") -> None:
        """An event of the case, and its entry of the audit, which holds a digest of the reason instead of its words."""
        self.events.append(Event(self.now, self.who.account, kind, before, after, reason))
        details = {"what": kind, "before": before, "after": after, "version": self.case.version + 1}
        if reason:
            details["reason"] = digest_of(reason)
        self.record(Action.CASE_CHANGED, details)

    def record(self, action: Action, details: Mapping[str, Any], *subjects: str) -> None:
        """An entry of the audit about this case."""
        about = (case_subject(self.case.number), *subjects)
        self.entries.append(Entry(action, about, dict(details), actor=self.who.named))


class Files:
    """Cases of one database. Clock and random numbers are given, so that tests know them."""

    def __init__(self, database: Database, *, clock: Clock = utc_now, new_number: NewNumber = new_number) -> None:
        self.database = database
        self.clock = clock
        self.new_number = new_number

    @property
    def now(self) -> int:
        """Seconds since 1970."""
        return int(self.clock().timestamp())

    @property
    def today(self) -> date:
        return self.clock().date()

    @contextmanager
    def reading(self, who: Officer, number: int) -> Iterator[tuple[Connection, CaseFile]]:
        """A case that this officer may see; raises NotFound, which is recorded, for every other and for none."""
        with self._recorded(who, number), self.database.reading() as connection:
            yield connection, self._found(connection, who, number)

    @contextmanager
    def changing(self, who: Officer, number: int, *, version: int | None = None) -> Iterator[Change]:
        """The same to change it. version: as it was read; raises Outdated where somebody was quicker.

        A refusal inside the block undoes everything, and is recorded.
        """
        with self._recorded(who, number), self.database.writing() as connection:
            case = self._found(connection, who, number)
            if version is not None and version != case.version:
                raise Outdated(
                    f"case {case.id} has changed since you read it (version {version} then, {case.version} now); "
                    "read it again and decide anew"
                )
            change = Change(connection, case, who, self.now)
            yield change
            self._write(change)

    def viewed(self, who: Officer, numbers: Sequence[int]) -> None:
        """Record who looked at cases; what was asked for is not given out where that can't be written."""
        if numbers:
            entry = Entry(Action.CASE_VIEWED, [case_subject(number) for number in numbers], {}, actor=who.named)
            with self.database.writing(flushed=False) as connection:
                append(connection, entry, clock=self.clock)

    def refused(self, who: Officer, subject: str, refusal: MatcherError) -> None:
        """Record that something was refused; the message itself may name somebody, so it is not kept."""
        entry = Entry(Action.REFUSAL, [subject], {"refused": type(refusal).__name__}, actor=who.named)
        with self.database.writing(flushed=False) as connection:
            append(connection, entry, clock=self.clock)

    def _found(self, connection: Connection, who: Officer, number: int) -> CaseFile:
        who.must(Right.WORK_CASES)
        case = case_files.find(connection, number, account=who.account, sees_all=who.may(Right.SUPERVISE_CASES))
        if case is None:
            raise no_case()
        return case

    def _write(self, change: Change) -> None:
        if change.values or change.events:
            # Writers take turns, so nobody can have been quicker unless the rules of writing were broken.
            if not case_files.change(change.connection, change.case, change.values):
                raise Outdated(f"case {change.case.id} has changed meanwhile; read it again and decide anew")
            events = [(self.new_number(), event) for event in change.events]
            case_files.add_events(change.connection, change.case.number, events)
        append(change.connection, *change.entries, clock=self.clock)

    @contextmanager
    def _recorded(self, who: Officer, number: int) -> Iterator[None]:
        try:
            yield
        except (CaseError, NotFound) as refusal:
            self.refused(who, case_subject(number), refusal)
            raise


def must_be_lifted(case: CaseFile, what: str) -> None:
    """Raises Confidential where a case's protection is not lifted; what: is to be done with it."""
    if case.is_confidential:
        raise Confidential(
            f"case {case.id} is {case.protection.value} and can't be {what}: first two people have to lift its "
            "protection, as matcher cases protection shows"
        )


def must_not_be_ended(case: CaseFile) -> None:
    """Raises NotNow for a case on which nobody works any more."""
    if case.status in ENDED:
        raise NotNow(f"case {case.id} is {case.status.value}; reopen it first")
