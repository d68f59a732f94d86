"""``python -m benchmarks steps``: what each step of the default engine costs a photo, and what its floor is.

The floor of a step is what the same calls take when they are made again and again, with their code, weights and pixels
in the nearest caches: what remains is arithmetic. Between floor and cost lies memory. Times are of the process.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2

from benchmarks.data import photos, test_data
from benchmarks.environment import keep
from benchmarks.pipeline import at_size
from matcher.engines import dlib_resnet
from matcher.engines.dlib_resnet import DlibResnetEngine
from matcher.engines.networks import Precision
from matcher.photo import decode

_AGAIN = 5
_WARMING = 70
_NETWORKS = {"_detector": "detector's network", "_network": "face network"}
_LANDMARKS = {"five_of": "five landmarks", "shape": "68 landmarks", "turn_of": "which way up"}
Call = tuple[str, Callable[..., Any], tuple[Any, ...]]


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks steps", description=__doc__)
    parser.add_argument("--photos", type=int, default=60, help="photos at each size")
    parser.add_argument("--sizes", type=int, nargs="+", default=[250, 720], help="width and height in pixels")
    parser.add_argument("--precision", type=Precision, default=Precision.AUTO, help="int8 or float")
    parser.add_argument("--out", type=Path, default=Path("out/benchmarks"), help="folder for the raw results")
    arguments = parser.parse_args(argv)
    cv2.setNumThreads(1)
    chosen = photos(test_data() / "faces" / "lfw", arguments.photos)
    results = {}
    with _watched(DlibResnetEngine(precision=arguments.precision)) as (engine, calls):
        for size in arguments.sizes:
            results[str(size)] = measured(engine, calls, at_size(chosen, size))
            _show(size, results[str(size)])
    print(f"raw results: {keep('steps', {'sizes': results, 'photos': len(chosen)}, arguments.out)}")
    return 0


def measured(engine: DlibResnetEngine, calls: list[tuple[Call, float]], files: list[bytes]) -> dict[str, Any]:
    """Milliseconds a photo of each step: its cost in passing, and its floor."""
    for number in range(_WARMING):
        _work(engine, files[number % len(files)])
    costs: dict[str, list[float]] = {}
    floors: dict[str, list[float]] = {}
    for data in files:
        calls.clear()
        started = time.process_time()
        decoded = _work(engine, data)
        whole = time.process_time() - started
        steps = _added((call[0], took) for call, took in calls) | {"decode": decoded}
        steps["the rest"] = whole - sum(steps.values())
        least = _added((call[0], min(_took(call) for _ in range(_AGAIN))) for call, _ in list(calls))
        least["decode"] = min(_took(("", decode, (data,))) for _ in range(_AGAIN))
        for found, into in ((steps | {"all": whole}, costs), (least, floors)):
            for step, seconds in found.items():
                into.setdefault(step, []).append(1e3 * seconds)
    count = len(files)
    return {
        step: {
            "ms": sum(found) / count,
            "floor_ms": sum(floors[step]) / count if step in floors else None,
            "each": found,
        }
        for step, found in costs.items()
    }


def _work(engine: DlibResnetEngine, data: bytes) -> float:
    """All of a photo's work; returns the seconds of decoding."""
    started = time.process_time()
    photo = decode(data)
    decoded = time.process_time() - started
    engine.embed(photo, engine.detect(photo)[:1])
    return decoded


def _added(found: Iterator[tuple[str, float]]) -> dict[str, float]:
    together: dict[str, float] = {}
    for step, seconds in found:
        together[step] = together.get(step, 0.0) + seconds
    return together


def _took(call: Call) -> float:
    _, function, given = call
    started = time.process_time()
    function(*given)
    return time.process_time() - started


@contextmanager
def _watched(engine: DlibResnetEngine) -> Iterator[tuple[DlibResnetEngine, list[tuple[Call, float]]]]:
    """The engine with its steps timed from inside, and the list of the calls that it made."""
    calls: list[tuple[Call, float]] = []

    def timed(step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*given: Any) -> Any:
            started = time.process_time()
            made = function(*given)
            calls.append(((step, function, given), time.process_time() - started))
            return made

        return run

    for name, step in _NETWORKS.items():
        setattr(engine, name, timed(step, getattr(engine, name)))
    aligner = engine._aligner
    for name, step in _LANDMARKS.items():
        setattr(aligner, name, timed(step, getattr(aligner, name)))
    cut = vars(dlib_resnet)["chip"]
    vars(dlib_resnet)["chip"] = timed("chips", cut)
    try:
        yield engine, calls
    finally:
        vars(dlib_resnet)["chip"] = cut


def _show(size: int, found: dict[str, Any]) -> None:
    print(f"{size}x{size}, milliseconds of CPU a photo: mean, median, floor")
    for step, one in found.items():
        floor = "" if one["floor_ms"] is None else f"{one['floor_ms']:8.2f}"
        print(f"  {step:20} {one['ms']:8.2f} {statistics.median(one['each']):8.2f} {floor}")
