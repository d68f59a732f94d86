"""What is in a zip or tar file, member by member; nothing is ever unpacked to the disk.

Members are refused one by one, with a reason: names that lead out of the archive, links and devices, what is larger
than a photo may be, what is encrypted. An archive is refused as a whole where its list can't be trusted: too many
members, members that lie over one another, headers of megabytes.
"""

import stat
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from matcher.errors import BadManifest
from matcher.person import shown
from matcher.photo import PhotoLimits
from matcher.places import Place, TarPlace, ZipPlace
from matcher.wording import why

MOST_MEMBERS = 2_000_000
_LONGEST_HEADER = 64 * 1024
_ENCRYPTED = 0x1
NO_ARCHIVE = (
    "what was sent is neither a zip nor a tar; pack the photos, and the list if there is one, into one of these"
)
_OF_SYSTEMS = ("__macosx", "thumbs.db", "desktop.ini")


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive or folder. name: as the archive has it, with slashes. code, reason: why it can't be used."""

    name: str
    place: Place
    size: int = 0
    code: str = ""
    reason: str = ""


def is_archive(path: Path) -> bool:
    """Whether a file begins as a zip or looks like a tar; raises OSError."""
    with path.open("rb") as file:
        if file.read(4) in (b"PK\x03\x04", b"PK\x05\x06"):
            return True
        file.seek(257)
        return file.read(5) == b"ustar"


def members(path: Path, *, limits: PhotoLimits) -> Iterator[Member]:
    """The files of an archive in their order. Raises BadManifest where it can't be used as a whole."""
    try:
        with path.open("rb") as file:
            is_zip = file.read(2) == b"PK"
        for number, member in enumerate(_of_zip(path, limits) if is_zip else _of_tar(path, limits)):
            if number >= MOST_MEMBERS:
                raise BadManifest(f"{path} has more than {MOST_MEMBERS:,} members; split it")
            if not _is_ignored(member.name):
                yield member
    except OSError as exc:
        raise BadManifest(f"{path} can't be read ({why(exc)[0]}); check the path and the rights") from exc
    except (zipfile.BadZipFile, tarfile.TarError, ValueError, EOFError, NotImplementedError) as exc:
        raise BadManifest(f"{path} is not a whole zip or tar file ({exc}); pack it again") from exc


def fault_of_name(name: str) -> str:
    """Why a member's name can't be used; empty where it can: it must stay below the archive's root."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not name or not name.isprintable():
        return "its name is empty or holds control characters; rename it"
    if name.startswith(("/", "\\")) or ".." in parts or (len(name) > 1 and name[1] == ":"):
        return f"its name {shown(name)} leads out of the archive; pack it with relative names"
    return ""


def _of_zip(path: Path, limits: PhotoLimits) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            place = ZipPlace(str(path), info.filename)
            code, reason = _fault(info.filename, info.file_size, limits)
            mode = info.external_attr >> 16
            if info.flag_bits & _ENCRYPTED:
                code, reason = "encrypted", "it is encrypted; pack it without a password"
            elif stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                code, reason = "not_a_file", "it is a link or a device; pack the photo itself"
            yield Member(info.filename, place, info.file_size, code, reason)


def _of_tar(path: Path, limits: PhotoLimits) -> Iterator[Member]:
    with tarfile.open(path, "r:", tarinfo=_Guarded, errors="surrogateescape") as archive:
        for info in archive:
            # The list of what was read would grow with the archive.
            archive.members = []  # type: ignore[attr-defined]
            _Guarded.must_go_forward(info.size)
            if info.isdir():
                continue
            place = TarPlace(str(path), info.offset_data, info.size)
            code, reason = _fault(info.name, info.size, limits)
            if not info.isreg() or info.issparse():
                code, reason = "not_a_file", "it is a link, a device or sparse; pack the photo itself"
            yield Member(info.name, place, info.size, code, reason)


class _Guarded(tarfile.TarInfo):
    """Headers of an archive, of which none may take the memory."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        self.must_go_forward(self.size)
        known = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME,
                 tarfile.GNUTYPE_LONGLINK)  # fmt: skip
        if self.type in known and self.size > _LONGEST_HEADER:
            raise tarfile.ReadError(f"a header of {self.size:,} bytes")
        made: tarfile.TarInfo = super()._proc_member(archive)  # type: ignore[misc]
        return made

    @staticmethod
    def must_go_forward(size: int) -> None:
        # The next header would be before this one, and reading would never end.
        if size < 0:
            raise tarfile.ReadError(f"a member of {size:,} bytes")


def _fault(name: str, size: int, limits: PhotoLimits) -> tuple[str, str]:
    if reason := fault_of_name(name):
        return "bad_name", reason
    if size > limits.max_bytes:
        return "too_many_bytes", f"it has {size:,} bytes, the limit is {limits.max_bytes:,}; save it smaller, as JPEG"
    return "", ""


def _is_ignored(name: str) -> bool:
    """Files that systems leave behind."""
    parts = name.replace("\\", "/").lower().split("/")
    return parts[-1].startswith(".") or any(part in _OF_SYSTEMS for part in parts)
