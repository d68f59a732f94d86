"""A brought network, ready to run: aligned faces to vectors."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.engines.brought.manifest import Channels, Layout, Metric, Output, Pixels
from matcher.errors import EngineUnavailable

Session = Any
"""An inference session of ONNX Runtime."""


class FaceNetwork:
    """Aligned faces to vectors. Any number of threads may share it."""

    def __init__(self, content: bytes, pixels: Pixels, output: Output, *, threads: int) -> None:
        """content: an ONNX file that `inspecting` has let through; raises EngineUnavailable."""
        self._session = open_session(content, threads=threads)
        (fed,) = self._session.get_inputs()
        self._input = fed.name
        self._one_by_one = fed.shape[0] == 1
        if output.name not in [each.name for each in self._session.get_outputs()]:
            raise EngineUnavailable(f"the model has no output {output.name}; add it again with matcher engines add")
        self._pixels = pixels
        self._output = output
        step = pixels.top / 255 / np.array(pixels.std)
        self._step = step.astype(np.float32)
        self._shift = (-np.array(pixels.mean) / np.array(pixels.std)).astype(np.float32)

    def __call__(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """float32 (n, dimension) from aligned faces, uint8 (n, 112, 112, 3), RGB; with the metric COSINE of length 1.

        Raises EngineUnavailable where the network yields what is no vector.
        """
        if not len(chips):
            return np.zeros((0, self._output.dimension), np.float32)
        both = np.concatenate([chips, chips[:, :, ::-1]]) if self._output.mirror else chips
        vectors = self._vectors(self._scaled(both)).astype(np.float64)
        if self._output.metric is Metric.COSINE:
            vectors = _to_length_1(vectors)
        if self._output.mirror:
            vectors = (vectors[: len(chips)] + vectors[len(chips) :]) / 2
            if self._output.metric is Metric.COSINE:
                vectors = _to_length_1(vectors)
        return np.ascontiguousarray(vectors.astype(np.float32))

    def _scaled(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        ordered = chips[..., ::-1] if self._pixels.channels is Channels.BGR else chips
        scaled = ordered.astype(np.float32) * self._step + self._shift
        if self._pixels.layout is Layout.NCHW:
            scaled = scaled.transpose(0, 3, 1, 2)
        return np.ascontiguousarray(scaled)

    def _vectors(self, scaled: NDArray[np.float32]) -> NDArray[np.float32]:
        parts = [scaled[place : place + 1] for place in range(len(scaled))] if self._one_by_one else [scaled]
        outputs = [run(self._session, self._input, part, [self._output.name])[0] for part in parts]
        found = np.concatenate([np.asarray(output) for output in outputs])
        shape = (len(scaled), self._output.dimension)
        if found.size != shape[0] * shape[1] or found.dtype != np.float32 or not np.isfinite(found).all():
            raise EngineUnavailable(
                f"the network yields {found.dtype} {found.shape} or numbers that are not finite, where float32 {shape} "
                "are expected; it can't be used"
            )
        return found.reshape(shape)


def open_session(content: bytes, *, threads: int, changing_sizes: bool = False) -> Session:
    """A session for a model's bytes; raises EngineUnavailable."""
    import onnxruntime  # takes a tenth of a second; only engines need it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.enable_mem_pattern = not changing_sizes
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.use_deterministic_compute = True
    return _told(lambda: onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"]))


def run(session: Session, name: str, value: NDArray[np.float32], outputs: list[str]) -> list[NDArray[np.float32]]:
    """The outputs for one input; raises EngineUnavailable."""
    found: list[NDArray[np.float32]] = _told(lambda: session.run(outputs, {name: value}))
    return found


def _told(work: Callable[[], Any]) -> Any:
    """ONNX Runtime raises many classes of its own without a common one; all mean that this model can't be run."""
    try:
        return work()
    except Exception as exc:
        said = " ".join(str(exc).split())[:300]
        raise EngineUnavailable(f"ONNX Runtime can't run the model ({said}); export it again") from exc


def _to_length_1(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if (lengths == 0).any():
        raise EngineUnavailable("the network yields a vector of zeros for a face; it can't be used")
    return np.asarray(vectors / lengths)
