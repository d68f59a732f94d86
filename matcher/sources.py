"""What to enroll: a folder or a CSV becomes people with the places of their photos, and rows that can't be used."""

import dataclasses
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from matcher.errors import BadField, BadManifest
from matcher.person import FIELDS, Person, read_person
from matcher.photo_date import TAKEN_ON, checked_photo_date
from matcher.tables import Row, cell, path_cell, read_table, write_table
from matcher.wording import why

REFUSED_FILE = "refused.csv"
_DETAILS = FIELDS[2:]
_REFUSED_COLUMNS = ("source", "line", "person_id", "photo", "code", "reason")


@dataclass(frozen=True, slots=True)
class PhotoPlace:
    """Where a photo is. given: as the source names it. line: of the CSV, 0 for a folder. taken_on: an ISO date, or
    empty where it is not known."""

    path: str
    given: str
    line: int = 0
    taken_on: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row or photo that was not enrolled, and why; line 0 for a folder."""

    line: int
    person_id: str
    photo: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class PersonPhotos:
    """A person and the photos to enroll."""

    person: Person
    photos: tuple[PhotoPlace, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Everything that a folder or a CSV asks for."""

    people: tuple[PersonPhotos, ...]
    refused: tuple[Refusal, ...]

    @property
    def photos(self) -> int:
        return sum(len(entry.photos) for entry in self.people)


def read_source(path: Path, *, gallery: str, today: date, encoding: str = "") -> Source:
    """Read a folder or a CSV; no photo is opened. gallery: for people whose row names none.

    A folder holds a subfolder for each person, or a file for each; its name is the person_id. Raises BadManifest
    where there is nothing to work with.
    """
    if path.is_dir():
        return _from_folder(path, gallery, today)
    if not path.exists():
        raise BadManifest(f"{path} does not exist; give a folder with photos, or a CSV with person_id,photo")
    return _from_csv(path, gallery, today, encoding)


def photo_path(given: str, folder: Path) -> str:
    """The file that a row means: relative to the CSV's folder, or absolute. Windows' separators are understood."""
    path = os.path.join(folder, given)  # noqa: PTH118 - Path would drop "./" and cost ten times as much a row
    if "\\" in given and not os.path.lexists(path):
        return os.path.join(folder, given.replace("\\", "/"))  # noqa: PTH118
    return path


def _from_folder(folder: Path, gallery: str, today: date) -> Source:
    gathered = _Gathered(gallery, today)
    try:
        entries = sorted(folder.iterdir())
    except OSError as exc:
        raise BadManifest(f"the folder {folder} can't be read ({why(exc)[0]}); check its rights") from exc
    for entry in entries:
        if _ignored(entry):
            continue
        if entry.suffix.lower() == ".csv":
            raise BadManifest(f"the folder {folder} holds {entry.name}; name that file to enroll from it, or move it")
        photos = sorted(_files(entry)) if entry.is_dir() else [entry]
        person_id = entry.name if entry.is_dir() else entry.stem
        for photo in photos:
            row = Row(0, {"person_id": person_id, "photo": os.fspath(photo.relative_to(folder))})
            gathered.add(row, os.fspath(photo))
    source = gathered.source()
    if not source.people and not source.refused:
        raise BadManifest(f"the folder {folder} holds no photos; it needs a subfolder or a file for each person")
    return source


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not _ignored(Path(name)):
                yield Path(place) / name


def _ignored(path: Path) -> bool:
    """Files that systems and this program leave behind."""
    return path.name.startswith(".") or path.name.lower() in ("thumbs.db", "desktop.ini", "__macosx", REFUSED_FILE)


def _from_csv(path: Path, gallery: str, today: date, encoding: str) -> Source:
    table = read_table(path, required=("person_id", "photo"), allowed=(*FIELDS, TAKEN_ON), encoding=encoding)
    gathered = _Gathered(gallery, today)
    for row in table.rows:
        gathered.add(row, photo_path(row.cells.get("photo", ""), path.parent))
    source = gathered.source()
    if not source.people and not source.refused:
        raise BadManifest(f"{path} has no row below its header; add a row for each photo")
    return source


