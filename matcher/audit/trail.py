"""Entries of what changes nothing else, such as searches: written in transactions of their own, many in one.

Threads that come while a transaction is on its way to the disk share the next one, so that a busy service waits for
the disk once for all of them.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from matcher.audit.chain import Clock, append, utc_now
from matcher.audit.entry import Entry
from matcher.errors import RecordsError, RecordsUnavailable
from matcher.records.database import Database


@dataclass(slots=True)
class _Ticket:
    """The entries of one caller, and what became of them."""

    entries: Sequence[Entry]
    done: bool = False
    fault: BaseException | None = None


class Trail:
    """Writes entries to one database; any number of threads may share it."""

    def __init__(self, database: Database, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock
        self._queue = threading.Lock()
        self._writing = threading.Lock()
        self._waiting: list[_Ticket] = []

    def record(self, *entries: Entry) -> None:
        """Keep these entries; they are on disk when this returns.

        Raises RecordsUnavailable where they can't be written: then what they record must not leave the program.
        """
        if not entries:
            return
        mine = _Ticket(entries)
        with self._queue:
            self._waiting.append(mine)
        with self._writing:
            # Whoever held the lock before may have written these too.
            if not mine.done:
                self._write()
        if mine.fault is not None:
            raise RecordsUnavailable(f"nothing is answered without its audit record: {mine.fault}") from mine.fault

    def _write(self) -> None:
        with self._queue:
            tickets, self._waiting = self._waiting, []
        try:
            with self._database.writing() as connection:
                append(connection, *(entry for ticket in tickets for entry in ticket.entries), clock=self._clock)
        except RecordsError as exc:
            for ticket in tickets:
                ticket.fault = exc
        except BaseException:
            for ticket in tickets:
                ticket.fault = RecordsUnavailable("the thread that wrote it was interrupted; try again")
            raise
        finally:
            for ticket in tickets:
                ticket.done = True
