"""What an engine that a user brought is, in one small TOML file: the making of a template, its licence, its checksums.

Two engines make templates that may be compared only where everything in their manifests agrees that a template
depends on; a hash over that is their version, and with it part of the key of every template.
"""

import hashlib
import json
import math
import re
from dataclasses import asdict, dataclass
from enum import StrEnum

from matcher.errors import BadEngine

FORMAT = "engine/1"
SIDE = 112
"""Pixels of the aligned face, both ways."""

_MAKING = 1
"""Rises when this program aligns or scales differently, so that templates made before and after never meet."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_LONGEST_TEXT = 2000
_DIMENSIONS = range(8, 4097)
_LARGEST_WEIGHT = 1000.0

Triple = tuple[float, float, float]


class Kind(StrEnum):
    """Which family a network is of: the defaults of its input. Both want a face aligned as ArcFace's were."""

    ARCFACE = "arcface"
    """RGB, (value - 127.5) / 127.5."""
    SFACE = "sface"
    """OpenCV's SFace: RGB from 0 to 255 as it is, the face not mirrored."""


class Channels(StrEnum):
    RGB = "rgb"
    BGR = "bgr"


class Layout(StrEnum):
    """The order of the input's axes."""

    NCHW = "nchw"
    NHWC = "nhwc"


class Metric(StrEnum):
    """How the network's vectors are compared.

    Searches always compare unit vectors, whose distance orders as the cosine does. COSINE: the length of a vector
    means nothing, and is dropped before two of one face are averaged. L2: it is kept until then.
    """

    COSINE = "cosine"
    L2 = "l2"


class DetectorKind(StrEnum):
    """What finds the faces and the points by which they are aligned."""

    OWN = "own"
    """The default engine's detector and five landmarks."""
    OWN_68 = "own-68"
    """The same detector, aligned by its 68 landmarks, whose licence excludes commercial use."""
    YUNET = "yunet"
    """OpenCV's YuNet, brought as a file of its own."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model in the data folder. sha256: hex, of its bytes. source: the name of the file that was added."""

    sha256: str
    size: int
    source: str

    def __post_init__(self) -> None:
        if not _DIGEST.fullmatch(self.sha256):
            raise BadEngine(f"sha256 is {self.sha256[:70]!r}; it has 64 hexadecimal digits, as sha256sum prints them")
        checked_text("source", self.source)


@dataclass(frozen=True, slots=True)
class Pixels:
    """The input: (value - mean) / std for each channel in the order `channels`, values from 0 to `top`."""

    channels: Channels
    layout: Layout
    top: float
    mean: Triple
    std: Triple

    def __post_init__(self) -> None:
        if self.top not in (1.0, 255.0):
            raise BadEngine(f"top is {self.top:g}; the values of a pixel go up to 1 or to 255")
        if not all(map(math.isfinite, (*self.mean, *self.std))) or min(self.std) <= 0:
            raise BadEngine(f"mean {self.mean} and std {self.std} are no scaling; std must be above 0, all be finite")
        if max(map(abs, self.mean)) > self.top:
            raise BadEngine(f"mean {self.mean} lies outside values from 0 to {self.top:g}; see --top")


@dataclass(frozen=True, slots=True)
class Output:
    """The vector. name: of the model's output. mirror: whether a face's mirror image is averaged in."""

    name: str
    dimension: int
    metric: Metric
    mirror: bool

    def __post_init__(self) -> None:
        checked_text("output", self.name)
        if self.dimension not in _DIMENSIONS:
            raise BadEngine(
                f"the vectors have {self.dimension} numbers; {_DIMENSIONS.start} to {_DIMENSIONS.stop - 1} can be used"
            )


@dataclass(frozen=True, slots=True)
class Detector:
    """model: YuNet's file; None for the own detectors."""

    kind: DetectorKind
    model: ModelFile | None = None

    def __post_init__(self) -> None:
        if (self.kind is DetectorKind.YUNET) != (self.model is not None):
            raise BadEngine(
                f"the detector {self.kind.value} {'needs a' if self.model is None else 'has no'} model file"
            )


@dataclass(frozen=True, slots=True)
class Brought:
    """One network with all that belongs to it. licence, notes: as the user stated them. added: the day, ISO 8601."""

    name: str
    kind: Kind
    licence: str
    notes: str
    added: str
    model: ModelFile
    pixels: Pixels
    output: Output
    detector: Detector

    def __post_init__(self) -> None:
        _check_head(self.name, self.licence, self.notes, self.added)

    @property
    def version(self) -> str:
        """12 hex digits over everything that a template depends on; not over licence, notes, names and dates."""
        detector = self.detector.model.sha256 if self.detector.model else ""
        return _digest(
            [_MAKING, self.model.sha256, asdict(self.pixels), asdict(self.output), self.detector.kind.value, detector]
        )

    @property
    def dimension(self) -> int:
        return self.output.dimension


@dataclass(frozen=True, slots=True)
class Part:
    """One engine of a joined one. version: the one that it was joined with. dimension: of its templates."""

    name: str
    version: str
    dimension: int

    @property
    def key(self) -> str:
        return f"{self.name}@{self.version}"


@dataclass(frozen=True, slots=True)
class Joined:
    """Two engines as one: their unit templates side by side. weight: of the first against the second.

    notes: where the weight is from.
    """

    name: str
    notes: str
    added: str
    parts: tuple[Part, Part]
    weight: float

    def __post_init__(self) -> None:
        _check_head(self.name, "", self.notes, self.added)
        if not (math.isfinite(self.weight) and 1 / _LARGEST_WEIGHT <= self.weight <= _LARGEST_WEIGHT):
            raise BadEngine(f"the weight is {self.weight:g}; give a number between 0.001 and 1000")
        if self.parts[0].name == self.parts[1].name:
            raise BadEngine(f"{self.parts[0].name} can't be joined with itself; name two engines")

    @property
    def version(self) -> str:
        return _digest([_MAKING, [part.key for part in self.parts], self.weight])

    @property
    def dimension(self) -> int:
        return sum(part.dimension for part in self.parts)


Manifest = Brought | Joined


def checked_name(name: str) -> str:
    """The name, if it can be one; raises BadEngine."""
    if not _NAME.fullmatch(name):
        raise BadEngine(
            f"{name[:50]!r} can't be an engine's name; use up to 40 small letters, digits, - and _, the first no sign"
        )
    return name


def checked_text(field: str, text: str) -> str:
    """The text, if it is one line of printable characters; raises BadEngine."""
    if len(text) > _LONGEST_TEXT or not (text.isprintable()):
        raise BadEngine(f"{field} is not one line of up to {_LONGEST_TEXT} printable characters; shorten or correct it")
    return text


def _check_head(name: str, licence: str, notes: str, added: str) -> None:
    checked_name(name)
    for field, text in (("licence", licence), ("notes", notes), ("added", added)):
        checked_text(field, text)


def _digest(making: object) -> str:
    text = json.dumps(making, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
