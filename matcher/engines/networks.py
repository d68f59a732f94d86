"""The default networks, ready to run: graphs built once, kept in the data folder under a hash, run by ONNX Runtime."""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from matcher.engines.dat import read_detector, read_face_network, read_weights
from matcher.engines.graphs import Ranges, detector_graph, face_graph, in_blocks
from matcher.engines.processor import has_eight_bit_instructions
from matcher.engines.weights import DETECTOR, FACE_NETWORK, weights
from matcher.errors import EngineUnavailable

_GRAPHS_VERSION = "2"
"""Rises whenever graphs.py writes other graphs from the same weights, so that cached ones are built anew."""


class Precision(StrEnum):
    """Numbers that the networks compute with. AUTO: 8 bits where the processor has instructions for them."""

    AUTO = "auto"
    FLOAT = "float"
    EIGHT_BIT = "int8"

    def resolved(self) -> "Precision":
        if self is not Precision.AUTO:
            return self
        return Precision.EIGHT_BIT if has_eight_bit_instructions() else Precision.FLOAT


class Network(Protocol):
    """uint8 pixels (n, height, width, 3), RGB, to float32 results."""

    def __call__(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]: ...


def load_ranges(network: str) -> Ranges:
    """The shipped activation ranges of ``detector`` or ``face``."""
    text = resources.files("matcher.engines").joinpath("ranges.json").read_text(encoding="utf-8")
    return {layer: (low, high) for layer, (low, high) in json.loads(text)[network].items()}


def open_detector(cache: Path | None, *, precision: Precision, threads: int) -> Network:
    """The face detector: pixels (n, height, width, 3), multiples of 4, to scores, float32 (n, 1, rows, columns)."""

    def build(path: Path, ranges: Ranges | None) -> bytes:
        return detector_graph(read_detector(path), ranges)[0]

    network = _open("detector", weights(DETECTOR), build, cache, precision=precision, threads=threads)
    if precision.resolved() is Precision.FLOAT:
        return network
    return lambda pixels: network(in_blocks(pixels))


def open_face_network(cache: Path | None, *, precision: Precision, threads: int) -> Network:
    """The face network: chips (n, 150, 150, 3) to vectors, float32 (n, 128)."""

    def build(path: Path, ranges: Ranges | None) -> bytes:
        return face_graph(*read_face_network(path), ranges)[0]

    return _open("face", weights(FACE_NETWORK), build, cache, precision=precision, threads=threads)


def _open(
    name: str,
    source: Path,
    build: Callable[[Path, Ranges | None], bytes],
    cache: Path | None,
    *,
    precision: Precision,
    threads: int,
) -> Network:
    kind = precision.resolved()
    ranges = load_ranges(name) if kind is Precision.EIGHT_BIT else None
    wanted = _fingerprint(source, ranges)
    file = cache / f"{name}-{kind.value}.onnx" if cache else None
    model = _cached(file, wanted) if file else None
    if model is None:
        model = build(source, ranges)
        if file:
            _keep(file, model, wanted)
    return _session(model, threads)


def _fingerprint(source: Path, ranges: Ranges | None) -> str:
    """What a graph was built from: weights, ranges and the version of the code."""
    digest = hashlib.sha256(f"{_GRAPHS_VERSION}\n{json.dumps(ranges, sort_keys=True)}\n".encode())
    digest.update(read_weights(source))
    return digest.hexdigest()


def _cached(file: Path, wanted: str) -> bytes | None:
    """The kept graph, unless it is missing, altered, or was built from something else."""
    try:
        stored = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        model = file.read_bytes()
        fits = stored == {"built_from": wanted, "sha256": hashlib.sha256(model).hexdigest()}
    except (OSError, ValueError):
        return None
    return model if fits else None


def _keep(file: Path, model: bytes, wanted: str) -> None:
    """Keep a graph for the next start. A folder that can't be written costs the next start a moment, no more."""
    note = json.dumps({"built_from": wanted, "sha256": hashlib.sha256(model).hexdigest()}).encode()
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        _write_atomically(file, model)
        _write_atomically(file.with_suffix(".json"), note)


def _write_atomically(file: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
        Path(name).replace(file)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _session(model: bytes, threads: int) -> Network:
    import onnxruntime  # takes a tenth of a second; only engines need it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Worker threads that wait by spinning take the core from the other photo's work.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # The same input gives the same bits whatever ran before.
    options.use_deterministic_compute = True
    try:
        session: Any = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as exc:
        raise EngineUnavailable(f"ONNX Runtime can't run the network ({exc}); reinstall onnxruntime") from exc
    name = session.get_inputs()[0].name

    def run(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        result: NDArray[np.float32] = session.run(None, {name: pixels})[0]
        return result

    return run
