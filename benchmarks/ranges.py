"""``python -m benchmarks ranges``: measures the activation ranges that the 8-bit networks are rounded to.

Runs the float networks on real photos and prints, for every layer, the lowest and highest value that it takes: numbers
only, nothing of a person. The output is kept as ``matcher/engines/ranges.json``.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.data import photos, test_data
from matcher.engines.chips import chip
from matcher.engines.dat import read_detector, read_face_network
from matcher.engines.dlib_resnet import DlibResnetEngine
from matcher.engines.graphs import detector_graph, face_graph
from matcher.engines.levels import Halves, levels
from matcher.engines.networks import Precision
from matcher.engines.weights import DETECTOR, FACE_NETWORK, weights
from matcher.photo import decode

# The detector's scores tie closely, so no activation is cut. The face network gains from cutting the rarest ones: the
# error of its vectors is 0.032 instead of 0.040, because the steps of all others get smaller.
_OUTLIERS = 1e-4


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks ranges", description=__doc__)
    parser.add_argument("--photos", type=int, default=200, help="how many photos to look at")
    chosen = photos(test_data() / "faces", parser.parse_args(argv).photos)
    detector = _measured(
        *detector_graph(read_detector(weights(DETECTOR)), every_layer=True), _sizes(chosen), outside=0.0
    )
    face = _measured(
        *face_graph(*read_face_network(weights(FACE_NETWORK)), every_layer=True), _chips(chosen), outside=_OUTLIERS
    )
    json.dump({"detector": detector, "face": face}, sys.stdout, indent=1)
    print()
    return 0


def _sizes(chosen: Iterable[Path]) -> Iterator[NDArray[np.uint8]]:
    for path in chosen:
        photo = decode(path.read_bytes())
        halves = Halves(photo.pixels)
        for size in levels(photo.width, photo.height, most_enlarged=1.0):
            yield size.shown(halves)


def _chips(chosen: Iterable[Path]) -> Iterator[NDArray[np.uint8]]:
    engine = DlibResnetEngine(precision=Precision.FLOAT)
    for path in chosen:
        photo = decode(path.read_bytes())
        for face in engine.detect(photo)[:1]:
            yield np.stack([chip(photo.pixels, face.landmarks, padding) for padding in (0.2, 0.25, 0.3)])


def _measured(
    model: bytes, layers: tuple[str, ...], inputs: Iterable[NDArray[np.uint8]], *, outside: float
) -> dict[str, list[float]]:
    """Layer -> [low, high], leaving out the share `outside` of each input's values, and of the inputs at the ends."""
    import onnxruntime

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    ends = [100 * outside, 100 * (1 - outside)]
    found: dict[str, list[NDArray[np.float64]]] = {layer: [] for layer in layers}
    for pixels in inputs:
        for layer, values in zip(layers, session.run(None, {name: pixels})[1:], strict=True):
            found[layer].append(np.percentile(values, ends))
    rare = 100 * min(1.0, outside * 200)
    return {
        layer: [
            round(min(0.0, float(np.percentile([low for low, _ in pairs], rare))), 4),
            round(float(np.percentile([high for _, high in pairs], 100 - rare)), 4),
        ]
        for layer, pairs in found.items()
    }
