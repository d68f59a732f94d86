"""`Appraiser`: a photo and the face that an engine found in it to its Quality; the step as searches use it."""

from collections.abc import Sequence
from dataclasses import replace

from matcher.faces import Face
from matcher.photo import Photo
from matcher.quality.assessing import assess
from matcher.quality.landmarks import Landmarks, shared_landmarks
from matcher.quality.overall import DEFAULT_POLICY, QualityPolicy
from matcher.quality.values import Quality


class Appraiser:
    """Measures photos for searches and enrolment. Any number of threads may share it."""

    def __init__(self, policy: QualityPolicy = DEFAULT_POLICY, *, landmarks: Landmarks | None = None) -> None:
        self.policy = policy
        self._landmarks = landmarks or shared_landmarks()

    def appraise(self, photo: Photo, face: Face, *, others: Sequence[Face] = ()) -> Quality:
        """The quality of the photo for searching with this face; others: the photo's other faces."""
        five, landmarks = self._landmarks.of(photo, face)
        return assess(photo, replace(face, landmarks=five), landmarks, others=others, policy=self.policy)
