"""The list of photos that an evaluation works through, read and checked before any of them is looked at.

A CSV ``photo,person_id,role,probe_kind[,group]``: role is gallery or probe, probe_kind mated or non-mated for probes
and empty for the gallery. One wrong row makes every rate wrong, so a doubt is an error, with the line.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from matcher.errors import BadField, BadManifest
from matcher.person import checked_person_id, shown
from matcher.sources import photo_path
from matcher.tables import Row, read_table

COLUMNS = ("photo", "person_id", "role", "probe_kind")
GROUP = "group"
LONGEST_GROUP = 40


class Kind(StrEnum):
    """What a photo is for."""

    GALLERY = "gallery"
    MATED = "mated"
    """A probe of somebody who is in the gallery."""
    NON_MATED = "non-mated"
    """A probe of somebody who is not."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row. path: of the photo, which `photo` names as the file does. group: of the person, empty if not stated."""

    line: int
    photo: str
    path: str
    person_id: str
    kind: Kind
    group: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The rows by what they are for, in the order of the file. manifest_sha256: of the file's bytes."""

    manifest: Path
    manifest_sha256: str
    gallery: tuple[Entry, ...]
    mated: tuple[Entry, ...]
    non_mated: tuple[Entry, ...]

    @property
    def probes(self) -> tuple[Entry, ...]:
        """Mated and non-mated, in the order of the file."""
        return tuple(sorted((*self.mated, *self.non_mated), key=lambda entry: entry.line))


def read_plan(path: Path, *, own_gallery: bool = False, encoding: str = "") -> Plan:
    """The rows of an evaluation; no photo is opened.

    own_gallery: the operator's gallery is searched; then gallery rows are left out, and who is in it is not known
    here. Raises BadManifest with the line for a column that is missing, a role that there is not, a photo listed
    twice, a person both in the gallery and non-mated, a mated person who is not in the gallery, a person of two groups,
    and where there is no row of a kind that is needed.
    """
    table = read_table(path, required=COLUMNS, allowed=(GROUP,), encoding=encoding)
    entries = [_entry(path, row) for row in table.rows]
    _refuse_twice(path, ((os.path.normpath(entry.path), entry) for entry in entries), "photo")
    _refuse_two_groups(path, entries)
    by_kind = {kind: tuple(entry for entry in entries if entry.kind is kind) for kind in Kind}
    if own_gallery:
        by_kind[Kind.GALLERY] = ()
    _refuse_missing_kinds(path, by_kind, own_gallery=own_gallery)
    _refuse_contradictions(path, by_kind, own_gallery=own_gallery)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Plan(path, digest, by_kind[Kind.GALLERY], by_kind[Kind.MATED], by_kind[Kind.NON_MATED])


def photo_digests(
    plan: Plan, entries: Sequence[Entry], *, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> dict[str, str]:
    """The SHA-256 of each photo's bytes by path. Raises BadManifest for a file that can't be read and for the same
    photo under two names: either makes the rates wrong without a trace."""
    found = {}
    for done, entry in enumerate(entries, start=1):
        try:
            with Path(entry.path).open("rb") as file:
                found[entry.path] = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as exc:
            raise _bad(plan.manifest, entry, f"the photo {shown(entry.photo)} can't be read ({exc.strerror})") from exc
        progress(done, len(entries))
    _refuse_twice(plan.manifest, ((found[entry.path], entry) for entry in entries), "content of the photo")
    return found


def _entry(path: Path, row: Row) -> Entry:
    if row.fault:
        raise BadManifest(f"{path}, line {row.line}: {row.fault}")
    given = row.cells["photo"]
    if not given:
        raise BadManifest(f"{path}, line {row.line}: the row names no photo; give its path")
    try:
        person_id = checked_person_id(row.cells["person_id"])
    except BadField as exc:
        raise BadManifest(f"{path}, line {row.line}: {exc}") from exc
    group = row.cells.get(GROUP, "")
    if len(group) > LONGEST_GROUP or not group.isprintable():
        raise BadManifest(
            f"{path}, line {row.line}: the group {shown(group)} is longer than {LONGEST_GROUP} characters or holds "
            "control characters; name it shortly"
        )
    return Entry(row.line, given, photo_path(given, path.parent), person_id, _kind(path, row), group)


def _kind(path: Path, row: Row) -> Kind:
    role, kind = row.cells["role"].lower(), row.cells["probe_kind"].lower()
    if role not in ("gallery", "probe"):
        raise BadManifest(f"{path}, line {row.line}: the role {shown(role)} is not known; write gallery or probe")
    if role == "gallery":
        if kind:
            raise BadManifest(
                f"{path}, line {row.line}: a gallery row has the probe_kind {shown(kind)}; leave it empty"
            )
        return Kind.GALLERY
    if kind not in (Kind.MATED, Kind.NON_MATED):
        raise BadManifest(
            f"{path}, line {row.line}: the probe_kind {shown(kind)} is not known; write mated or non-mated"
        )
    return Kind(kind)


def _refuse_twice(path: Path, keyed: Iterable[tuple[str, Entry]], what: str) -> None:
    first: dict[str, Entry] = {}
    for key, entry in keyed:
        before = first.setdefault(key, entry)
        if before is not entry:
            raise _bad(path, entry, f"the same {what} is in line {before.line} ({shown(before.photo)}); remove one")


def _refuse_two_groups(path: Path, entries: Sequence[Entry]) -> None:
    first: dict[str, Entry] = {}
    for entry in entries:
        before = first.setdefault(entry.person_id, entry)
        if before.group != entry.group:
            raise _bad(
                path,
                entry,
                f"person_id {shown(entry.person_id)} has the group {shown(entry.group)}, in line {before.line} "
                f"{shown(before.group)}; a person belongs to one group",
            )


def _refuse_missing_kinds(path: Path, found: dict[Kind, tuple[Entry, ...]], *, own_gallery: bool) -> None:
    needed = [kind for kind in Kind if not (own_gallery and kind is Kind.GALLERY)]
    for kind in needed:
        if not found[kind]:
            what = "gallery photos" if kind is Kind.GALLERY else f"{kind.value} probes"
            why = {
                Kind.GALLERY: "without them there is nothing to search; add rows, or name your own with --gallery",
                Kind.MATED: "without them nobody can be missed; add photos of people who are in the gallery",
                Kind.NON_MATED: "without them false alarms can't be counted; add photos of people who are not in the "
                "gallery",
            }[kind]
            raise BadManifest(f"{path} has no {what}; {why}")


def _refuse_contradictions(path: Path, found: dict[Kind, tuple[Entry, ...]], *, own_gallery: bool) -> None:
    enrolled = {entry.person_id: entry for entry in reversed(found[Kind.GALLERY])}
    mated = {entry.person_id: entry for entry in reversed(found[Kind.MATED])}
    for entry in found[Kind.NON_MATED]:
        other = enrolled.get(entry.person_id) or mated.get(entry.person_id)
        if other is not None:
            raise _bad(
                path,
                entry,
                f"person_id {shown(entry.person_id)} is non-mated here and {other.kind.value} in line {other.line}; "
                "a person is in the gallery or is not",
            )
    for entry in () if own_gallery else found[Kind.MATED]:
        if entry.person_id not in enrolled:
            raise _bad(
                path,
                entry,
                f"person_id {shown(entry.person_id)} is mated but has no gallery photo; add one, or make it non-mated",
            )


def _bad(path: Path, entry: Entry, message: str) -> BadManifest:
    return BadManifest(f"{path}, line {entry.line}: {message}")