@dataclass(slots=True)
class _Someone:
    """One person_id while rows are read."""

    person: Person
    lines: dict[str, int]
    photos: dict[str, PhotoPlace] = field(default_factory=dict)
    conflict: str = ""


class _Gathered:
    """Rows, gathered by person in the order of their first."""

    def __init__(self, gallery: str, today: date) -> None:
        self._gallery = gallery
        self._today = today
        self._people: dict[tuple[str, str], _Someone] = {}
        self._refused: list[Refusal] = []

    def add(self, row: Row, path: str) -> None:
        given = row.cells.get("photo", "")
        if row.fault:
            self._refuse(row, "bad_row", row.fault)
        elif not given:
            self._refuse(row, "missing", "the row names no photo; give its path")
        else:
            fields = {name: value for name, value in row.cells.items() if name not in ("photo", TAKEN_ON) and value}
            try:
                taken_on = checked_photo_date(row.cells.get(TAKEN_ON, ""), today=self._today)
                person = read_person({"gallery": self._gallery, **fields}, today=self._today)
            except BadField as exc:
                self._refuse(row, "bad_field", str(exc))
            else:
                self._add(row, person, PhotoPlace(path, given, row.line, taken_on))

    def source(self) -> Source:
        people = []
        for someone in self._people.values():
            if someone.conflict:
                self._refused += [
                    Refusal(place.line, someone.person.person_id, place.given, "rows_disagree", someone.conflict)
                    for place in someone.photos.values()
                ]
            else:
                people.append(PersonPhotos(someone.person, tuple(someone.photos.values())))
        return Source(tuple(people), tuple(sorted(self._refused, key=lambda refusal: refusal.line)))

    def _add(self, row: Row, person: Person, place: PhotoPlace) -> None:
        someone = self._people.get((person.gallery, person.person_id))
        if someone is None:
            stated = dict.fromkeys(_stated(person), row.line)
            someone = self._people[person.gallery, person.person_id] = _Someone(person, stated)
        someone.conflict = someone.conflict or _conflict(someone, person, row.line)
        if not someone.conflict and person != someone.person:
            self._complete(someone, person, row.line)
        key = os.path.normpath(place.path)
        if (twin := someone.photos.get(key)) is not None:
            self._refuse(row, "duplicate_row", f"line {twin.line} has the same person_id and photo; remove one")
        else:
            someone.photos[key] = place

    def _complete(self, someone: _Someone, person: Person, line: int) -> None:
        """Fields that an earlier row left empty are taken from this one."""
        try:
            merged = dataclasses.replace(someone.person, **_stated(person))
        except BadField as exc:
            someone.conflict = f"{exc} (line {line} together with the rows before)"
            return
        someone.person = merged
        for name in _stated(person):
            someone.lines.setdefault(name, line)

    def _refuse(self, row: Row, code: str, reason: str) -> None:
        cells: Mapping[str, str] = row.cells
        self._refused.append(Refusal(row.line, cells.get("person_id", ""), cells.get("photo", ""), code, reason))


def _stated(person: Person) -> dict[str, str]:
    return {name: value for name in _DETAILS if (value := getattr(person, name))}


def _conflict(someone: _Someone, person: Person, line: int) -> str:
    for name, value in _stated(person).items():
        before: str = getattr(someone.person, name)
        if before and before != value:
            first = someone.lines.get(name, line)
            return f"lines {first} and {line} state another {name} for this person_id; make them agree"
    return ""


def write_refused(path: Path, source: Path, refused: Sequence[Refusal]) -> None:
    """Write the list of refused rows and photos, by line: the header alone where there are none. Raises OSError."""
    write_table(path, _REFUSED_COLUMNS, _refused_rows(source, sorted(refused, key=lambda item: item.line)))


def latest_day() -> date:
    """The latest date that it is anywhere on Earth: a newborn in Asia is not from the future."""
    return (datetime.now(UTC) + timedelta(hours=14)).date()


def _refused_rows(source: Path, refused: Sequence[Refusal]) -> Iterator[tuple[str, ...]]:
    place = path_cell(str(source))
    for item in refused:
        line = str(item.line) if item.line else ""
        yield place, line, cell(item.person_id), path_cell(item.photo), item.code, cell(item.reason)
