"""AES-256-GCM: keys that seal and open bytes, each bound to its place, so that sealed bytes can't be moved elsewhere.

::

    sealed = 8 bytes of mark | key number, uint32 LE | nonce, 12 bytes | ciphertext | tag, 16 bytes

Nonces are random; of one key, 2**32 seals are within what NIST SP 800-38D allows for random nonces.
"""

import hashlib
import os
import struct
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
MARK = b"\xc5MSEAL\x01\n"
OVERHEAD = len(MARK) + 4 + 12 + 16
"""How many bytes longer than its content a seal is."""

_NONCE = 12
_AT = len(MARK) + 4
_NUMBER = struct.Struct("<I")


class NotOpened(Exception):
    """The bytes were sealed with another key, for another place, or were altered."""


class Key:
    """32 secret bytes under a number. repr shows neither."""

    def __init__(self, number: int, secret: bytes) -> None:
        """Raises ValueError for a secret of another length."""
        if len(secret) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes, this one {len(secret)}")
        self.number = number
        self._secret = secret

    def __repr__(self) -> str:
        return "Key(<masked>)"

    @property
    def secret(self) -> bytes:
        """The bytes themselves, to be wrapped by another key."""
        return self._secret

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that name the key and tell nothing of it."""
        return hashlib.sha256(b"identity-matcher key\n" + self._secret).hexdigest()[:16]

    @cached_property
    def _cipher(self) -> "AESGCM":
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self._secret)

    def seal(self, blobs: Sequence[bytes], places: Iterable[bytes]) -> list[bytes]:
        """The blobs sealed, each for its place."""
        head, encrypt = seal_head(self.number), self._cipher.encrypt
        nonces = os.urandom(_NONCE * len(blobs))
        sealed = []
        for start, blob, place in zip(range(0, len(nonces), _NONCE), blobs, places, strict=True):
            nonce = nonces[start : start + _NONCE]
            sealed.append(head + nonce + encrypt(nonce, blob, place))
        return sealed

    def open(self, sealed: bytes, place: bytes) -> bytes:
        """What was sealed for this place; raises NotOpened."""
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher.decrypt(sealed[_AT : _AT + _NONCE], sealed[_AT + _NONCE :], place)
        except (InvalidTag, ValueError) as exc:
            raise NotOpened("sealed with another key, for another place, or altered") from exc


def seal_head(number: int) -> bytes:
    """How everything begins that the key of this number has sealed."""
    return MARK + _NUMBER.pack(number)


def number_of(blob: bytes) -> int | None:
    """The number of the key that bytes were sealed with; None for bytes that are not sealed."""
    if not blob.startswith(MARK) or len(blob) < OVERHEAD:
        return None
    (number,) = _NUMBER.unpack_from(blob, len(MARK))
    return int(number)
