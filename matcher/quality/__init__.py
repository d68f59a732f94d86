"""Is this photo fit to search with, and if not, what should be captured again.

::

    photo, face, 68 landmarks --> view --> light, sharpness, pose, geometry --> overall --> Quality
                                  (upright, level, one size)                    advice --'

Components follow ISO/IEC 29794-5. No trait of the person is estimated.
"""

from matcher.quality.advice import poor_words, why_unfit
from matcher.quality.appraising import Appraiser
from matcher.quality.assessing import assess, measure
from matcher.quality.landmarks import Landmarks
from matcher.quality.overall import DEFAULT_POLICY, QualityPolicy
from matcher.quality.values import Component, Measure, Quality, Reason, Verdict

__all__ = [
    "DEFAULT_POLICY",
    "Appraiser",
    "Component",
    "Landmarks",
    "Measure",
    "Quality",
    "QualityPolicy",
    "Reason",
    "Verdict",
    "assess",
    "measure",
    "poor_words",
    "why_unfit",
]
