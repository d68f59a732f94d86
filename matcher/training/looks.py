"""Drawn people who look alike: parameters near somebody else's, and what still tells the two apart."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import TypeVar

from matcher.casework.features import Feature
from matcher.drawn.traits import Brows, Eyes, Hair, Mouth, Nose, Skull, Traits

_Part = TypeVar("_Part", Skull, Eyes, Brows, Nose, Mouth, Hair)


@dataclass(frozen=True, slots=True)
class Measure:
    """A length of a drawn face. deviation: mm by which people usually differ in it, as `drawn.chance` draws them."""

    part: str
    name: str
    feature: Feature
    deviation: float

    @property
    def key(self) -> str:
        return f"{self.part}.{self.name}"


MEASURES: tuple[Measure, ...] = (
    Measure("skull", "cheeks", Feature.FACE_OUTLINE, 8),
    Measure("skull", "jaw", Feature.FACE_OUTLINE, 10),
    Measure("skull", "hairline", Feature.HAIRLINE, 6),
    Measure("skull", "chin", Feature.CHIN, 7.5),
    Measure("skull", "chin_width", Feature.CHIN, 8),
    Measure("skull", "ear_length", Feature.EARS, 5),
    Measure("eyes", "apart", Feature.EYES, 5.3),
    Measure("eyes", "width", Feature.EYES, 3.1),
    Measure("eyes", "opening", Feature.EYES, 2.1),
    Measure("brows", "height", Feature.EYEBROWS, 3.1),
    Measure("brows", "thickness", Feature.EYEBROWS, 2.2),
    Measure("brows", "gap", Feature.EYEBROWS, 6.2),
    Measure("nose", "length", Feature.NOSE, 6),
    Measure("nose", "width", Feature.NOSE, 5.6),
    Measure("mouth", "drop", Feature.MOUTH, 4.2),
    Measure("mouth", "width", Feature.MOUTH, 5),
    Measure("mouth", "upper", Feature.MOUTH, 2.1),
    Measure("mouth", "lower", Feature.MOUTH, 2),
)
MARKS = "marks"
"""The key of the difference that one face has a mole where the other has none."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What tells two drawn people apart. key: of the measure, or MARKS. millimetres: the second less the first; 0 for
    marks. size: in deviations, never negative; 1 is what people usually differ by."""

    key: str
    feature: Feature
    millimetres: float
    size: float


def alike(target: Traits, other: Traits, nearness: float) -> Traits:
    """Somebody who resembles the target: every length this share of the way from the other to the target, 0 to 1.

    Sex, age, colours, hairstyle, beard and glasses are the target's, since nobody is told apart by what can be changed;
    moles, freckles and the details without a name are the other's.
    """
    return replace(
        target,
        skull=_between(other.skull, target.skull, nearness),
        eyes=replace(_between(other.eyes, target.eyes, nearness), colour=target.eyes.colour),
        brows=_between(other.brows, target.brows, nearness),
        nose=_between(other.nose, target.nose, nearness),
        mouth=replace(_between(other.mouth, target.mouth, nearness), colour=target.mouth.colour),
        hair=replace(target.hair, peak=other.hair.peak, temples=other.hair.temples),
        moles=other.moles,
        freckles=other.freckles,
        chin_cleft=other.chin_cleft,
        lean=other.lean,
        seed=other.seed,
    )


def differences(one: Traits, other: Traits) -> tuple[Difference, ...]:
    """What tells them apart, what differs most first; empty for one and the same."""
    found = sorted(_differences(one, other), key=lambda found: -found.size)
    return tuple(difference for difference in found if difference.size > 0)


def _differences(one: Traits, other: Traits) -> Iterator[Difference]:
    for measure in MEASURES:
        away = length(other, measure) - length(one, measure)
        yield Difference(measure.key, measure.feature, away, abs(away) / measure.deviation)
    if one.moles != other.moles:
        # A mole is small, but where there is one on one face and none on the other it weighs as much as a clear length.
        yield Difference(MARKS, Feature.MARKS, 0.0, 1.5)


def length(who: Traits, measure: Measure) -> float:
    """A measure of somebody, in mm."""
    return float(getattr(getattr(who, measure.part), measure.name))


def _between(start: _Part, end: _Part, share: float) -> _Part:
    """A part of a face between two, for its lengths; what is no number stays the start's."""
    moved = {}
    for field in fields(start):
        low, high = getattr(start, field.name), getattr(end, field.name)
        if isinstance(low, int | float):
            moved[field.name] = low + (high - low) * share
    return replace(start, **moved)
