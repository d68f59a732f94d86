"""The engine's own metric as the score: an order, no more, until scores are normalised and calibrated."""

from collections.abc import Sequence
from dataclasses import dataclass

from matcher.identification import Scoring
from matcher.records.values import PersonKey, TemplateHit

NATIVE = Scoring(
    name="native-l2",
    calibrated=False,
    note="1 minus the Euclidean distance: an order of likeness. It is not calibrated: the same number means different "
    "things in different populations and gallery sizes, and is not a probability.",
)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A person's place in the list; best: the nearest photo's hit; photos: how many of theirs were found."""

    key: PersonKey
    score: float
    best: TemplateHit
    photos: int


def rank(hits: Sequence[TemplateHit], *, top: int) -> tuple[Ranked, ...]:
    """One entry a person, scored by the nearest photo, best first, at most `top`. hits: nearest first."""
    best: dict[PersonKey, TemplateHit] = {}
    photos: dict[PersonKey, int] = {}
    for hit in hits:
        key = (hit.gallery, hit.person_id)
        best.setdefault(key, hit)
        photos[key] = photos.get(key, 0) + 1
    chosen = list(best.items())[:top]
    return tuple(Ranked(key, 1.0 - hit.distance, hit, photos[key]) for key, hit in chosen)
