"""``python -m benchmarks pipeline``: photos per second of one core, against face_recognition on the same photos.

Both do the whole of a photo's work (read, decode, find the face, embed) with one thread, on the same photos at the
same sizes, taking turns every ten photos: a noisy machine slows both, and each works with its own models in the caches,
as it would alone. Times are of the process (CPU seconds).
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.data import photos, test_data
from benchmarks.environment import keep
from matcher.engines.networks import Precision
from matcher.engines.opening import DLIB_RESNET, FACE_RECOGNITION, open_engine
from matcher.preparing import prepare

_TURN = 10
_STEPS = ("decode", "detect", "embed")


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks pipeline", description=__doc__)
    parser.add_argument("--photos", type=int, default=60, help="photos at each size")
    parser.add_argument("--sizes", type=int, nargs="+", default=[250, 720], help="width and height in pixels")
    parser.add_argument("--out", type=Path, default=Path("out/benchmarks"), help="folder for the raw results")
    arguments = parser.parse_args(argv)
    cv2.setNumThreads(1)
    chosen = photos(test_data() / "faces" / "lfw", arguments.photos)
    results = {str(size): _measured(_at_size(chosen, size)) for size in arguments.sizes}
    _show(results)
    print(f"raw results: {keep('pipeline', {'sizes': results, 'photos': len(chosen)}, arguments.out)}")
    return 0


def _at_size(chosen: Sequence[Path], size: int) -> list[bytes]:
    """The photos as JPEG files of that size; the LFW photos are 250 pixels a side and stay as they are there."""
    files = []
    for path in chosen:
        data = path.read_bytes()
        pixels = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))
        if pixels.shape[:2] != (size, size):
            larger = cv2.resize(pixels, (size, size), interpolation=cv2.INTER_CUBIC)
            data = cv2.imencode(".jpg", larger, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()
        files.append(data)
    return files


def _measured(files: Sequence[bytes]) -> dict[str, Any]:
    contenders = {"ours, 8-bit": _ours(Precision.EIGHT_BIT), "ours, float": _ours(Precision.FLOAT)}
    contenders["face_recognition"] = _theirs()
    for run in contenders.values():
        run(files[0])
    times: dict[str, list[float]] = {name: [] for name in contenders}
    steps: dict[str, list[dict[str, float]]] = {name: [] for name in contenders}
    for first in range(0, len(files), _TURN):
        for name, run in contenders.items():
            run(files[first])
            for data in files[first : first + _TURN]:
                started = time.process_time()
                steps[name].append(run(data))
                times[name].append(1000 * (time.process_time() - started))
    return {
        name: {
            "ms": times[name],
            "ms_mean": statistics.fmean(times[name]),
            "steps_ms": {s: statistics.fmean(row.get(s, 0.0) for row in steps[name]) for s in _STEPS},
        }
        for name in contenders
    }


def _ours(precision: Precision) -> Callable[[bytes], dict[str, float]]:
    engine = open_engine(DLIB_RESNET, cache=None, precision=precision, threads=1)

    def run(data: bytes) -> dict[str, float]:
        return dict(prepare(engine, data, clock=time.process_time).timings)

    return run


def _theirs() -> Callable[[bytes], dict[str, float]]:
    """As its users write it: load the file, encode every face, with the default settings."""
    import io

    open_engine(FACE_RECOGNITION, cache=None, precision=Precision.FLOAT, threads=1)
    import face_recognition

    def run(data: bytes) -> dict[str, float]:
        started = time.process_time()
        pixels = face_recognition.load_image_file(io.BytesIO(data))
        decoded = time.process_time()
        boxes = face_recognition.face_locations(pixels)
        detected = time.process_time()
        face_recognition.face_encodings(pixels, boxes)
        ended = time.process_time()
        marks = (started, decoded, detected, ended)
        return {step: 1000 * (b - a) for step, a, b in zip(_STEPS, marks, marks[1:], strict=False)}

    return run


def _show(results: dict[str, dict[str, Any]]) -> None:
    table = Table(title="One core, the same photos, one run (milliseconds of CPU a photo)")
    for heading in ("size", "who", "decode", "find the face", "embed", "all", "photos/s", "times faster"):
        table.add_column(heading, justify="left" if heading == "who" else "right")
    for size, contenders in results.items():
        base = contenders["face_recognition"]["ms_mean"]
        for name, found in contenders.items():
            steps = [f"{found['steps_ms'][step]:.2f}" for step in _STEPS]
            mean = found["ms_mean"]
            row = [f"{size}x{size}", name, *steps, f"{mean:.2f}", f"{1000 / mean:.0f}", f"{base / mean:.1f}"]
            table.add_row(*row)
    Console().print(table)
