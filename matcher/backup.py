"""A home in one file and back: the records of one moment, indexes that follow from them, everything with its SHA-256.

The service writes on meanwhile. Each index is copied first, with its lock held, so that it can't change while it is
read; then the records, of one moment: they are never behind an index, and what an index lacks it catches up from them.
Photos and templates that are encrypted stay so, and the key is not in the file. Left out are the networks' cache, which
is made again, and the private key of the audit, which must not travel with what it signs for.
"""

import hashlib
import json
import os
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from index.compressed.compaction import LOCK as COMPACTION_LOCK
from index.compressed.files import locked
from index.compressed.founding import WRITE_LOCK
from matcher.audit.chain import append
from matcher.audit.entry import Action, Entry, path_text, time_text
from matcher.errors import BadManifest, BadSetting, RecordsUnavailable
from matcher.index_folder import CURRENT, LOCK
from matcher.index_place import index_root
from matcher.records import placing
from matcher.records.database import Database
from matcher.records.sqlite import FILE_NAME

FORMAT = "identity-matcher backup 1"
MANIFEST = "manifest.json"

_LEFT_OUT = ("networks", "demo")
_KEYS = (".pem", ".key")
_PIECE = 2**20
_LONGEST_MANIFEST = 64 * 2**20

Told = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Backup:
    """What is in a backup. files: name -> (bytes, SHA-256 in hex). made_at: as the audit writes times."""

    made_at: str
    files: dict[str, tuple[int, str]]

    @property
    def size(self) -> int:
        return sum(size for size, _ in self.files.values())


def back_up(home: Path, database: Database, out: Path, *, with_index: bool = True) -> Backup:
    """Write a home into one file, readable by its owner alone, which appears when it is whole.

    with_index: also the indexes, so that a restored home need not build them. Raises BadSetting for records that are
    not in the home, RecordsError or OSError.
    """
    if database.engine.dialect.name != "sqlite":
        raise BadSetting("records on a server are backed up by the server's own means (pg_dump); this is for SQLite")
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


def restore(file: Path, home: Path) -> Backup:
    """Make a home of a backup, whole or not at all; every file's SHA-256 is compared.

    Raises BadSetting where something is there already, BadManifest for what is not a whole backup, or OSError.
    """
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise BadSetting(f"{home} is there already; name a new home with --home")
    home.absolute().parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.absolute().parent, prefix=f".{home.name}.") as name:
        draft = Path(name) / "home"
        draft.mkdir(mode=0o700)
        found = _extract(file, draft)
        _check_records(draft, file, found)
        if home.exists():
            home.rmdir()
        draft.rename(home)
    return found


def read_backup(file: Path) -> Backup:
    """What a backup says is in it; raises BadManifest."""
    with _opened(file) as archive:
        return _manifest(archive, file)


def _write(home: Path, database: Database, file: IO[bytes], draft: Path, *, with_index: bool) -> Backup:
    files: dict[str, tuple[int, str]] = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for path in _beside(home):
            _add(archive, path, path.relative_to(home).as_posix(), files)
        for folder in _index_folders(home) if with_index else ():
            # Nobody changes which index is current, what is in it, or of which files it is made.
            with locked(folder / LOCK):
                index = folder / (folder / CURRENT).read_text(encoding="utf-8").strip()
                with locked(index / COMPACTION_LOCK), locked(index / WRITE_LOCK):
                    for path in (folder / CURRENT, *_files_of_index(index)):
                        _add(archive, path, path.relative_to(home).as_posix(), files)
        snapshot = draft.with_suffix(".records")
        try:
            _snapshot(database, snapshot)
            _add(archive, snapshot, FILE_NAME, files)
        finally:
            snapshot.unlink(missing_ok=True)
        made = Backup(time_text(datetime.now(UTC)), files)
        archive.writestr(MANIFEST, json.dumps({"format": FORMAT, "made_at": made.made_at, "files": files}, indent=1))
    return made


def _snapshot(database: Database, path: Path) -> None:
    """The records of one moment, while others write. Raises RecordsUnavailable."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with closing(sqlite3.connect(database.place, isolation_level=None)) as connection:
            connection.execute("VACUUM INTO ?", (str(path),))
    except sqlite3.Error as exc:
        raise RecordsUnavailable(f"the records could not be copied: {exc}; check the free space") from exc


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


def _index_folders(home: Path) -> Iterator[Path]:
    root = index_root(home)
    yield from (folder for folder in sorted(root.glob("*")) if folder.is_dir() and (folder / CURRENT).exists())


def _files_of_index(folder: Path) -> Iterator[Path]:
    yield from (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".lock")


def _add(archive: zipfile.ZipFile, path: Path, name: str, files: dict[str, tuple[int, str]]) -> None:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as source, archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as target:
        while piece := source.read(_PIECE):
            digest.update(piece)
            size += len(piece)
            target.write(piece)
    files[name] = (size, digest.hexdigest())


def _extract(file: Path, draft: Path) -> Backup:
    with _opened(file) as archive:
        found = _manifest(archive, file)
        names = [name for name in archive.namelist() if name != MANIFEST]
        if sorted(names) != sorted(found.files):
            raise _damaged(file, "its list and its content differ")
        for name, (size, sha256) in found.files.items():
            place = PurePosixPath(name)
            if place.is_absolute() or ".." in place.parts or not place.parts:
                raise _damaged(file, f"{name!a} leads out of it")
            target = draft.joinpath(*place.parts)
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                copied = _copied(archive, name, target, most=size)
            except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as exc:
                raise _damaged(file, f"{name!a} can't be read: {exc}") from exc
            if copied != (size, sha256):
                raise _damaged(file, f"{name!a} does not have the SHA-256 that was recorded")
        return found


def _copied(archive: zipfile.ZipFile, name: str, target: Path, *, most: int) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file, archive.open(name) as source:
        # No more than was recorded: what unpacks to more is not unpacked.
        while size <= most and (piece := source.read(_PIECE)):
            digest.update(piece)
            size += len(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return size, digest.hexdigest()


def _check_records(draft: Path, file: Path, found: Backup) -> None:
    """The restored records are sound, and say where they come from. Raises RecordsError or BadManifest."""
    if FILE_NAME not in found.files:
        raise _damaged(file, "it holds no records")
    with closing(Database.in_home(draft)) as database:
        if problems := database.problems():
            raise _damaged(file, problems[0])
        details: dict[str, Any] = {"file": path_text(file), "made_at": found.made_at}
        with database.writing() as connection:
            # The original may still be at work: a copy must not change the index that it has on a server.
            placing.forget(connection)
            append(connection, Entry(Action.RESTORE, (), details))


def _opened(file: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError) as exc:
        raise BadManifest(f"{file} can't be read as a backup ({exc}); name a file that matcher backup wrote") from exc


def _manifest(archive: zipfile.ZipFile, file: Path) -> Backup:
    try:
        if archive.getinfo(MANIFEST).file_size > _LONGEST_MANIFEST:
            raise _damaged(file, "its list is too long")
        said = json.loads(archive.read(MANIFEST))
        if said["format"] != FORMAT:
            raise _damaged(file, "it is of another kind")
        files = {str(name): (int(size), str(sha256)) for name, (size, sha256) in said["files"].items()}
        return Backup(str(said["made_at"]), files)
    except (KeyError, ValueError, TypeError, AttributeError, zipfile.BadZipFile, NotImplementedError) as exc:
        raise _damaged(file, "its list can't be read") from exc


def _damaged(file: Path, why: str) -> BadManifest:
    return BadManifest(f"{file} is not a whole backup: {why}; use another one")
