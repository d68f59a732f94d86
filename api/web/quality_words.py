"""A photo's quality in the words of a page: components, what is wrong, what to do about it."""

from collections.abc import Callable, Mapping
from typing import Any

from api.web.languages import N_
from matcher.quality import Quality
from matcher.quality.values import Measure, Verdict

VERDICTS: Mapping[Verdict, str] = {
    Verdict.GOOD: N_("good"),
    Verdict.POOR: N_("poor: it can be searched with, but a better one finds more"),
    Verdict.UNFIT: N_("unfit: an answer could not be relied on"),
}
COMPONENTS: Mapping[Measure, str] = {
    Measure.ILLUMINATION_UNIFORMITY: N_("Evenness of light"),
    Measure.LUMINANCE_MEAN: N_("Brightness"),
    Measure.LUMINANCE_VARIANCE: N_("Range of brightness"),
    Measure.UNDER_EXPOSURE: N_("Not too dark"),
    Measure.OVER_EXPOSURE: N_("Not burnt out"),
    Measure.DYNAMIC_RANGE: N_("Contrast"),
    Measure.NATURAL_COLOUR: N_("Natural colour"),
    Measure.SHARPNESS: N_("Sharpness"),
    Measure.GRAIN: N_("No grain"),
    Measure.BLOCKS: N_("No compression blocks"),
    Measure.LANDMARKS: N_("Nothing over the face"),
    Measure.SINGLE_FACE: N_("One face only"),
    Measure.EYES_OPEN: N_("Eyes open"),
    Measure.MOUTH_CLOSED: N_("Mouth closed"),
    Measure.INTER_EYE_DISTANCE: N_("Pixels between the eyes"),
    Measure.HEAD_SIZE: N_("Size of the head"),
    Measure.CROP_LEFT: N_("Room on the left"),
    Measure.CROP_RIGHT: N_("Room on the right"),
    Measure.CROP_ABOVE: N_("Room above"),
    Measure.CROP_BELOW: N_("Room below"),
    Measure.YAW: N_("Not turned aside"),
    Measure.PITCH: N_("Not raised or lowered"),
    Measure.ROLL: N_("Not tilted"),
}
_AGAIN_FRONT = N_("Photograph again from the front, with the camera at the height of the eyes.")
_WHOLE = N_("Give a picture in which the whole head can be seen, with some room around it.")
_LIGHT = N_("Photograph again with even light on the face.")
ADVICE: Mapping[Measure, tuple[str, str]] = {
    Measure.SHARPNESS: (
        N_("The face is blurred."),
        N_("Hold the camera still, focus on the eyes and photograph again, or scan the original."),
    ),
    Measure.GRAIN: (
        N_("The face is grainy."),
        N_("Photograph again with more light, or scan the original instead of a copy."),
    ),
    Measure.BLOCKS: (
        N_("The photo was compressed so much that blocks can be seen."),
        N_("Give the original file, not one sent by a messenger."),
    ),
    Measure.LANDMARKS: (
        N_("Parts of the face are covered, spoilt or hard to make out."),
        N_("Give a picture with nothing over the face: no mask, dark glasses, hand, hair, stamp or shadow."),
    ),
    Measure.OVER_EXPOSURE: (
        N_("%(percent)s of the face is burnt out to white."),
        N_("Photograph again with less light or without flash."),
    ),
    Measure.YAW: (N_("The head is turned %(size)s degrees to the side."), _AGAIN_FRONT),
    Measure.PITCH: (N_("The head is raised or lowered by %(size)s degrees."), _AGAIN_FRONT),
    Measure.INTER_EYE_DISTANCE: (
        N_("The face is %(size)s pixels between the eyes."),
        N_("Photograph closer or scan at higher resolution; at least 90 pixels are good."),
    ),
    Measure.SINGLE_FACE: (
        N_("Another face has %(percent)s of this one's area."),
        N_("Choose the face that is meant; the photo is cut to it."),
    ),
    Measure.UNDER_EXPOSURE: (N_("%(percent)s of the face is nearly black."), N_("Photograph again with more light.")),
    Measure.ILLUMINATION_UNIFORMITY: (N_("One side of the face is much darker than the other."), _LIGHT),
    Measure.DYNAMIC_RANGE: (N_("The face has hardly any contrast."), _LIGHT),
    Measure.EYES_OPEN: (
        N_("An eye seems closed or covered."),
        N_("Photograph again with both eyes open and visible."),
    ),
    Measure.MOUTH_CLOSED: (N_("The mouth is wide open."), N_("Photograph again with the mouth closed.")),
    Measure.ROLL: (N_("The head is tilted by %(size)s degrees."), N_("Photograph again with the head upright.")),
    Measure.CROP_LEFT: (N_("The photo ends close to the left of the face."), _WHOLE),
    Measure.CROP_RIGHT: (N_("The photo ends close to the right of the face."), _WHOLE),
    Measure.CROP_ABOVE: (N_("The top of the head is cut off."), _WHOLE),
    Measure.CROP_BELOW: (N_("The photo ends at the chin or above."), _WHOLE),
}


def told(quality: Quality, say: Callable[..., str], percent: Callable[[float], str]) -> dict[str, Any]:
    """What a page shows of a quality. say: gettext of the page; percent: a share as its language writes it."""
    return {
        "overall": round(quality.score),
        "verdict": quality.verdict.value,
        "said": say(VERDICTS[quality.verdict]),
        "advice": [_advice(quality, reason.code, say, percent) for reason in quality.reasons],
        "components": [
            {"name": say(COMPONENTS[measure]), "score": round(found.score)}
            for measure, found in quality.components.items()
        ],
    }


def _advice(
    quality: Quality, measure: Measure, say: Callable[..., str], percent: Callable[[float], str]
) -> dict[str, str]:
    text, advice = ADVICE[measure]
    value = quality.components[measure].value
    said = say(text, size=round(abs(value)), percent=percent(value))
    return {"text": said, "advice": say(advice)}
