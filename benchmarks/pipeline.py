"""``python -m benchmarks pipeline``: photos per second of one core, against face_recognition on the same photos.

All do the whole of a photo's work (read, decode, find the face, embed) with one thread, on the same photos at the same
sizes, each in a process of its own as in use, taking turns every ten photos: a noisy machine slows all, and each works
with its own models in the caches. Times are of the process (CPU seconds). face_recognition is also measured with its
memory in large pages, which its users don't have but which takes away what ours gains by them alone.
"""

import argparse
import contextlib
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.data import photos, test_data
from benchmarks.environment import keep
from matcher.engines.networks import Precision
from matcher.engines.opening import DLIB_RESNET, DLIB_RESNET_5, FACE_RECOGNITION, open_engine
from matcher.large_pages import AsWorkGoesOn
from matcher.preparing import prepare

_TURN = 10
_WARMING = 70
_STEPS = ("decode", "detect", "embed")


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks pipeline", description=__doc__)
    parser.add_argument("--photos", type=int, default=60, help="photos at each size")
    parser.add_argument("--sizes", type=int, nargs="+", default=[250, 720], help="width and height in pixels")
    parser.add_argument("--out", type=Path, default=Path("out/benchmarks"), help="folder for the raw results")
    arguments = parser.parse_args(argv)
    chosen = photos(test_data() / "faces" / "lfw", arguments.photos)
    results = {str(size): _measured(at_size(chosen, size)) for size in arguments.sizes}
    _show(results)
    print(f"raw results: {keep('pipeline', {'sizes': results, 'photos': len(chosen)}, arguments.out)}")
    return 0


def at_size(chosen: Sequence[Path], size: int) -> list[bytes]:
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
    with contextlib.ExitStack() as open_pools:
        contenders = {
            name: open_pools.enter_context(get_context("spawn").Pool(1, _begin, (name,))) for name in _CONTENDERS
        }
        # So many photos each before the clock counts: models loaded, memory grown and moved, as in a day's work.
        for pool in contenders.values():
            pool.apply(_steps_of, ([files[at % len(files)] for at in range(_WARMING)],))
        steps: dict[str, list[dict[str, float]]] = {name: [] for name in contenders}
        for first in range(0, len(files), _TURN):
            for name, pool in contenders.items():
                steps[name] += pool.apply(_steps_of, (files[first : first + _TURN],))
    return {
        name: {
            "ms": [row["all"] for row in rows],
            "ms_mean": statistics.fmean(row["all"] for row in rows),
            "steps_ms": {step: statistics.fmean(row.get(step, 0.0) for row in rows) for step in _STEPS},
        }
        for name, rows in steps.items()
    }


class _Work:
    """What a process of one contender does with a photo."""

    run: Callable[[bytes], dict[str, float]]


def _begin(name: str) -> None:
    cv2.setNumThreads(1)
    _Work.run = staticmethod(_CONTENDERS[name]())


def _steps_of(files: Sequence[bytes]) -> list[dict[str, float]]:
    """Milliseconds of each photo's steps; the first photo is done once more before, for the caches."""
    _Work.run(files[0])
    found = []
    for data in files:
        started = time.process_time()
        steps = _Work.run(data)
        found.append(steps | {"all": 1000 * (time.process_time() - started)})
    return found


def _ours(name: str, precision: Precision) -> Callable[[bytes], dict[str, float]]:
    engine = open_engine(name, cache=None, precision=precision, threads=1)

    def run(data: bytes) -> dict[str, float]:
        return dict(prepare(engine, data, clock=time.process_time).timings)

    return run


def _theirs(memory: AsWorkGoesOn | None) -> Callable[[bytes], dict[str, float]]:
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
        if memory is not None:
            memory.worked()
        marks = (started, decoded, detected, ended)
        return {step: 1000 * (b - a) for step, a, b in zip(_STEPS, marks, marks[1:], strict=False)}

    return run


_CONTENDERS: dict[str, Callable[[], Callable[[bytes], dict[str, float]]]] = {
    "ours, 8-bit": partial(_ours, DLIB_RESNET, Precision.EIGHT_BIT),
    "ours, float": partial(_ours, DLIB_RESNET, Precision.FLOAT),
    "ours by 5, 8-bit": partial(_ours, DLIB_RESNET_5, Precision.EIGHT_BIT),
    "face_recognition": partial(_theirs, None),
    "the same, large pages": lambda: _theirs(AsWorkGoesOn()),
}


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
