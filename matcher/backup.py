"""A home in one file and back: the records of one moment, indexes that follow from them, everything with its SHA-256.

The service writes on meanwhile. Each index is copied first, with its lock held, so that it can't change while it is
read; then the records, of one moment: they are never behind an index, and what an index lacks it catches up from them.
Photos and templates that are encrypted stay so, and the key is not in the file. Left out are the networks' cache, which
is made again, the private key of the audit, which must not travel with what it signs for, and photos that were sent for
jobs, which are no records yet and not encrypted.
"""

import os
import re
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from index.compressed.compaction import LOCK as COMPACTION_LOCK
from index.compressed.files import locked
from index.compressed.founding import WRITE_LOCK
from matcher.audit.chain import append
from matcher.audit.entry import Action, Entry, path_text, time_text
from matcher.backup_file import Backup, add_file, closing_list, damaged, extract
from matcher.errors import BadSetting, RecordsUnavailable
from matcher.index_folder import CURRENT, LOCK
from matcher.index_place import index_root
from matcher.records import placing
from matcher.records.copying import copy_records, is_unused
from matcher.records.database import Database
from matcher.records.identity import records_id
from matcher.records.sqlite import FILE_NAME

_LEFT_OUT = ("networks", "demo", "jobs")
_KEYS = (".pem", ".key")
_OF_A_SERVER = re.compile(r"%20of%20[0-9a-f]{16}$")


def back_up(home: Path, database: Database, out: Path, *, with_index: bool = True) -> Backup:
    """Write a home into one file, readable by its owner alone, which appears when it is whole.

    Records on a server are in it as an SQLite file of the same moment, so that it can be restored to either database.
    with_index: also the indexes, so that a restored home need not build them. Raises BadSetting, RecordsError or
    OSError.
    """
    if out.absolute().resolve().is_relative_to(home.resolve()):
        raise BadSetting(f"{out} is in the home that it would be a backup of; name another place")
    with database.writing() as connection:
        append(connection, Entry(Action.BACKUP, (), {"file": path_text(out), "with_index": with_index}))
    handle, name = tempfile.mkstemp(dir=out.absolute().parent, prefix=f".{out.name}.", suffix=".part")
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            made = _write(home, database, file, draft, with_index=with_index)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(out)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return made


def restore(file: Path, home: Path, *, server: str | None = None) -> Backup:
    """Make a home of a backup, whole or not at all; every file's SHA-256 is compared.

    server: the URL of an empty database that the records go to; without it they are in the home. Raises BadSetting
    where something is there already, BadManifest for what is not a whole backup, RecordsError or OSError.
    """
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise BadSetting(f"{home} is there already; name a new home with --home")
    home.absolute().parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.absolute().parent, prefix=f".{home.name}.") as name:
        draft = Path(name) / "home"
        draft.mkdir(mode=0o700)
        found = extract(file, draft)
        _check_records(draft, file, found)
        if server is not None:
            _move_records(draft, server)
        if home.exists():
            home.rmdir()
        draft.rename(home)
    return found


def _write(home: Path, database: Database, file: IO[bytes], draft: Path, *, with_index: bool) -> Backup:
    files: dict[str, tuple[int, str]] = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for path in _beside(home):
            add_file(archive, path, path.relative_to(home).as_posix(), files)
        for folder, inside in _index_folders(home, database) if with_index else ():
            # Nobody changes which index is current, what is in it, or of which files it is made.
            with locked(folder / LOCK):
                index = folder / (folder / CURRENT).read_text(encoding="utf-8").strip()
                with locked(index / COMPACTION_LOCK), locked(index / WRITE_LOCK):
                    for path in (folder / CURRENT, *_files_of_index(index)):
                        add_file(archive, path, f"{inside}/{path.relative_to(folder).as_posix()}", files)
        snapshot = draft.with_suffix(".records")
        snapshot.mkdir(mode=0o700)
        try:
            _snapshot(database, snapshot)
            add_file(archive, snapshot / FILE_NAME, FILE_NAME, files)
        finally:
            shutil.rmtree(snapshot, ignore_errors=True)
        made = Backup(time_text(datetime.now(UTC)), files)
        closing_list(archive, made)
    return made


