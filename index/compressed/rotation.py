"""The secret turn of space: what is stored is rotated by a key, so that it can be revoked and issued anew.

Distances stay what they were. Vectors of two indexes with different keys can't be compared with each other, and a
stolen file does not open another system. It is not encryption: whoever holds many of the original vectors, or knows
well how they are spread, can estimate the rotation. Keep the files as closely as the records.
"""

import hashlib
import hmac

import numpy as np
from numpy.typing import NDArray

from index.base import Vectors, WrongRequest
from index.nearest import products

SHORTEST_KEY = 16


class Rotation:
    """A random orthogonal matrix that follows from a key and a dimension alone."""

    def __init__(self, key: bytes, dimension: int) -> None:
        if len(key) < SHORTEST_KEY:
            raise WrongRequest(f"the index key has {len(key)} bytes; at least {SHORTEST_KEY} are needed")
        turn = _orthogonal(key, dimension).astype(np.float32)
        self._there = np.ascontiguousarray(turn)
        self._back = np.ascontiguousarray(turn.T)
        self.check = hmac.new(key, b"vector index: which key", hashlib.sha256).hexdigest()[:32]

    def __repr__(self) -> str:
        return "Rotation(<masked>)"

    def apply(self, vectors: Vectors) -> Vectors:
        """Vectors as they are stored: float32 (n, dimension)."""
        return products(vectors, self._there)

    def undo(self, vectors: Vectors) -> Vectors:
        """Stored vectors as the caller knows them: float32 (n, dimension)."""
        return products(vectors, self._back)


def _orthogonal(key: bytes, dimension: int) -> NDArray[np.float64]:
    """A matrix drawn evenly from all rotations: Gram and Schmidt on the rows of a Gaussian matrix.

    The Gaussian numbers come from SHAKE-256 by Box and Muller, not from a library's generator, whose stream may
    change with its version: the same key must mean the same matrix for as long as the files live. For the same
    reason, and to open at once on a busy machine, the rows are made orthogonal here and not by a threaded LAPACK.
    """
    count = dimension * dimension
    pairs = (count + 1) // 2
    stream = hashlib.shake_256(b"vector index: rotation\0" + dimension.to_bytes(4, "little") + key).digest(16 * pairs)
    uniform = (np.frombuffer(stream, dtype="<u8").astype(np.float64) + 0.5) / 2.0**64
    radius, angle = np.sqrt(-2.0 * np.log(uniform[:pairs])), 2.0 * np.pi * uniform[pairs:]
    rows = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:count].reshape(dimension, dimension)
    for number in range(dimension):
        row, before = rows[number], rows[:number]
        # Twice: the second time takes away what rounding left of the first.
        for _ in range(2):
            row -= ((before * row).sum(axis=1)[:, np.newaxis] * before).sum(axis=0)
        row /= np.sqrt((row * row).sum())
    return rows
