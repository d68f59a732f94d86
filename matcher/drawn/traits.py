"""What stays the same in every picture of one drawn person: lengths in mm, colours, styles."""

from dataclasses import dataclass
from enum import StrEnum

from matcher.drawn.canvas import Colour


class HairStyle(StrEnum):
    BALD = "bald"
    RING = "ring"
    CROPPED = "cropped"
    SHORT = "short"
    SWEPT = "swept"
    FRINGE = "fringe"
    CURLY = "curly"
    TIED = "tied"
    BOB = "bob"
    LONG = "long"
    WAVY = "wavy"


class Beard(StrEnum):
    NONE = "none"
    STUBBLE = "stubble"
    MOUSTACHE = "moustache"
    GOATEE = "goatee"
    SHORT = "short"
    FULL = "full"


class Glasses(StrEnum):
    NONE = "none"
    ROUND = "round"
    SQUARE = "square"
    HALF = "half"


@dataclass(frozen=True, slots=True)
class Skull:
    """Widths are full widths; chin is from the eyes' midpoint down, crown and hairline from it up."""

    cheeks: float
    temples: float
    jaw: float
    jaw_height: float
    chin: float
    chin_width: float
    crown: float
    hairline: float
    ear_length: float
    ear_turn: float
    neck: float
    shoulders: float
    cheekbones: float
    fullness: float


@dataclass(frozen=True, slots=True)
class Eyes:
    apart: float
    width: float
    opening: float
    tilt: float
    fold: float
    depth: float
    peak: float
    iris: float
    colour: Colour
    lashes: float
    bags: float


@dataclass(frozen=True, slots=True)
class Brows:
    height: float
    thickness: float
    length: float
    arch: float
    tilt: float
    bend: float
    gap: float
    density: float


@dataclass(frozen=True, slots=True)
class Nose:
    length: float
    width: float
    bridge: float
    rise: float
    tip: float
    nostrils: float
    hang: float
    bend: float
    contour: float


@dataclass(frozen=True, slots=True)
class Mouth:
    drop: float
    width: float
    upper: float
    lower: float
    bow: float
    corners: float
    philtrum: float
    colour: Colour


@dataclass(frozen=True, slots=True)
class Hair:
    style: HairStyle
    colour: Colour
    volume: float
    parting: float
    peak: float
    temples: float
    length: float
    curl: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A mole at (x, y) in mm from the eyes' midpoint."""

    x: float
    y: float
    radius: float


@dataclass(frozen=True, slots=True)
class Traits:
    """A drawn person's looks. age: years on the day of the first photo. lean: mm by which left and right differ.

    seed: for details that are the person's own but have no name, as the fall of each hair.
    """

    woman: bool
    age: float
    skin: Colour
    skull: Skull
    eyes: Eyes
    brows: Brows
    nose: Nose
    mouth: Mouth
    hair: Hair
    beard: Beard
    glasses: Glasses
    glasses_colour: Colour
    glasses_size: float
    moles: tuple[Mark, ...]
    freckles: float
    chin_cleft: float
    lean: float
    seed: int
