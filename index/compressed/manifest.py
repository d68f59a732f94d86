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
VERSION = 1

Place = tuple[int, int]


class Precision(StrEnum):
    """How the vectors for exact refinement are kept."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"


@dataclass(frozen=True, slots=True)
class Tuning:
    """What was measured when a segment was built.

    subquantizers: 4-bit codes in each entry; 0 where there are none and every search compares with every entry.
    depths: how many entries of the scan were refined; recall_20, recall_100: the share of the true 20 and 100
    nearest that were among them, over the first half of the held-out queries; stated_20: over the other half.
    margins: how far past the last hit a scan must reach to have found certain shares of the neighbours, see tuning.
    rounding: the share of them that is left after the rounding of vectors to half precision; 1 at full precision.
    """

    subquantizers: int = 0
    queries: int = 0
    rounding: float = 1.0
    depths: tuple[int, ...] = ()
    recall_20: tuple[float, ...] = ()
    recall_100: tuple[float, ...] = ()
    stated_20: tuple[float, ...] = ()
    margins: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class SegmentFiles:
    """One segment: a folder of sealed files.

    dead: the name of the file with the rows that were removed before `born`, or "" where there are none.
    """

    name: str
    count: int
    born: Place
    files: Mapping[str, Seal]
    tuning: Tuning
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
            "tuning": Tuning(**{key: _tuple(value) for key, value in values["tuning"].items()}),
        }
    )


def _place(values: list[int]) -> Place:
    return int(values[0]), int(values[1])


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
