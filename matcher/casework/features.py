"""What examiners compare and how they say it: the facial components of FISWG's list for morphological analysis.

A reason is a component with what was seen there, as in ``ears:similar`` or ``scars:different``.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from matcher.errors import BadField
from matcher.person import shown


class Feature(StrEnum):
    """The components, in the order in which the list has them."""

    SKIN = "skin"
    FACE_OUTLINE = "face_outline"
    FACE_COMPOSITION = "face_composition"
    HAIRLINE = "hairline"
    FOREHEAD = "forehead"
    EYEBROWS = "eyebrows"
    EYES = "eyes"
    CHEEKS = "cheeks"
    NOSE = "nose"
    EARS = "ears"
    MOUTH = "mouth"
    CHIN = "chin"
    NECK = "neck"
    FACIAL_HAIR = "facial_hair"
    FACIAL_LINES = "facial_lines"
    SCARS = "scars"
    MARKS = "marks"
    ALTERATIONS = "alterations"


class Seen(StrEnum):
    """What a comparison of one component showed."""

    SIMILAR = "similar"
    DIFFERENT = "different"
    EXPLAINED = "explained"
    """Different, for a reason such as age, weight, pose or light."""
    NOT_COMPARABLE = "not_comparable"


class Opinion(StrEnum):
    """What a reviewer may find of a candidate."""

    SAME_PERSON = "same_person"
    DIFFERENT_PERSON = "different_person"
    INCONCLUSIVE = "inconclusive"
    PHOTO_UNUSABLE = "photo_unusable"


@dataclass(frozen=True, slots=True)
class Reason:
    """One component and what was seen there."""

    feature: Feature
    seen: Seen

    @classmethod
    def read(cls, text: str) -> Self:
        """As in ``ears:similar``; raises BadField."""
        feature, _, seen = text.partition(":")
        try:
            return cls(Feature(feature), Seen(seen))
        except ValueError:
            raise BadField(
                "reasons",
                f"reason {shown(text)} is not a feature and what was seen of it, as in ears:similar; features are "
                f"{', '.join(Feature)}; seen are {', '.join(Seen)}",
            ) from None

    def __str__(self) -> str:
        return f"{self.feature}:{self.seen}"


def read_reasons(texts: list[str] | tuple[str, ...], opinion: Opinion) -> tuple[Reason, ...]:
    """The reasons of a verdict, each feature once; raises BadField where they don't carry it.

    A verdict that two photos show one person names at least two features that agree, and none that differs unexplained;
    one that they don't names at least one that differs.
    """
    reasons = tuple(Reason.read(text) for text in texts)
    if len({reason.feature for reason in reasons}) < len(reasons):
        raise BadField("reasons", "a feature is named twice; say once what was seen of each")
    seen = [reason.seen for reason in reasons]
    if opinion is Opinion.SAME_PERSON and (seen.count(Seen.SIMILAR) < 2 or Seen.DIFFERENT in seen):
        raise BadField(
            "reasons",
            "same_person needs two features or more that are similar, and none that is different; a difference that "
            "has a cause is explained, else the verdict is inconclusive or different_person",
        )
    if opinion is Opinion.DIFFERENT_PERSON and Seen.DIFFERENT not in seen:
        raise BadField("reasons", "different_person needs a feature that is different; name it")
    if opinion is Opinion.INCONCLUSIVE and not reasons:
        raise BadField("reasons", "inconclusive needs a feature and what was seen of it")
    return reasons
