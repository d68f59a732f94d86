"""What an assessment of a photo says: components, an overall score, a verdict, reasons and advice."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """Whether a search with this photo is worth its answer."""

    GOOD = "good"
    POOR = "poor"
    UNFIT = "unfit"


class Measure(StrEnum):
    """The components, after ISO/IEC 29794-5; grain, blocks and landmarks are our own."""

    ILLUMINATION_UNIFORMITY = "illumination_uniformity"
    LUMINANCE_MEAN = "luminance_mean"
    LUMINANCE_VARIANCE = "luminance_variance"
    UNDER_EXPOSURE = "under_exposure"
    OVER_EXPOSURE = "over_exposure"
    DYNAMIC_RANGE = "dynamic_range"
    NATURAL_COLOUR = "natural_colour"
    SHARPNESS = "sharpness"
    GRAIN = "grain"
    BLOCKS = "blocks"
    LANDMARKS = "landmarks"
    SINGLE_FACE = "single_face"
    EYES_OPEN = "eyes_open"
    MOUTH_CLOSED = "mouth_closed"
    INTER_EYE_DISTANCE = "inter_eye_distance"
    HEAD_SIZE = "head_size"
    CROP_LEFT = "crop_left"
    CROP_RIGHT = "crop_right"
    CROP_ABOVE = "crop_above"
    CROP_BELOW = "crop_below"
    YAW = "yaw"
    PITCH = "pitch"
    ROLL = "roll"


@dataclass(frozen=True, slots=True)
class Component:
    """One measurement. value: in unit, as measured; score: 0 (worst) to 100 (best)."""

    value: float
    unit: str
    score: float


Components = Mapping[Measure, Component]


@dataclass(frozen=True, slots=True)
class Reason:
    """What is wrong, and what to do about it, in words for the officer. code: for programs."""

    code: Measure
    text: str
    advice: str


@dataclass(frozen=True, slots=True)
class Quality:
    """How fit a photo is to search with.

    components: every measure, in the order of the standard's table.
    score: 0 to 100; rises with the chance that the person is found, if in the gallery.
    verdict: from the score, by the policy's bounds.
    reasons: what most lowers the score first; empty for a photo with nothing to complain of.
    """

    components: Components
    score: float
    verdict: Verdict
    reasons: tuple[Reason, ...] = ()
