"""The cases of an archive that was sent, or of photos that lie together with their list.

Nothing here opens a file by a name that somebody wrote into a list: a list names members, which are looked up among
those that are there. Whoever sends an archive reaches what is inside it, and nothing of the machine that reads it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from matcher.archives import NO_ARCHIVE, Member, is_archive, members
from matcher.errors import BadManifest, PhotoUnreadable
from matcher.manifest import Case, beside, check_case_id, read_listing
from matcher.photo import PhotoLimits
from matcher.places import place_text, read_place
from matcher.wording import why

_MOST_LIST_BYTES = 256 * 2**20
_ROWS_ANYWAY, _ROWS_A_PHOTO = 100_000, 4
_BYTES_ANYWAY, _BYTES_A_PHOTO = 8 * 2**20, 2_048
"""How long a list may be beside the photos that come with it: a megabyte of zip can hold a list of any length."""


def read_upload(place: Path, *, limits: PhotoLimits, encoding: str = "") -> tuple[Case, ...]:
    """The cases of an archive that was sent, in its order; no photo is opened. Raises BadManifest for what is none.

    place: where it was spooled; a link there is not followed.
    """
    try:
        if place.is_symlink() or not place.is_file() or not is_archive(place):
            raise BadManifest(NO_ARCHIVE)
    except OSError as exc:
        raise BadManifest(f"the upload can't be read ({why(exc)[0]}); send it again") from exc
    return cases_of("the upload", members(place.absolute(), limits=limits), limits, encoding)


def cases_of(source: str, found: Iterable[Member], limits: PhotoLimits, encoding: str) -> tuple[Case, ...]:
    """The cases that the files of a folder, a store or an archive are, or are listed as; raises BadManifest."""
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
        cases = read_listing(path, encoding=encoding, most_rows=_ROWS_ANYWAY + _ROWS_A_PHOTO * len(photos))
    by_name = {one.name.removeprefix("./"): one for one in photos}
    return tuple(_placed(case, by_name.get(beside(case.photo)), source) for case in cases)


def _placed(case: Case, member: Member | None, source: str) -> Case:
    if case.code:
        return replace(case, path="")
    if member is None:
        reason = f"{PurePosixPath(source).name} has no such photo; add it, or correct the name in the list"
        return replace(case, path="", code="missing", reason=reason)
    return replace(case, path=place_text(member.place), code=member.code, reason=member.reason)
