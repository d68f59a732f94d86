"""What an answer says of its scores: what they rest on, what was calibrated with what, and what they are not."""

import dataclasses

from matcher.identification import Scoring
from matcher.scoring.calibration import Calibration
from matcher.scoring.normaliser import Basis
from matcher.scoring.rating import Asked, Ratings, Scale

NATIVE = "native-l2"
NORMALISED = "normalised-1"

_RESTS_ON = {
    Basis.SHIPPED: "statistics that come with the program, because the gallery is still too small for its own",
    Basis.BLENDED: "this gallery's people together with statistics that come with the program",
    Basis.SMALL: "this gallery's people, who are still few",
    Basis.OWN: "this gallery's people",
}
_NATIVE_NOTE = (
    "1 minus the Euclidean distance: an order of likeness. It is not calibrated: the same number means different "
    "things in different populations and gallery sizes, and is not a probability. There are no statistics for this "
    "engine, and the gallery has too few people to make its own."
)


def scoring_of(scale: Scale, asked: Asked, *, prior: float) -> Scoring:
    """What holds for all searches of one kind; `with_shares` adds what one search found."""
    if scale.normaliser is None:
        return Scoring(name=NATIVE, calibrated=False, note=_NATIVE_NOTE, mode=asked.mode.value, people=scale.people)
    basis = scale.normaliser.basis
    likeness = f"Likeness measured against how alike strangers are; it rests on {_RESTS_ON[basis]}."
    if scale.calibration is None:
        return Scoring(
            name=NORMALISED,
            calibrated=False,
            note=f"{likeness} It is not calibrated for this engine: an order, not a probability.",
            mode=asked.mode.value,
            people=scale.people,
            basis=basis.value,
        )
    return Scoring(
        name=NORMALISED,
        calibrated=True,
        note=f"{likeness} Probabilities hold for a search among {scale.people:,} people; the confidence also for the "
        f"assumption that {100 * prior:.3g} % of all searches are for somebody in it. "
        f"{_counted(scale)}{_quality(scale.calibration)}{_made_with(scale.calibration)}{_size(scale)}",
        mode=asked.mode.value,
        people=scale.people,
        basis=basis.value,
        calibration=_made_with(scale.calibration),
        fpir=asked.fpir,
        prior=prior,
    )


def with_shares(scoring: Scoring, ratings: Ratings) -> Scoring:
    """The same with one search's threshold and shares."""
    return dataclasses.replace(scoring, threshold=ratings.threshold, nobody=ratings.nobody, elsewhere=ratings.elsewhere)


def _counted(scale: Scale) -> str:
    """What was counted among the people who are searched, beside the calibration."""
    factor = 1.0 if scale.calibration is None else scale.calibration.false_matches.factor
    if 0.95 < factor < 1.05:
        return ""
    return f"Strangers are alike {factor:.2g} times as often here as in the calibration's data; that is allowed for. "


def _quality(calibration: Calibration) -> str:
    if calibration.by_quality is None:
        return "Likelihood ratios and confidences take no account of the photo's quality. "
    return "Likelihood ratios and confidences take account of the photo's quality, where that was measured. "


def _size(scale: Scale) -> str:
    sizes = () if scale.calibration is None else scale.calibration.source.sizes
    if not sizes or scale.people >= min(sizes):
        return ""
    return f" This is a smaller gallery than any that was measured ({min(sizes):,} people): the numbers are rougher."


def _made_with(calibration: Calibration) -> str:
    source = calibration.source
    return (
        f"Calibrated for {source.engine} on {source.people:,} people ({source.description}), {source.date}; largest "
        f"gallery measured {max(source.sizes):,} people, larger ones by the law fitted there."
    )
