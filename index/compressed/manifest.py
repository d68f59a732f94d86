"""The manifest: which files make up the index at this moment. Replacing it is the one step that changes them.

A place in the logs is (number of the log, byte in it). A segment holds every change before its `born`: records of
earlier places don't touch it, later ones do. That is what lets a bulk addition, a compaction and the log go on beside
each other.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

from index.base import IndexDamaged, IndexForeign
from index.compressed import files
from index.compressed.files import REMEDY, Seal

NAME = "manifest.json"
FORMAT = "vector-index"
VERSION = 2

Place = tuple[int, int]


class Precision(StrEnum):
    """How the vectors for exact refinement are kept.

    FLOAT32: at full precision. INT16: in 16 bits, half the bytes; half of those again is read by most of a search.
    AUTO: at full precision while all of the index fits well into this machine's memory, else in 16 bits.
    """

    AUTO = "auto"
    FLOAT32 = "float32"
    INT16 = "int16"


@dataclass(frozen=True, slots=True)
class Tuning:
    """What was measured when a segment was built; one value for each level of recall, see tuning.

    subquantizers: 4-bit codes in each entry; 0 where there are none and every search compares with every entry.
    queries: how many were held out. rounding: the share of the true 20 nearest that is left after vectors were rounded
    for keeping; 1 at full precision. margins: how far past its last hit a scan must reach, infinite where that is not
    known. stated: the share of the 20 nearest that this finds. starts_20, starts_100: how many entries of a scan to
    begin with for the 20 and 100 nearest, 0 where no measured depth was enough.
    """

    subquantizers: int = 0
    queries: int = 0
    rounding: float = 1.0
    margins: tuple[float, ...] = ()
    stated: tuple[float, ...] = ()
    starts_20: tuple[int, ...] = ()
    starts_100: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SegmentFiles:
    """One segment: a folder of sealed files. precision: FLOAT32 or INT16.

    dead: the name of the file with the rows that were removed before `born`, or "" where there are none.
    """

    name: str
    count: int
    born: Place
    files: Mapping[str, Seal]
    tuning: Tuning
    precision: Precision
    dead: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that an index is, but its data. position belongs to the place `position_at`."""

    tag: str
    dimension: int
    attribute_names: tuple[str, ...]
    precision: Precision
    key_check: str
    recall_target: float
    segments: tuple[SegmentFiles, ...]
    logs: tuple[int, ...]
    next_number: int
    position: int = 0
    position_at: Place = (0, 0)

    def refuse_other(self, *, tag: str, dimension: int, attribute_names: tuple[str, ...], key_check: str) -> None:
        """Raise IndexForeign where this is not the index that the caller thinks it is."""
        for what, here, asked in (
            ("engine", self.tag, tag),
            ("dimension", self.dimension, dimension),
            ("attributes", self.attribute_names, attribute_names),
        ):
            if here != asked:
                raise IndexForeign(f"the index has the {what} {here}, not {asked}: use it so, or {REMEDY}")
        if self.key_check != key_check:
            raise IndexForeign(f"the index was made with another key: give that key, or {REMEDY}")

    def with_segment(self, segment: SegmentFiles) -> "Manifest":
        return replace(self, segments=(*self.segments, segment))


def log_path(folder: Path, number: int) -> Path:
    """Where the log of this number is."""
    return folder / f"log-{number:08d}"


def write(folder: Path, manifest: Manifest) -> None:
    """Make this manifest the index's, at once and durably."""
    body = {"format": FORMAT, "version": VERSION, **asdict(manifest)}
    text = json.dumps(body, sort_keys=True, indent=1)
    files.replace(folder / NAME, f"{text}\nsha256 {_digest(text)}\n".encode())


def read(folder: Path) -> Manifest:
    """The manifest of a folder; raises IndexDamaged, or IndexForeign for a format that this version can't read."""
    with opened(folder) as file:
        return parse(folder, file.read())


def opened(folder: Path) -> BinaryIO:
    """The manifest's file; raises IndexDamaged where there is none."""
    try:
        return (folder / NAME).open("rb")
    except FileNotFoundError as exc:
        raise IndexDamaged(f"{folder / NAME} is missing: {REMEDY}") from exc


def parse(folder: Path, content: bytes) -> Manifest:
    """The manifest from its file's content; raises as read does."""
    path = folder / NAME
    try:
        text, _, end = content.decode("utf-8").rpartition("\nsha256 ")
        if end != _digest(text) + "\n":
            raise IndexDamaged(f"{path} was altered or cut: {REMEDY}")
        body = json.loads(text)
        if body.pop("format") != FORMAT:
            raise IndexForeign(f"{path} is not of a vector index: {REMEDY}")
        if (version := body.pop("version")) != VERSION:
            raise IndexForeign(f"{path} has the format version {version}; this program reads {VERSION}: {REMEDY}")
        return _manifest(body)
    except (ValueError, KeyError, TypeError) as exc:
        raise IndexDamaged(f"{path} can't be read: {REMEDY}") from exc


def _manifest(body: dict[str, Any]) -> Manifest:
    return Manifest(
        **{
            **body,
            "attribute_names": tuple(body["attribute_names"]),
            "precision": Precision(body["precision"]),
            "segments": tuple(_segment(values) for values in body["segments"]),
            "logs": tuple(body["logs"]),
            "position_at": _place(body["position_at"]),
        }
    )


def _segment(values: dict[str, Any]) -> SegmentFiles:
    return SegmentFiles(
        **{
            **values,
            "born": _place(values["born"]),
            "files": {name: Seal.from_dict(sealed) for name, sealed in values["files"].items()},
            "precision": Precision(values["precision"]),
            "tuning": Tuning(**{key: _tuple(value) for key, value in values["tuning"].items()}),
        }
    )


def _place(values: list[int]) -> Place:
    return int(values[0]), int(values[1])


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
