"""Passwords: what may be one, and argon2id of it; the same work whether or not there is an account."""

import secrets
import unicodedata
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from matcher.errors import BadField

if TYPE_CHECKING:
    from argon2 import PasswordHasher

LEAST_LENGTH = 12
MOST_LENGTH = 256
MEMORY_KIB = 65_536
_ROUNDS = 3
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
# Twelve characters and more that guessers try first; sequences and repetitions are found by rule.
_COMMON = frozenset(
    """
    password1234 passwordpassword password12345 password123456 passw0rd1234 iloveyou1234 iloveyouforever
    welcome12345 welcome123456 letmein12345 letmeinplease administrator administrator1 changemeplease changeme1234
    changeme12345 correcthorsebatterystaple trustno1trustno1 football1234 baseball1234 princess1234 sunshine1234
    superman1234 dragon123456 monkey123456 master123456 qwerty123456 qwerty1234567 qwertyuiop123 qwertyuiop12
    qwertyuiop1234 1qaz2wsx3edc 1qaz2wsx3edc4rfv zaq12wsxcde3 q1w2e3r4t5y6 qazwsxedcrfv asdfghjkl123 asdfghjkl1234
    zxcvbnm12345 abcdefghijkl abcd12345678 abc123abc123 test12345678 secret123456 consulate1234 immigration1
    identitymatcher identity-matcher
    """.split()  # noqa: SIM905 - one word a line would fill a page
)
_ROWS = ("01234567890123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm")


def normal(password: str) -> str:
    """The same password however a keyboard composes its characters."""
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, *, name: str) -> None:
    """Raises BadField for what may not be a password of the account `name`; what was typed is not repeated."""
    text = normal(password)
    plain = text.casefold()
    if not LEAST_LENGTH <= len(text) <= MOST_LENGTH:
        raise BadField("password", f"the password must have {LEAST_LENGTH} to {MOST_LENGTH} characters")
    if name.casefold() in plain and len(plain) < 2 * len(name) + LEAST_LENGTH // 2:
        raise BadField("password", "the password is little more than the account's name; choose another")
    if plain in _COMMON or len(set(plain)) < 5 or _is_row(plain):
        raise BadField("password", "the password is among those that are guessed first; choose another")


def new_password() -> str:
    """A password to be given to somebody once: 20 characters that are not mistaken for each other, 99 bits."""
    signs = "".join(secrets.choice(_ALPHABET) for _ in range(20))
    return "-".join(signs[start : start + 5] for start in range(0, 20, 5))


class Passwords:
    """Hashes and verifies; any number of threads may share it. memory_kib: what one hash takes, in KiB."""

    def __init__(self, *, memory_kib: int = MEMORY_KIB) -> None:
        self._memory = memory_kib

    def hash(self, password: str) -> str:
        """The text that is kept: parameters, salt and hash."""
        return self._hasher.hash(normal(password))

    def verify(self, kept: str, password: str) -> bool:
        """Whether it is the password. kept: empty where there is no account or no password; that takes as long."""
        from argon2.exceptions import InvalidHashError, VerificationError

        try:
            found = self._hasher.verify(kept or self._nobodys, normal(password[: 4 * MOST_LENGTH]))
        except (VerificationError, InvalidHashError):
            return False
        return found and bool(kept)

    def is_outdated(self, kept: str) -> bool:
        """Whether a password should be hashed anew, for the parameters of today."""
        return bool(kept) and self._hasher.check_needs_rehash(kept)

    def warm(self) -> None:
        """Make what the first sign-in would wait for."""
        self.verify("", "")

    @cached_property
    def _hasher(self) -> "PasswordHasher":
        from argon2 import PasswordHasher, Type

        return PasswordHasher(time_cost=_ROUNDS, memory_cost=self._memory, parallelism=1, type=Type.ID)

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash(secrets.token_urlsafe(32))


def _is_row(text: str) -> bool:
    """Whether it is made of neighbours on a keyboard or in the alphabet, one piece or several."""
    rows = [*_ROWS, *(row[::-1] for row in _ROWS)]
    steps = sum(any(pair in row for row in rows) for pair in map("".join, pairwise(text)))
    return steps >= 0.75 * (len(text) - 1)
