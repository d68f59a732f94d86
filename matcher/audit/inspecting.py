"""What an auditor does through the service: reads, follows, verifies, signs. That somebody did is recorded, too.

The entry of a look is written before what it shows is handed out, and never stands in what it is the entry of.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matcher.audit import asking, signing, verifying
from matcher.audit.asking import Filter, Line
from matcher.audit.chain import Clock, append, utc_now
from matcher.audit.entry import Action, Entry, path_text, time_text
from matcher.audit.signing import Checkpoint
from matcher.audit.verifying import Progress, Verdict
from matcher.errors import AuditNotWhole, NotFound
from matcher.records.database import Database


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What checkpoints of this service are verified with. text: PEM. fingerprint: SHA-256, in hex."""

    text: str
    fingerprint: str


class Inspection:
    """The audit of one database. home: where the key that signs is, if the environment does not name it."""

    def __init__(self, database: Database, home: Path, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._home = home
        self._clock = clock

    def newest(self, wanted: Filter, *, before: int | None = None, limit: int) -> tuple[Line, ...]:
        """The newest entries that are wanted, newest first; before: those with a smaller number only."""
        with self._database.reading() as connection:
            found = asking.page(connection, wanted, before=before, limit=limit)
        self._looked(wanted, what="read")
        return found

    def following(self, wanted: Filter, *, after: int = 0, limit: int) -> tuple[Line, ...]:
        """Those with a larger number than `after`, oldest first."""
        with self._database.reading() as connection:
            found = asking.following(connection, wanted, after=after, limit=limit)
        self._looked(wanted, what="followed")
        return found

    def exported(self, wanted: Filter) -> Iterator[Line]:
        """Every entry that is wanted up to now, oldest first; the export is recorded before this returns.

        A page in each transaction: however slowly they are taken, nobody else waits. Entries never change.
        """
        with self._database.writing() as connection:
            last = append(
                connection, Entry(Action.EXPORT, _subjects(wanted), {"what": "audit", **_asked(wanted)}),
                clock=self._clock,
            ).sequence  # fmt: skip
        return self._pages(wanted, until=last)

    def verify(self, checkpoints: Sequence[Checkpoint] = ()) -> Verdict:
        """Verify the whole chain; that it was, and what was found, is recorded."""
        with self._database.reading() as connection:
            verdict = verifying.verify(connection, checkpoints)
        fault = None if verdict.finding is None else [verdict.finding.sequence, verdict.finding.fault.value]
        details = {"what": "verified", "entries": verdict.entries, "found": fault, "checkpoints": len(checkpoints)}
        with self._database.writing() as connection:
            append(connection, Entry(Action.AUDIT_VIEWED, (), details), clock=self._clock)
        return verdict

    def checkpoint(self) -> str:
        """A signed checkpoint, as its file's text; raises NotFound without a key, AuditNotWhole."""
        return sign_checkpoint(self._database, self._key_place(), clock=self._clock)

    def key(self) -> PublicKey:
        """The public key that verifies what this service signs; raises NotFound without one."""
        found = signing.public_key(signing.public_path(self._key_place()))
        return PublicKey(signing.public_text(found), signing.fingerprint(found))

    def _key_place(self) -> Path:
        place = signing.key_place(self._home)
        if not place.exists():
            raise NotFound("this service has no key that signs checkpoints; make one with matcher audit key")
        return place

    def _pages(self, wanted: Filter, *, until: int) -> Iterator[Line]:
        last = 0
        while last < until:
            with self._database.reading() as connection:
                lines = asking.following(connection, wanted, after=last, limit=asking.AT_ONCE)
            if not lines:
                return
            yield from (line for line in lines if line.sequence <= until)
            last = lines[-1].sequence

    def _looked(self, wanted: Filter, *, what: str) -> None:
        entry = Entry(Action.AUDIT_VIEWED, _subjects(wanted), {"what": what, **_asked(wanted)})
        with self._database.writing(flushed=False) as connection:
            append(connection, entry, clock=self._clock)


def sign_checkpoint(
    database: Database,
    key: Path,
    *,
    file: Path | None = None,
    clock: Clock = utc_now,
    progress: Progress = lambda _done, _total: None,
) -> str:
    """Verify the chain and sign where it stands; the checkpoint as its file's text, whose place is recorded.

    Raises BadSetting where there is no such key, AuditNotWhole where the chain is not whole.
    """
    private = signing.private_key(key)
    print_ = signing.fingerprint(private.public_key())
    with database.reading() as connection:
        verdict = verifying.verify(connection, progress=progress)
    if verdict.finding is not None:
        raise AuditNotWhole(f"no checkpoint was made, the audit is not whole: {verdict.finding.message}")
    details = {"key": print_, **({} if file is None else {"file": path_text(file)})}
    with database.writing() as connection:
        end = append(connection, Entry(Action.CHECKPOINT, (), details), clock=clock)
    return signing.signed(Checkpoint(end.chain, end.sequence, end.hash, time_text(clock()), print_), private)


def _subjects(wanted: Filter) -> tuple[str, ...]:
    return () if wanted.subject is None else (wanted.subject,)


def _asked(wanted: Filter) -> dict[str, Any]:
    times = {"since": wanted.since, "until": wanted.until}
    said: dict[str, Any] = {name: None if at is None else time_text(at) for name, at in times.items()}
    return {
        **said,
        "actor": wanted.actor,
        "account": wanted.account,
        "action": None if wanted.action is None else wanted.action.value,
    }
