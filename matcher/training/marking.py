"""The mark of a training photo: words in the file that every reader of photos refuses, and a band that people see.

A photo of an exercise shows nobody. Saved from the browser and uploaded as a case's or a person's photo it would be
searched and enrolled like any other; the mark stops that at the first step, in whatever way it comes in.
"""

MARK = b"identity-matcher training photo: a drawn face, nobody's"
_SEGMENT = b"\xff\xfe" + (len(MARK) + 2).to_bytes(2, "big") + MARK
_START = b"\xff\xd8"
_LOOKED_AT = 4_096


def marked(jpeg: bytes) -> bytes:
    """The same JPEG with the mark as its first comment."""
    if not jpeg.startswith(_START):
        raise ValueError("a training photo is a JPEG; this is not one")
    return _START + _SEGMENT + jpeg[len(_START) :]


def is_marked(data: bytes) -> bool:
    """Whether these are the bytes of a training photo, also where a program has put other segments before the mark."""
    return data.startswith(_START) and _SEGMENT in data[:_LOOKED_AT]
