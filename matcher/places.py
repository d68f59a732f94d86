"""Where a photo's bytes are: a file, a member of an archive, an object of a store; read again from there at any time.

A place is written as text, so that any process can read what another one has listed: the path of a file as it is,
everything else as a list of JSON that names its kind first.
"""

import json
import os
import threading
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from matcher.errors import MatcherError
from matcher.formats.refusals import PhotoDamaged, PhotoMissing
from matcher.photo import PhotoLimits, read_bytes
from matcher.wording import why

SOURCE_GONE = "source_gone"
"""The code of a photo that could not be read because of where it is."""

_OPEN_ARCHIVES = 4
_MARKS = ('["zip", ', '["tar", ', '["store", ')


class SourceGone(MatcherError):
    """An archive or a store that photos were listed from can't be read any more; that is no photo's fault."""


@dataclass(frozen=True, slots=True)
class ZipPlace:
    """A member of a zip file."""

    archive: str
    member: str


@dataclass(frozen=True, slots=True)
class TarPlace:
    """A member of a tar file that is not compressed: where its bytes begin, and how many there are."""

    archive: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class StorePlace:
    """An object of an S3-compatible store, as in ``s3://bucket/folder/photo.jpg``."""

    url: str


Place = str | ZipPlace | TarPlace | StorePlace
"""A str is the path of a file."""


def place_text(place: Place) -> str:
    """A place as text."""
    if isinstance(place, str):
        return place
    values = {"zip": ZipPlace, "tar": TarPlace, "store": StorePlace}
    kind = next(name for name, of in values.items() if isinstance(place, of))
    return json.dumps([kind, *(getattr(place, name) for name in place.__slots__)])


def place_of(text: str) -> Place:
    """What place_text wrote."""
    if not text.startswith(_MARKS):
        return text
    kind, *values = json.loads(text)
    kinds: dict[str, Any] = {"zip": ZipPlace, "tar": TarPlace, "store": StorePlace}
    place: Place = kinds[kind](*values)
    return place


def all_inside(places: Iterable[str], archive: Path) -> bool:
    """Whether each of these places, as text, is a member of the archive, or empty for none."""
    own = {os.fspath(archive.absolute())}
    for text in filter(None, places):
        place = place_of(text)
        if not isinstance(place, ZipPlace | TarPlace):
            return False
        if place.archive not in own:
            # Processes may know the home under different names.
            if Path(place.archive).resolve() != archive.resolve():
                return False
            own.add(place.archive)
    return True


def read_place(place: Place, *, limits: PhotoLimits) -> bytes:
    """The bytes there, never more than one beyond the limit. Raises a kind of PhotoUnreadable, and SourceGone."""
    if isinstance(place, str):
        return read_bytes(place, limits=limits)
    if isinstance(place, ZipPlace):
        data = _ARCHIVES.member(place, limits.max_bytes + 1)
    elif isinstance(place, TarPlace):
        data = _part(place, limits.max_bytes + 1)
    else:
        from matcher.store import read_object

        data = read_object(place.url, limits.max_bytes + 1)
    limits.check_bytes(len(data))
    return data


def _part(place: TarPlace, most: int) -> bytes:
    try:
        with Path(place.archive).open("rb") as file:
            file.seek(place.offset)
            data = file.read(min(place.size, most))
    except OSError as exc:
        raise _gone(place.archive, exc) from exc
    if len(data) < min(place.size, most):
        raise PhotoDamaged("the archive ends before the photo does; send it again")
    return data


class _Archives:
    """The zip files that this process has open: reading a large one's list of members takes a second."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: OrderedDict[str, zipfile.ZipFile] = OrderedDict()

    def member(self, place: ZipPlace, most: int) -> bytes:
        with self._lock:
            archive = self._opened(place.archive)
            try:
                with archive.open(place.member) as file:
                    # What the archive says of a member's size need not be true; reading stops at the limit.
                    return _read(file, most)
            except KeyError as exc:
                raise PhotoMissing("the archive has no such member any more; send it again") from exc
            except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as exc:
                raise PhotoDamaged(f"the archive's member can't be unpacked ({exc}); pack it again") from exc
            except OSError as exc:
                raise _gone(place.archive, exc) from exc

    def _opened(self, path: str) -> zipfile.ZipFile:
        found = self._open.pop(path, None)
        if found is None:
            try:
                found = zipfile.ZipFile(path)
            except OSError as exc:
                raise _gone(path, exc) from exc
            except (zipfile.BadZipFile, ValueError, NotImplementedError) as exc:
                raise SourceGone(f"{path} is no zip file any more ({exc}); put it back") from exc
        self._open[path] = found
        while len(self._open) > _OPEN_ARCHIVES:
            self._open.popitem(last=False)[1].close()
        return found


_ARCHIVES = _Archives()


def _read(file: IO[bytes], most: int) -> bytes:
    pieces, left = [], most
    while left and (piece := file.read(min(left, 1 << 20))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _gone(path: str, exc: OSError) -> SourceGone:
    return SourceGone(f"{path}, where the photos are, can't be read ({why(exc)[0]}); put it back and go on")
