"""The file of a backup: a list of what is in it, each with its SHA-256, and the files themselves."""

import hashlib
import json
import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from matcher.errors import BadManifest

FORMAT = "identity-matcher backup 1"
MANIFEST = "manifest.json"

_PIECE = 2**20
_LONGEST_MANIFEST = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Backup:
    """What is in a backup. files: name -> (bytes, SHA-256 in hex). made_at: as the audit writes times."""

    made_at: str
    files: dict[str, tuple[int, str]]

    @property
    def size(self) -> int:
        return sum(size for size, _ in self.files.values())


def read_backup(file: Path) -> Backup:
    """What a backup says is in it; raises BadManifest."""
    with _opened(file) as archive:
        return _manifest(archive, file)


def add_file(archive: zipfile.ZipFile, path: Path, name: str, files: dict[str, tuple[int, str]]) -> None:
    """Copy a file into the archive under a name, and note its size and SHA-256 in files."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as source, archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as target:
        while piece := source.read(_PIECE):
            digest.update(piece)
            size += len(piece)
            target.write(piece)
    files[name] = (size, digest.hexdigest())


def extract(file: Path, draft: Path) -> Backup:
    """Write everything of a backup into an empty folder, every SHA-256 compared; raises BadManifest or OSError."""
    with _opened(file) as archive:
        found = _manifest(archive, file)
        names = [name for name in archive.namelist() if name != MANIFEST]
        if sorted(names) != sorted(found.files):
            raise damaged(file, "its list and its content differ")
        for name, (size, sha256) in found.files.items():
            place = PurePosixPath(name)
            if place.is_absolute() or ".." in place.parts or not place.parts:
                raise damaged(file, f"{name!a} leads out of it")
            target = draft.joinpath(*place.parts)
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                copied = _copied(archive, name, target, most=size)
            except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as exc:
                raise damaged(file, f"{name!a} can't be read: {exc}") from exc
            if copied != (size, sha256):
                raise damaged(file, f"{name!a} does not have the SHA-256 that was recorded")
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


def _opened(file: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError) as exc:
        raise BadManifest(f"{file} can't be read as a backup ({exc}); name a file that matcher backup wrote") from exc


def _manifest(archive: zipfile.ZipFile, file: Path) -> Backup:
    try:
        if archive.getinfo(MANIFEST).file_size > _LONGEST_MANIFEST:
            raise damaged(file, "its list is too long")
        said = json.loads(archive.read(MANIFEST))
        if said["format"] != FORMAT:
            raise damaged(file, "it is of another kind")
        files = {str(name): (int(size), str(sha256)) for name, (size, sha256) in said["files"].items()}
        return Backup(str(said["made_at"]), files)
    except (KeyError, ValueError, TypeError, AttributeError, zipfile.BadZipFile, NotImplementedError) as exc:
        raise damaged(file, "its list can't be read") from exc


def damaged(file: Path, why: str) -> BadManifest:
    """The error for a file that is no backup, or not a whole one."""
    return BadManifest(f"{file} is not a whole backup: {why}; use another one")


def closing_list(archive: zipfile.ZipFile, made: Backup) -> None:
    """Write the list, after everything that it names."""
    archive.writestr(MANIFEST, json.dumps({"format": FORMAT, "made_at": made.made_at, "files": made.files}, indent=1))
