"""What to search with: a CSV of cases, a folder, an archive or a store becomes cases with the places of their photos.

Where a folder, an archive or a store holds one CSV with ``case_id`` and ``photo`` at its top, that is the list. Without
one every photo is searched with: a photo in a subfolder belongs to the case that the subfolder is named after, any
other to one of its own name.
"""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from matcher.archives import Member, is_archive, members
from matcher.errors import BadManifest
from matcher.manifest import Case, read_manifest
from matcher.photo import PhotoLimits
from matcher.places import StorePlace
from matcher.store import is_store, objects
from matcher.upload_cases import cases_of
from matcher.wording import why

_LEFT_BEHIND = ("thumbs.db", "desktop.ini", "__macosx")


def read_cases(source: str, *, limits: PhotoLimits, encoding: str = "") -> tuple[Case, ...]:
    """The cases of a source in its order; no photo is opened. Raises BadManifest or BadSetting.

    source: the path of a CSV, a folder, a zip or a tar file, or an address like ``s3://bucket/folder``.
    """
    if is_store(source):
        return cases_of(source, _of_store(source, limits), limits, encoding)
    path = Path(source)
    try:
        if path.is_dir():
            return cases_of(source, _of_folder(path), limits, encoding)
        if is_archive(path):
            return cases_of(source, members(path.absolute(), limits=limits), limits, encoding)
    except OSError as exc:
        raise BadManifest(f"{path} can't be read ({why(exc)[0]}); check the path and the rights") from exc
    return read_manifest(path, encoding=encoding)


def _of_folder(folder: Path) -> Iterator[Member]:
    folder = folder.absolute()
    for place, folders, names in os.walk(folder, onerror=_raise):
        folders[:] = sorted(name for name in folders if not _is_left_behind(name))
        for name in sorted(names):
            if not _is_left_behind(name):
                path = Path(place) / name
                yield Member(path.relative_to(folder).as_posix(), os.fspath(path))


def _raise(error: OSError) -> None:
    raise error


def _of_store(url: str, limits: PhotoLimits) -> Iterator[Member]:
    root = url.rstrip("/") + "/"
    for address, size in objects(url):
        name = address.removeprefix(root) if address != url else PurePosixPath(address).name
        code = "too_many_bytes" if size > limits.max_bytes and not name.lower().endswith(".csv") else ""
        reason = f"it has {size:,} bytes, the limit is {limits.max_bytes:,}; save it smaller, as JPEG" if code else ""
        if not _is_left_behind(PurePosixPath(name).name):
            yield Member(name, StorePlace(address), size, code, reason)


def _is_left_behind(name: str) -> bool:
    return name.startswith(".") or name.lower() in _LEFT_BEHIND