def _snapshot(database: Database, folder: Path) -> None:
    """The records of one moment as a file in this folder, while others write. Raises RecordsError."""
    if database.engine.dialect.name != "sqlite":
        with closing(Database.in_home(folder)) as copy, database.reading() as source, copy.writing() as target:
            copy_records(source, target)
        return
    path = folder / FILE_NAME
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with closing(sqlite3.connect(database.place, isolation_level=None)) as connection:
            connection.execute("VACUUM INTO ?", (str(path),))
    except sqlite3.Error as exc:
        raise RecordsUnavailable(f"the records could not be copied: {exc}; check the free space") from exc


def _move_records(draft: Path, server: str) -> None:
    """The records of a home to an empty database, and its indexes to the names that they have beside it."""
    with closing(Database.open(server)) as copy:
        if copy.engine.dialect.name == "sqlite":
            raise BadSetting("the database to restore to is not on a server; unset MATCHER_DATABASE_URL")
        with closing(Database.in_home(draft)) as database, database.reading() as source, copy.writing() as target:
            if not is_unused(target):
                raise BadSetting(f"{copy.place} holds records already; name an empty database")
            copy_records(source, target)
        suffix = _beside_server(copy)
        (draft / FILE_NAME).unlink()
    for folder in index_root(draft).glob("*"):
        if folder.is_dir():
            folder.rename(folder.with_name(folder.name + suffix))


def _beside(home: Path) -> Iterator[Path]:
    """What lies in a home beside records and indexes: settings, calibrations, engines, the index's secret."""
    for path in sorted(home.rglob("*")):
        inside = path.relative_to(home)
        is_index = inside.parts[0] == "index" and len(inside.parts) > 2
        is_key = len(inside.parts) == 1 and inside.name.endswith(_KEYS)
        passing = inside.name.startswith(".") or inside.suffix in (".part", ".new") or inside.name == LOCK
        if inside.parts[0] in _LEFT_OUT or inside.name.startswith(FILE_NAME) or is_index or is_key or passing:
            continue
        if path.is_file() and not path.is_symlink():
            yield path


def _index_folders(home: Path, database: Database) -> Iterator[tuple[Path, str]]:
    """The folders of these records' indexes, and their names in a home that has its records itself."""
    suffix = "" if database.engine.dialect.name == "sqlite" else _beside_server(database)
    for folder in sorted(index_root(home).glob("*")):
        others = not folder.name.endswith(suffix) if suffix else _OF_A_SERVER.search(folder.name)
        if not others and folder.is_dir() and (folder / CURRENT).exists():
            name = index_root(home) / folder.name.removesuffix(suffix)
            yield folder, name.relative_to(home).as_posix()


def _beside_server(database: Database) -> str:
    """What the names of indexes end with whose records are in this database on a server."""
    with database.reading() as connection:
        return quote(f" of {records_id(connection)}")


def _files_of_index(folder: Path) -> Iterator[Path]:
    yield from (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".lock")


def _check_records(draft: Path, file: Path, found: Backup) -> None:
    """The restored records are sound, and say where they come from. Raises RecordsError or BadManifest."""
    if FILE_NAME not in found.files:
        raise damaged(file, "it holds no records")
    with closing(Database.in_home(draft)) as database:
        if problems := database.problems():
            raise damaged(file, problems[0])
        details: dict[str, Any] = {"file": path_text(file), "made_at": found.made_at}
        with database.writing() as connection:
            # The original may still be at work: a copy must not change the index that it has on a server.
            placing.forget(connection)
            append(connection, Entry(Action.RESTORE, (), details))
