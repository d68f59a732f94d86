"""Two people at one case see each other, and see when it changes: a soft lock, which forbids nothing."""

from dataclasses import dataclass

from matcher.accounts.roles import Right
from matcher.casework.case import CaseQuery
from matcher.casework.files import Files
from matcher.casework.officer import Officer
from matcher.records import case_files, case_presence


@dataclass(frozen=True, slots=True)
class Standing:
    """A case at this moment. others: accounts that have it open too."""

    number: int
    version: int
    others: tuple[str, ...]


class Presence:
    """Who is at which case now. Nothing of it is kept longer than the windows are open."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def here(self, who: Officer, number: int, window: str) -> Standing:
        """Say that somebody has a case open in a window, and see how it stands; raises NotFound."""
        with self._files.reading(who, number) as (connection, case):
            others = self._others(case_presence.present(connection, [number], now=self._files.now).get(number), who)
        with self._files.database.writing(flushed=False) as connection:
            case_presence.note(connection, number, window, who.account, now=self._files.now)
        return Standing(number, case.version, others)

    def gone(self, who: Officer, window: str) -> None:
        """The window was closed."""
        with self._files.database.writing(flushed=False) as connection:
            case_presence.forget(connection, window, who.account)

    def watch(
        self, who: Officer, wanted: CaseQuery, *, after: tuple[str, int] = ("", 0), limit: int
    ) -> tuple[Standing, ...]:
        """How the cases of one page of a list stand, in its order; nothing of what is in them is told."""
        who.must(Right.WORK_CASES)
        sees_all = who.may(Right.SUPERVISE_CASES)
        with self._files.database.reading() as connection:
            found = case_files.page(
                connection, wanted, account=who.account, sees_all=sees_all, after=after, limit=limit
            )
            present = case_presence.present(connection, [case.number for case in found], now=self._files.now)
        return tuple(Standing(case.number, case.version, self._others(present.get(case.number), who)) for case in found)

    @staticmethod
    def _others(accounts: tuple[str, ...] | None, who: Officer) -> tuple[str, ...]:
        return tuple(account for account in accounts or () if not who.is_same(account))
