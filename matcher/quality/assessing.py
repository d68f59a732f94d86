"""`assess`: one photo's face to its Quality. Measures the photo and its landmarks; looks at nothing else."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from matcher.faces import Face
from matcher.photo import Photo
from matcher.quality.advice import reasons
from matcher.quality.agreement import agreement
from matcher.quality.compression import blocks
from matcher.quality.geometry import expression, framing, single_face
from matcher.quality.light import lighting, luminance
from matcher.quality.overall import DEFAULT_POLICY, QualityPolicy, overall
from matcher.quality.pose import head_pose, posing
from matcher.quality.sharpness import detail
from matcher.quality.values import Component, Measure, Quality
from matcher.quality.view import bounded, view


def assess(
    photo: Photo,
    face: Face,
    landmarks: NDArray[np.floating],
    *,
    others: Sequence[Face] = (),
    policy: QualityPolicy = DEFAULT_POLICY,
) -> Quality:
    """How fit the photo is to search for this face.

    face: with the five landmarks of dlib's model (`Landmarks` finds them for any engine's face). landmarks: (68, 2), in
    the iBUG order. All are in pixels of the photo; numbers beyond reason are borne and score badly. others: the other
    faces of the photo. Raises ValueError for another shape, nothing else.
    """
    components = measure(photo, face, landmarks, others=others)
    score = overall(components)
    verdict = policy.verdict(score)
    return Quality(components, score, verdict, reasons(components, verdict))


def measure(
    photo: Photo, face: Face, landmarks: NDArray[np.floating], *, others: Sequence[Face] = ()
) -> dict[Measure, Component]:
    """The components alone, in the order of `Measure`."""
    seen = view(photo, landmarks, face.turn)
    pose = head_pose(seen.points)
    found = {
        **lighting(seen, luminance(seen.crop)),
        **detail(seen),
        Measure.BLOCKS: blocks(photo.pixels, landmarks, seen.inter_eye),
        Measure.LANDMARKS: agreement(face.landmarks, bounded(landmarks), seen.inter_eye),
        **framing(seen, pose),
        **expression(seen),
        **posing(pose),
        Measure.SINGLE_FACE: single_face(face.box, [other.box for other in others]),
    }
    return {each: found[each] for each in Measure}
