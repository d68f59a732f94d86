"""What is wrong with a photo and what to do about it, in the officer's words."""

from dataclasses import dataclass

from matcher.quality.overall import losses
from matcher.quality.values import Components, Measure, Quality, Reason, Verdict

_WORTH_SAYING = 0.8
"""Logits that a component must take from the score to be told: it falls from 93 to 86 by it."""

_OFTEN = {Measure.LANDMARKS: 1.7}
"""In a good photo landmarks differ for many harmless reasons: told there for 1 in 25 ordinary press photos."""

_CAUSES = {Measure.INTER_EYE_DISTANCE: Measure.SHARPNESS}
"""A small face lacks detail; its size, being the cause, is told first."""

_SPOILERS = {
    Measure.INTER_EYE_DISTANCE, Measure.SHARPNESS, Measure.GRAIN, Measure.BLOCKS, Measure.OVER_EXPOSURE,
    Measure.UNDER_EXPOSURE, Measure.DYNAMIC_RANGE, Measure.ILLUMINATION_UNIFORMITY, Measure.YAW, Measure.PITCH,
}  # fmt: skip
"""What makes landmarks hard to find: told before them, since who hears of both should mend this one."""


@dataclass(frozen=True, slots=True)
class _Words:
    """text: of value; {size} is its magnitude. below: the score under which one that doesn't count is told."""

    text: str
    advice: str
    below: float = 0.0


_AGAIN = "photograph again"
_WHOLE = "give a picture in which the whole head can be seen, with some room around it"
_FRONT = f"{_AGAIN} from the front, with the camera at the height of the eyes"
_LIGHT = f"{_AGAIN} with even light on the face"

_WORDS = {
    Measure.SHARPNESS: _Words(
        "the face is blurred", f"hold the camera still, focus on the eyes and {_AGAIN}, or scan the original"
    ),
    Measure.GRAIN: _Words(
        "the face is grainy", f"{_AGAIN} with more light, or scan the original instead of a copy", below=60
    ),
    Measure.BLOCKS: _Words(
        "the photo was compressed so much that blocks can be seen",
        "give the original file, not one sent by a messenger",
        below=40,
    ),
    Measure.LANDMARKS: _Words(
        "parts of the face are covered, spoilt or hard to make out",
        "give a picture with nothing over the face: no mask, dark glasses, hand, hair, stamp or shadow",
    ),
    Measure.OVER_EXPOSURE: _Words(
        "{percent:.0f} % of the face is burnt out to white", f"{_AGAIN} with less light or without flash", below=10
    ),
    Measure.YAW: _Words("the head is turned {size:.0f} degrees to the side", _FRONT),
    Measure.PITCH: _Words("the head is {nod} {size:.0f} degrees", _FRONT),
    # Missed people become more numerous below about 25 pixels; 90 is what the standard for passports asks for.
    Measure.INTER_EYE_DISTANCE: _Words(
        "the face is {value:.0f} pixels between the eyes",
        "photograph closer or scan at higher resolution; at least 90 pixels are good",
        below=9.5,
    ),
    Measure.SINGLE_FACE: _Words(
        "another face has {percent:.0f} % of this one's area", "cut the photo to the person who is meant", below=50
    ),
    Measure.UNDER_EXPOSURE: _Words(
        "{percent:.0f} % of the face is nearly black", f"{_AGAIN} with more light", below=40
    ),
    Measure.ILLUMINATION_UNIFORMITY: _Words("one side of the face is much darker than the other", _LIGHT, below=30),
    Measure.DYNAMIC_RANGE: _Words("the face has hardly any contrast", _LIGHT, below=40),
    Measure.EYES_OPEN: _Words("an eye seems closed or covered", f"{_AGAIN} with both eyes open and visible", below=30),
    Measure.MOUTH_CLOSED: _Words("the mouth is wide open", f"{_AGAIN} with the mouth closed", below=20),
    Measure.ROLL: _Words("the head is tilted {size:.0f} degrees", f"{_AGAIN} with the head upright", below=60),
    Measure.CROP_LEFT: _Words("the photo ends close to the left of the face", _WHOLE, below=1),
    Measure.CROP_RIGHT: _Words("the photo ends close to the right of the face", _WHOLE, below=1),
    Measure.CROP_ABOVE: _Words("the top of the head is cut off", _WHOLE, below=0.2),
    Measure.CROP_BELOW: _Words("the photo ends at the chin or above", _WHOLE, below=0.1),
}


def reasons(components: Components, verdict: Verdict) -> tuple[Reason, ...]:
    """What lowers the score, the worst first; then what doesn't, but is far from what a photo should be.

    Never empty for a photo that isn't good.
    """
    all_losses = losses(components)
    if verdict is Verdict.GOOD:
        lost = {each: loss for each, loss in all_losses.items() if loss >= _OFTEN.get(each, _WORTH_SAYING)}
    else:
        least = min(_WORTH_SAYING, max(all_losses.values()))
        lost = {each: loss for each, loss in all_losses.items() if loss >= least}
    told = {m: 0.0 for m, words in _WORDS.items() if components[m].score < words.below}
    told |= {cause: lost[of] + 1e-9 for cause, of in _CAUSES.items() if cause in told and of in lost}
    order = sorted(lost | told, key=lambda measure: (-(lost | told)[measure], components[measure].score))
    if Measure.LANDMARKS in order:
        last = max((place for place, measure in enumerate(order) if measure in _SPOILERS), default=0)
        order.insert(max(last, order.index(Measure.LANDMARKS)), order.pop(order.index(Measure.LANDMARKS)))
    return tuple(_reason(measure, components[measure].value) for measure in order)


def poor_words(quality: Quality) -> str:
    """What is wrong with a photo whose quality is not good, and the remedy, in one line; empty for a good one."""
    if not quality.reasons or quality.verdict is Verdict.GOOD:
        return ""
    first = quality.reasons[0]
    return f"its quality is {quality.score:.0f} of 100: {first.text}; {first.advice}"


def why_unfit(quality: Quality) -> str:
    """Why a photo of this quality is refused, and the remedy, in one line. Only for one that has reasons."""
    first = quality.reasons[0]
    return (
        f"its quality is {quality.score:.0f} of 100, too little for an answer to be relied on: {first.text}; "
        f"{first.advice}. If there is no better photo, it can be used anyway by saying so"
    )


def _reason(measure: Measure, value: float) -> Reason:
    words = _WORDS[measure]
    nod = "raised" if value > 0 else "lowered"
    text = words.text.format(value=value, size=abs(value), percent=100 * value, nod=nod)
    return Reason(measure, text, words.advice)
