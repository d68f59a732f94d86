"""Turns projected entries into packed 4-bit codes: the nearest of 16 centres for each subquantizer.

Subquantizers of two axes, the usual ones, are encoded by a table: each axis is cut into 256 steps, and the table says
which centre is nearest to the middle of each of the 65,536 cells. That is four times as fast as comparing with the
centres, and differs only for entries within half a step of being as near to another centre.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.base import Vectors
from index.working import linear, load_faiss, threads

PackedCodes = NDArray[np.uint8]
# From entries, float32 (n, dimension), less their mean, to uint8 (n, subquantizers / 2).
Encode = Callable[[Vectors], PackedCodes]

STEPS = 256
# As many entries as there are cells take about a quarter of what the table takes to be made.
WORTH_TABLE = 4 * STEPS * STEPS
# How far past the outermost centres the cells reach, in shares of the centres' extent; entries beyond count as there.
PAST = 0.25


def encoder(axes: Vectors, quantizer: Any, count: int) -> Encode:
    """The encoder of a trained FAISS ProductQuantizer with 4 bits behind a projection, float32 (coded, dimension).

    count: how many entries are to come; for few the table costs more than it saves.
    """
    by_table = quantizer.dsub == 2 and quantizer.M % 2 == 0 and count >= WORTH_TABLE
    return _by_table(axes, quantizer) if by_table else _by_faiss(axes, quantizer)


def _by_faiss(axes: Vectors, quantizer: Any) -> Encode:
    faiss, project = load_faiss(), linear(axes)

    def encode(centred: Vectors) -> PackedCodes:
        projected = project(centred)
        codes = np.empty((len(centred), quantizer.code_size), dtype=np.uint8)
        with threads(1):
            quantizer.compute_codes_c(faiss.swig_ptr(projected), faiss.swig_ptr(codes), len(projected))
        return codes

    return encode


def _by_table(axes: Vectors, quantizer: Any) -> Encode:
    """The projection itself gives the steps: its matrix is scaled, and the cells' origin its offset."""
    parts = int(quantizer.M)
    centres = load_faiss().vector_to_array(quantizer.centroids).reshape(parts, 16, 2)
    low, high = centres.min(axis=1), centres.max(axis=1)
    past = PAST * np.maximum(high - low, 1e-12)
    start = (low - past).ravel()
    scale = ((STEPS - 1) / (high - low + 2 * past)).ravel()
    project = linear(axes * scale[:, np.newaxis].astype(np.float32), (0.5 - start * scale).astype(np.float32))
    table = _table(centres, start.reshape(parts, 2), scale.reshape(parts, 2))
    firsts = np.arange(parts, dtype=np.intp) * STEPS * STEPS

    def encode(centred: Vectors) -> PackedCodes:
        steps = project(centred)
        np.clip(steps, 0, STEPS - 1, out=steps)
        cells = steps.astype(np.uint8).view("<u2")
        codes = table.take(cells + firsts)
        return codes[:, 0::2] | codes[:, 1::2]

    return encode


def _table(centres: NDArray[np.float32], start: NDArray[np.float32], scale: NDArray[np.float32]) -> PackedCodes:
    """The code of each cell of each subquantizer, uint8 (parts * 65536,); that of every second in the upper bits."""
    table = np.empty((len(centres), STEPS, STEPS), dtype=np.uint8)
    steps = np.arange(STEPS, dtype=np.float32)
    for part, mine in enumerate(centres):
        # The first axis is the lower byte of a cell's number.
        one, other = ((steps / scale[part, axis] + start[part, axis]) for axis in range(2))
        far = (one[np.newaxis, :, np.newaxis] - mine[:, 0]) ** 2 + (other[:, np.newaxis, np.newaxis] - mine[:, 1]) ** 2
        table[part] = far.argmin(axis=2) << (4 * (part % 2))
    return table.ravel()
