"""A photo as the comparison shows it: an upright JPEG, with where its face is and how good it is."""

import json
from dataclasses import dataclass
from typing import Any

from api.pictures import jpeg_view
from matcher.photo import PhotoLimits
from matcher.pipeline import Matcher
from matcher.preparing import PreparedPhoto

LONGEST = 1_600
"""Pixels of a view's longer side: enough to be zoomed into, little enough for a slow line."""

FACE = "X-Face"


@dataclass(frozen=True, slots=True, repr=False)
class FaceView:
    """picture: JPEG. face: what goes into the header X-Face, as JSON in ASCII.

    points: shares of width and height of the picture, of the five landmarks (`matcher.faces.Face`); empty without a
    face, which can't be aligned then. quality: 0 to 100, None where there is no face.
    """

    picture: bytes
    face: str


def face_view(matcher: Matcher, content: bytes, limits: PhotoLimits) -> FaceView:
    """Make a view of a photo. Raises a kind of PhotoUnreadable."""
    picture = jpeg_view(content, limits=limits, longest=LONGEST)
    return FaceView(picture, json.dumps(face_of(matcher.prepare(content))))


def face_of(prepared: PreparedPhoto) -> dict[str, Any]:
    """What the header says of a photo: see `FaceView`."""
    points: list[list[float]] = []
    if prepared.face is not None and prepared.width and prepared.height:
        points = [
            [round(float(x) / prepared.width, 5), round(float(y) / prepared.height, 5)]
            for x, y in prepared.face.landmarks
        ]
    quality = None if prepared.quality is None else round(prepared.quality.score)
    return {"points": points, "quality": quality, "width": prepared.width, "height": prepared.height}
