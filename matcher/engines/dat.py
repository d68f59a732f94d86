"""Reads the layers of a network from dlib's ``.dat`` files, without dlib.

The format (dlib's ``serialize.h``, ``dnn/layers.h``): a packed integer is one byte whose low four bits count the
little-endian bytes that follow (bit 7: negative); a string is a packed length and its bytes; a tensor is the packed
integers version, samples, k, rows, columns and then little-endian float32 values. Layers stand in the file in the
order from input to output, each behind its name.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matcher.errors import EngineUnavailable

_TENSOR_VERSION = 2
_BATCH_NORM_EPSILON = 1e-4


@dataclass(frozen=True, slots=True)
class Convolution:
    """A convolution with the affine layer behind it folded in.

    weights: float64 (out, in, rows, columns). bias: float64 (out,).
    """

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    def scaled(self, gamma: NDArray[np.float64], beta: NDArray[np.float64]) -> "Convolution":
        """This convolution followed by ``gamma * x + beta`` per output channel."""
        return Convolution(self.weights * gamma[:, None, None, None], self.bias * gamma + beta)


def read_weights(path: Path) -> bytes:
    """The bytes of a weight file; raises EngineUnavailable."""
    try:
        return path.read_bytes()
    except OSError as exc:
        raise EngineUnavailable(
            f"the weights {path.name} can't be read ({exc.strerror}); install the package face_recognition_models"
        ) from exc


class _Reader:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._data = read_weights(path)
        self._at = 0

    def seek_layer(self, name: str) -> None:
        """Go behind the next layer of that name."""
        mark = bytes([1, len(name)]) + name.encode()
        found = self._data.find(mark, self._at)
        if found < 0:
            raise self._damaged(f"no further layer {name!r}")
        self._at = found + len(mark)

    def integer(self) -> int:
        if self._at >= len(self._data):
            raise self._damaged("the file ends early")
        head = self._data[self._at]
        count = head & 0x0F
        value = int.from_bytes(self._data[self._at + 1 : self._at + 1 + count], "little")
        self._at += 1 + count
        return -value if head & 0x80 else value

    def tensor(self) -> NDArray[np.float64]:
        """The next tensor, float64 (samples, k, rows, columns)."""
        version, *shape = (self.integer() for _ in range(5))
        size = 4 * int(np.prod(shape, dtype=np.int64))
        if version != _TENSOR_VERSION or min(shape) < 0 or self._at + size > len(self._data):
            raise self._damaged(f"a tensor of version {version} and shape {tuple(shape)}")
        values = np.frombuffer(self._data, "<f4", count=size // 4, offset=self._at)
        self._at += size
        return values.reshape(shape).astype(np.float64)

    def _damaged(self, what: str) -> EngineUnavailable:
        return EngineUnavailable(
            f"the weights {self._path.name} are damaged ({what}); reinstall the package face_recognition_models"
        )


def _convolution(reader: _Reader, kernel: int, inputs: int) -> Convolution:
    reader.seek_layer("con_4")
    flat = reader.tensor().ravel()
    outputs = flat.size // (kernel * kernel * inputs + 1)
    weights = flat[: outputs * kernel * kernel * inputs].reshape(outputs, inputs, kernel, kernel)
    return Convolution(weights, flat[weights.size :])


def _affine(reader: _Reader) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    reader.seek_layer("affine_")
    gamma, beta = np.split(reader.tensor().ravel(), 2)
    return gamma, beta


def _batch_norm(reader: _Reader) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A batch normalisation as it acts when trained: running mean and variance become gamma and beta."""
    reader.seek_layer("bn_con2")
    gamma, beta = np.split(reader.tensor().ravel(), 2)
    for _ in range(2 * 5):  # two alias tensors, which hold no values
        reader.integer()
    _means, _deviations, running_mean, running_variance = (reader.tensor().ravel() for _ in range(4))
    scale = gamma / np.sqrt(running_variance + _BATCH_NORM_EPSILON)
    return scale, beta - running_mean * scale


def read_face_network(path: Path) -> tuple[tuple[Convolution, ...], NDArray[np.float64]]:
    """The 29 convolutions of dlib's face ResNet, and its last layer, float64 (256, 128)."""
    reader = _Reader(path)
    layers: list[Convolution] = []
    for _ in range(29):
        kernel, inputs = (3, layers[-1].bias.size) if layers else (7, 3)
        layers.append(_convolution(reader, kernel, inputs).scaled(*_affine(reader)))
    reader.seek_layer("fc_2")
    reader.integer(), reader.integer()
    return tuple(layers), reader.tensor().reshape(256, 128)


def read_detector(path: Path) -> tuple[Convolution, ...]:
    """The seven convolutions of dlib's MMOD face detector."""
    reader = _Reader(path)
    layers: list[Convolution] = []
    for kernel in (5, 5, 5, 5, 5, 5):
        inputs = layers[-1].bias.size if layers else 3
        layers.append(_convolution(reader, kernel, inputs).scaled(*_batch_norm(reader)))
    layers.append(_convolution(reader, 9, layers[-1].bias.size))
    return tuple(layers)
