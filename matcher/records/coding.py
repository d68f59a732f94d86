"""How values are written into columns, and a person's fields into an index's attributes.

Index attributes, int32, in the order of `ATTRIBUTE_NAMES`; 0 means "not stated" in all but the first:

- gallery: the number of the gallery's row.
- nationality: the three letters as digits to the base 27, A = 1 to Z = 26 (CHN is 3*729 + 8*27 + 14 = 2417).
- sex: ISO/IEC 5218, 1 M, 2 F, 9 X.
- birth_year: the year.
"""

import json
from functools import cache

import numpy as np
from numpy.typing import NDArray

from matcher.errors import BadField
from matcher.faces import Box, Face, Vector

ATTRIBUTE_NAMES = ("gallery", "nationality", "sex", "birth_year")

_SEX_CODES = {"": 0, "M": 1, "F": 2, "X": 9}


@cache
def nationality_number(code: str) -> int:
    """The attribute of an alpha-3 code; 0 for the empty string. Raises BadField."""
    if code and not (len(code) == 3 and code.isascii() and code.isupper()):
        raise BadField("nationality", f"nationality {code[:20]!a} is not an alpha-3 code like CHN")
    number = 0
    for letter in code:
        number = number * 27 + ord(letter) - ord("A") + 1
    return number


def sex_number(sex: str) -> int:
    """The attribute of M, F, X or the empty string; raises BadField."""
    if sex not in _SEX_CODES:
        raise BadField("sex", f"sex {sex[:20]!a} is not M, F or X")
    return _SEX_CODES[sex]


def attributes(gallery_id: int, nationality: str, sex: str, date_of_birth: str) -> tuple[int, int, int, int]:
    """One entry's attributes in the order of ATTRIBUTE_NAMES."""
    return gallery_id, nationality_number(nationality), _SEX_CODES[sex], int(date_of_birth[:4] or 0)


def digest_bytes(sha256: str) -> bytes:
    """The 32 bytes of a hex digest; raises BadField."""
    try:
        digest = bytes.fromhex(sha256)
    except ValueError:
        digest = b""
    if len(digest) != 32 or len(sha256) != 64:
        raise BadField("sha256", f"sha256 {sha256[:20]!a} is not a digest of 64 hexadecimal digits")
    return digest


def vector_bytes(vector: Vector) -> bytes:
    """float32 (dimension,) as little-endian bytes."""
    return vector.astype("<f4", copy=False).tobytes()


def vectors_of(blobs: list[bytes], dimension: int) -> NDArray[np.float32]:
    """What vector_bytes wrote, as float32 (len(blobs), dimension)."""
    flat = np.frombuffer(b"".join(blobs), dtype="<f4")
    return flat.astype(np.float32, copy=False).reshape(len(blobs), dimension)


def face_text(face: Face | None) -> str:
    """A face without its landmarks as JSON; the empty string for none."""
    if face is None:
        return ""
    box = face.box
    return json.dumps(
        {"box": [box.left, box.top, box.right, box.bottom], "score": face.detection_score, "turn": face.turn},
        separators=(",", ":"),
        default=float,
    )


def landmarks_bytes(face: Face | None) -> bytes:
    """The landmarks as little-endian float32: x, y, x, y ...; empty for none."""
    return b"" if face is None else np.asarray(face.landmarks, dtype="<f4").tobytes()


def face_of(text: str, landmarks: bytes) -> Face | None:
    """What face_text and landmarks_bytes wrote."""
    if not text:
        return None
    fields = json.loads(text)
    points = np.frombuffer(landmarks, dtype="<f4").astype(np.float32).reshape(-1, 2)
    return Face(box=Box(*fields["box"]), landmarks=points, detection_score=fields["score"], turn=fields["turn"])
