"""People whose time is over leave: records, templates, index, what was learned of them; and it is shown that they did.

What is removed is overwritten in the records (SQLite's secure_delete), the write-ahead log is emptied, every index is
made anew under a new secret, and what scores had learned is forgotten. Then the files of the home are searched for the
bytes that were removed. Disks and file systems may keep older blocks, and backups keep what they hold: those that the
audit knows of are listed.
"""

import json
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from matcher.audit.acting import current_actor
from matcher.audit.asking import Filter, stream
from matcher.audit.chain import append
from matcher.audit.entry import Action, Entry, digest_of, person_subject
from matcher.build import open_parts
from matcher.erasure import Found, Traces, proof, search_files, traces_of
from matcher.errors import RecordsUnavailable
from matcher.index_folder import IndexFolder
from matcher.index_place import forget_before, index_root, must_reach, renew_key
from matcher.index_secret import renew_index_secret
from matcher.protection.guard import RecordsGuard
from matcher.records import case_documents, removing, retaining
from matcher.records.bulk import in_parts
from matcher.records.database import Database
from matcher.records.values import PersonKey
from matcher.settings import Settings

SCORES = "scores"
_AT_ONCE = 200
_SWEEPS = 50
_PAUSE = 0.1


@dataclass(frozen=True, slots=True)
class Purged:
    """What a purge did. people: who went. photos, templates: how many. searched: bytes of files that were looked
    through. found: files in which something of them is still there; empty when the erasure is shown.
    backups: files that were written before and may hold them still. documents: for consulates, which state them and
    stay with their cases."""

    people: tuple[PersonKey, ...]
    photos: int
    templates: int
    searched: int
    found: tuple[Found, ...]
    backups: tuple[str, ...]
    documents: tuple[str, ...]


def due(database: Database, *, now: datetime) -> tuple[PersonKey, ...]:
    """Whom a purge would remove now."""
    with database.reading() as connection:
        return tuple(retaining.due(connection, now=int(now.timestamp())))


def purge(settings: Settings, database: Database, *, now: datetime) -> Purged:
    """Remove everybody whose time is over, and look whether anything is left.

    Killed at any moment, it is gone on with by the next call, but what went before is not searched for any more.
    Raises RecordsError, IndexFault or OSError.
    """
    people = due(database, now=now)
    traces = Traces()
    with database.reading() as connection:
        documents = tuple(kept.id for kept in case_documents.stating(connection, people))
    if people:
        # Before anybody is removed: what lies on a server has to go with them.
        must_reach(settings, database)
    for part in in_parts(people, _AT_ONCE):
        traces = traces + _remove(database, part, now)
    if people:
        forget_derived(settings, database)
        empty_log(database)
    database.release()
    searched, found = search_files(settings.home, traces)
    if people:
        with database.writing() as connection:
            append(connection, proof(searched, found, current_actor()))
    return Purged(people, traces.photos, traces.templates, searched, found, tuple(backups(database)), documents)


def forget_derived(settings: Settings, database: Database) -> None:
    """Make the index anew under a new secret, and forget indexes of other engines and what scores have learned."""
    root = index_root(settings.home)
    # Also where the index was before it was moved, on a server or here.
    forget_before(settings, database)
    on_server = renew_key(database)
    folders = [folder for folder in root.glob("*") if folder.is_dir()]
    shutil.rmtree(settings.home / SCORES, ignore_errors=True)
    if folders or on_server:
        # Whatever holds their vectors was made with the old secret: it is refused from now on, and made anew.
        renew_index_secret(root, RecordsGuard(database))
        with open_parts(settings) as parts:
            parts.gallery.rebuild()
            current = IndexFolder(root, parts.gallery.engine).path
        for folder in folders:
            if folder != current or on_server:
                shutil.rmtree(folder, ignore_errors=True)


def empty_log(database: Database) -> None:
    """Carry the write-ahead log into the records and empty it; raises RecordsUnavailable where readers keep it busy."""
    if database.engine.dialect.name != "sqlite":
        return
    log = Path(f"{database.place}-wal")
    for _ in range(_SWEEPS):
        database.sweep()
        if not log.exists() or log.stat().st_size == 0:
            return
        time.sleep(_PAUSE)
    raise RecordsUnavailable("other processes read without a pause, so that the write-ahead log can't be emptied; stop "
                             "them and purge again")  # fmt: skip


def _remove(database: Database, people: Sequence[PersonKey], now: datetime) -> Traces:
    """Remove some people in one transaction, with one entry of the audit; what they leave to be searched for."""
    traces = Traces()
    with database.writing() as connection:
        for key in people:
            traces = traces + traces_of(connection, key)
            removing.remove_person(connection, *key)
        details = {
            "photos": traces.photos,
            "templates": traces.templates,
            "digests": digest_of(sorted(traces.digests)),
            "at": int(now.timestamp()),
        }
        append(connection, Entry(Action.PURGE, [person_subject(key) for key in people], details))
    return traces


def backups(database: Database) -> Iterator[str]:
    """The backups that the audit knows of, each once: they hold what they hold."""
    with database.reading() as connection:
        lines = stream(connection, Filter(action=Action.BACKUP))
        yield from dict.fromkeys(json.loads(line.body)["details"]["file"] for line in lines)
