"""Entries of what changes nothing else, such as searches: written in transactions of their own, many in one.

Threads that come while a transaction is being written share the next one. An entry is with the operating system before
its answer leaves, so that it survives any death of this process; the disk has it a quarter of a second later, which no
answer waits for. What a loss of power in that moment can take is the last entries, never a link in the middle.
"""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from matcher.audit.chain import Clock, append, utc_now
from matcher.audit.entry import Entry
from matcher.errors import RecordsError, RecordsUnavailable
from matcher.records.database import Database

FLUSH_SECONDS = 0.25
"""After so long at most, entries are asked to be on the disk."""

_log = logging.getLogger(__name__)


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
        self._timer: threading.Timer | None = None

    def record(self, *entries: Entry) -> None:
        """Keep these entries; whatever happens to this process, they are kept when this returns.

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

    def close(self) -> None:
        """Wait until everything is on the disk; more may be recorded afterwards all the same."""
        with self._writing:
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
            self._flush()

    def _write(self) -> None:
        with self._queue:
            tickets, self._waiting = self._waiting, []
        try:
            with self._database.writing(flushed=False) as connection:
                append(connection, *(entry for ticket in tickets for entry in ticket.entries), clock=self._clock)
            if self._timer is None:
                self._timer = threading.Timer(FLUSH_SECONDS, self._flush_later)
                self._timer.daemon = True
                self._timer.start()
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

    def _flush_later(self) -> None:
        with self._writing:
            # Before the flush: what is written from now on needs the next one.
            self._timer = None
        self._flush()

    def _flush(self) -> None:
        try:
            self._database.flush()
        except RecordsError as exc:
            _log.error("the audit's last entries may not be on the disk: %s", exc)
