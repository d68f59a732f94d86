"""What to search with: a CSV of cases, a folder, an archive or a store becomes cases with the places of their photos.

Where a folder, an archive or a store holds one CSV with ``case_id`` and ``photo`` at its top, that is the list. Without
one every photo is searched with: a photo in a subfolder belongs to the case that the subfolder is named after, any
other to one of its own name.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from matcher.archives import Member, is_archive, members
from matcher.errors import BadManifest, PhotoUnreadable
from matcher.manifest import Case, check_case_id, read_manifest
from matcher.photo import PhotoLimits
from matcher.places import StorePlace, place_text, read_place
from matcher.store import is_store, objects
from matcher.wording import why

_MOST_LIST_BYTES = 256 * 2**20
_ROWS_ANYWAY, _ROWS_A_PHOTO = 100_000, 4
_BYTES_ANYWAY, _BYTES_A_PHOTO = 8 * 2**20, 2_048
"""How long a list may be beside the photos that come with it: a megabyte of zip can hold a list of any length."""
_LEFT_BEHIND = ("thumbs.db", "desktop.ini", "__macosx")


def read_cases(source: str, *, limits: PhotoLimits, encoding: str = "") -> tuple[Case, ...]:
    """The cases of a source in its order; no photo is opened. Raises BadManifest or BadSetting.

    source: the path of a CSV, a folder, a zip or a tar file, or an address like ``s3://bucket/folder``.
    """
    if is_store(source):
        return _from_members(source, _of_store(source, limits), limits, encoding)
    path = Path(source)
    try:
        if path.is_dir():
            return _from_members(source, _of_folder(path), limits, encoding)
        if is_archive(path):
            return _from_members(source, members(path.absolute(), limits=limits), limits, encoding)
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


def _from_members(source: str, found: Iterable[Member], limits: PhotoLimits, encoding: str) -> tuple[Case, ...]:
    everything = list(found)
    lists = [one for one in everything if "/" not in one.name and one.name.lower().endswith(".csv")]
    if len(lists) > 1:
        raise BadManifest(f"{source} holds {len(lists)} CSV files at its top; leave the one that lists the cases")
    photos = [one for one in everything if one not in lists] if lists else everything
    if lists:
        cases = _listed(source, lists[0], photos, limits, encoding)
    else:
        cases = tuple(_by_name(source, place, one) for place, one in enumerate(photos, start=1))
    if not cases:
        raise BadManifest(f"{source} holds no photos; give one with a photo for each case")
    return cases


def _by_name(source: str, line: int, member: Member) -> Case:
    path = PurePosixPath(member.name)
    case_id = path.parts[0] if len(path.parts) > 1 else path.stem
    if member.code == "bad_name":
        case_id = f"member {line}"
    else:
        check_case_id(Path(source), line, case_id)
    return Case(line, case_id, member.name, place_text(member.place), member.code, member.reason)


def _listed(
    source: str, listing: Member, photos: Sequence[Member], limits: PhotoLimits, encoding: str
) -> tuple[Case, ...]:
    """The cases of a CSV inside the source, with the members that it names."""
    most = min(_MOST_LIST_BYTES, _BYTES_ANYWAY + _BYTES_A_PHOTO * len(photos))
    try:
        content = read_place(listing.place, limits=replace(limits, max_bytes=most))
    except PhotoUnreadable as exc:
        raise BadManifest(
            f"{listing.name} can't be read, or has more than the {most:,} bytes that a list may have beside "
            f"{len(photos):,} photos ({exc}); look at it, or send the photos in parts, each with its list"
        ) from exc
    with TemporaryDirectory() as folder:
        path = Path(folder) / PurePosixPath(listing.name).name
        path.write_bytes(content)
        cases = read_manifest(path, encoding=encoding, most_rows=_ROWS_ANYWAY + _ROWS_A_PHOTO * len(photos))
    by_name = {one.name.removeprefix("./"): one for one in photos}
    return tuple(_placed(case, by_name.get(_normal(case.photo)), source) for case in cases)


def _normal(name: str) -> str:
    return os.path.normpath(name.replace("\\", "/")) if name else ""


def _placed(case: Case, member: Member | None, source: str) -> Case:
    if case.code:
        return replace(case, path="")
    if member is None:
        reason = f"{PurePosixPath(source).name} has no such photo; add it, or correct the name in the list"
        return replace(case, path="", code="missing", reason=reason)
    return replace(case, path=place_text(member.place), code=member.code, reason=member.reason)
