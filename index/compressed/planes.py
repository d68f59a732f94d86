"""Vectors in 16 bits, kept as two planes of bytes: the upper ones lead a search, the lower ones decide its end.

Each vector has a scale of its own, the largest magnitude of its components, so no range has to be known beforehand
and no outlier is cut. A component is ``(256 * high + low - 32768) * scale / 32767``. The plane of the upper bytes,
with the scale at the end of each row, is small enough to stay in memory where the whole is not; what it leaves open
is bounded for each vector, so that a shortlist made with it misses nothing.
"""

import math

import numpy as np
from numpy.typing import NDArray

from index.base import Vectors

Bytes = NDArray[np.uint8]

LARGEST, ZERO = 32_767, 32_768
SCALE_BYTES = 4
# The middle of what an upper byte stands for.
MIDDLE = 128


def split(vectors: Vectors) -> tuple[Bytes, Bytes]:
    """float32 (n, dimension) to upper bytes with scales, uint8 (n, dimension + 4), and lower bytes (n, dimension)."""
    count, dimension = vectors.shape
    scales = np.maximum(vectors.max(axis=1), -vectors.min(axis=1)).astype("<f4")
    grid = vectors * (np.float32(LARGEST) / np.where(scales > 0, scales, 1))[:, np.newaxis]
    grid += np.float32(ZERO + 0.5)
    pairs = grid.astype("<u2").view(np.uint8).reshape(count, dimension, 2)
    upper = np.empty((count, dimension + SCALE_BYTES), dtype=np.uint8)
    upper[:, :dimension] = pairs[:, :, 1]
    upper[:, dimension:] = scales[:, np.newaxis].view(np.uint8)
    return upper, np.ascontiguousarray(pairs[:, :, 0])


def join(upper: Bytes, lower: Bytes) -> Vectors:
    """What `split` was given, as far as 16 bits keep it: float32 (n, dimension)."""
    dimension = lower.shape[1]
    grid = upper[:, :dimension].astype(np.float32)
    grid *= 256
    grid += lower
    grid -= ZERO
    grid *= _steps(upper)[:, np.newaxis]
    return grid


def outline(upper: Bytes) -> tuple[Vectors, NDArray[np.float32]]:
    """What the upper bytes alone say, float32 (n, dimension), and how far from `join` each may be at most, (n,)."""
    dimension = upper.shape[1] - SCALE_BYTES
    steps = _steps(upper)
    vectors = upper[:, :dimension].astype(np.float32)
    vectors -= np.float32((ZERO - MIDDLE) / 256)
    vectors *= (256 * steps)[:, np.newaxis]
    # A little more than the exact bound, for the rounding of the distances themselves.
    bounds = steps * np.float32(MIDDLE * math.sqrt(dimension) * 1.001)
    return vectors, bounds


def _steps(upper: Bytes) -> NDArray[np.float32]:
    scales = np.ascontiguousarray(upper[:, -SCALE_BYTES:]).view("<f4")[:, 0]
    return np.asarray(scales / np.float32(LARGEST), dtype=np.float32)
