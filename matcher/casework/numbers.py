"""Numbers of cases, searches and reviews: random, so that nobody can tell from one how many there are, or guess one.

::

    C-7K3M9-Q2XWD     a letter for the kind, then 50 random bits in Crockford's base 32
"""

import secrets
from collections.abc import Callable

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)} | {"O": 0, "I": 1, "L": 1}
_LENGTH = 10
NOBODYS = 0
"""The number of a case that is never anybody's."""

NewNumber = Callable[[], int]
"""A random number of 50 bits that is not NOBODYS."""


def new_number() -> int:
    """A number that can't be foreseen."""
    return secrets.randbits(5 * _LENGTH) or 1


def new_link() -> int:
    """63 bits, all that ties a template to a photo."""
    return secrets.randbits(63)


def number_text(kind: str, number: int) -> str:
    """A number as people see it. kind: one letter."""
    digits = "".join(_DIGITS[number >> 5 * place & 31] for place in reversed(range(_LENGTH)))
    return f"{kind}-{digits[:5]}-{digits[5:]}"


def number_of(kind: str, text: str) -> int:
    """The number again, whatever the case and hyphens; NOBODYS for what is no number of this kind."""
    found = text.strip().upper().replace("-", "")
    if len(found) != _LENGTH + 1 or found[0] != kind or any(sign not in _VALUES for sign in found[1:]):
        return NOBODYS
    number = 0
    for sign in found[1:]:
        number = number * 32 + _VALUES[sign]
    return number
