"""Writes the default networks as ONNX graphs, in float or in 8 bits.

The 8-bit form is the one that ONNX Runtime turns into integer kernels: weights int8 with one scale per output
channel, activations uint8 with one scale per tensor, taken from activation ranges that were measured once on real
faces and are shipped as numbers (``ranges.json``; ``python -m benchmarks ranges`` measures them anew).
Both networks take RGB pixels as uint8 (n, height, width, 3); their normalisation, ``(x - mean) / 256``, is folded into
the first convolution, which has no padding.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.engines.dat import Convolution

CHIP_SIZE = 150
DIMENSION = 128
STRIDE = 8
"""The detector's output has one cell for this many pixels."""

Shape = list[str | int | None]

Ranges = Mapping[str, tuple[float, float]]
"""Layer -> the lowest and highest value that its output takes."""

_MEAN = np.array([122.782, 117.001, 104.298])
_OPSET = 17
_IR_VERSION = 9

# The face network after its first convolution: (output channels, halves the resolution), input to output.
_BLOCKS = (
    *((32, False),) * 3,
    (64, True),
    *((64, False),) * 3,
    (128, True),
    *((128, False),) * 2,
    (256, True),
    *((256, False),) * 2,
    (256, True),
)
_SIZE_AFTER_FIRST_POOL = 35


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A value in the graph. layer: whose range it has. scale, zero: its quantisation, absent in float."""

    name: str
    layer: str
    scale: float | None = None
    zero: int = 0


@dataclass(slots=True)
class _Graph:
    ranges: Ranges | None
    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)

    def constant(self, values: object, dtype: type[np.generic]) -> str:
        from onnx import numpy_helper  # loads only where a graph is written

        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(values, dtype=dtype, order="C"), name))
        return name

    def node(self, kind: str, inputs: Sequence[str], **attributes: Any) -> str:
        from onnx import helper

        name = f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def pixels(self, name: str) -> _Tensor:
        """The input, uint8 (n, height, width, 3), as (n, 3, height, width)."""
        from onnx import TensorProto

        if self.ranges is None:
            turned = self.node("Transpose", [self.node("Cast", [name], to=TensorProto.FLOAT)], perm=[0, 3, 1, 2])
            return _Tensor(turned, "pixels")
        turned = self.node("Transpose", [name], perm=[0, 3, 1, 2])
        return self._dequantised(turned, "pixels", 1.0, 0)

    def marked(self, name: str, layer: str) -> _Tensor:
        """The output of a layer; in 8 bits, rounded to the layer's range."""
        self.outputs.setdefault(layer, name)
        if self.ranges is None:
            return _Tensor(name, layer)
        low, high = self.ranges[layer]
        low, high = min(low, 0.0), max(high, 1e-6)
        scale = (high - low) / 255
        zero = round(-low / scale)
        constants = [self.constant(scale, np.float32), self.constant(zero, np.uint8)]
        return self._dequantised(self.node("QuantizeLinear", [name, *constants]), layer, scale, zero)

    def _dequantised(self, name: str, layer: str, scale: float, zero: int) -> _Tensor:
        constants = [self.constant(scale, np.float32), self.constant(zero, np.uint8)]
        return _Tensor(self.node("DequantizeLinear", [name, *constants]), layer, scale, zero)

    def convolution(
        self, tensor: _Tensor, layer: Convolution, name: str, *, stride: int = 1, pad: int = 0, relu: bool
    ) -> _Tensor:
        parameters = self._parameters(layer, tensor.scale)
        window = list(layer.weights.shape[2:])
        out = self.node("Conv", [tensor.name, *parameters], strides=[stride] * 2, pads=[pad] * 4, kernel_shape=window)
        return self.marked(self.node("Relu", [out]) if relu else out, name)

    def _parameters(self, layer: Convolution, input_scale: float | None) -> tuple[str, str]:
        if input_scale is None:
            return self.constant(layer.weights, np.float32), self.constant(layer.bias, np.float32)
        scales = np.maximum(np.abs(layer.weights).max(axis=(1, 2, 3)) / 127, 1e-12)
        weights = np.clip(np.round(layer.weights / scales[:, None, None, None]), -127, 127)
        bias_scales = scales * input_scale
        return (
            self._per_channel(weights, np.int8, scales),
            self._per_channel(np.round(layer.bias / bias_scales), np.int32, bias_scales),
        )

    def _per_channel(self, values: NDArray[np.float64], dtype: type[np.generic], scales: NDArray[np.float64]) -> str:
        zeros = self.constant(np.zeros(scales.size), dtype)
        inputs = [self.constant(values, dtype), self.constant(scales, np.float32), zeros]
        return self.node("DequantizeLinear", inputs, axis=0)

    def padded(self, tensor: _Tensor, *, channels: int = 0, pixels: int = 0) -> _Tensor:
        """Zeros behind the last channel, or right and below; in 8 bits without leaving them."""
        if not channels and not pixels:
            return tensor
        pads = self.constant([0, 0, 0, 0, 0, channels, pixels, pixels], np.int64)
        if tensor.scale is None:
            return _Tensor(self.node("Pad", [tensor.name, pads]), tensor.layer)
        rounded = next(node for node in self.nodes if node.output[0] == tensor.name)
        wider = self.node("Pad", [rounded.input[0], pads, rounded.input[2]])
        return self._dequantised(wider, tensor.layer, tensor.scale, tensor.zero)

    def pooled(self, tensor: _Tensor, kind: str, window: int) -> _Tensor:
        out = self.node(kind, [tensor.name], kernel_shape=[window] * 2, strides=[2, 2])
        return self.marked(out, tensor.layer)

    def model(self, inputs: dict[str, Shape], output: str, shape: Shape, *, every_layer: bool) -> bytes:
        from onnx import TensorProto, checker, helper

        results = [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)]
        if every_layer:
            ranks: Shape = ["n", None, None, None]
            results += [helper.make_tensor_value_info(n, TensorProto.FLOAT, ranks) for n in self.outputs.values()]
        graph = helper.make_graph(
            self.nodes,
            output,
            [helper.make_tensor_value_info(n, TensorProto.UINT8, s) for n, s in inputs.items()],
            results,
            self.constants,
        )
        opset = [helper.make_opsetid("", _OPSET)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=_IR_VERSION, producer_name="identity-matcher")
        checker.check_model(model)
        return bytes(model.SerializeToString())


def _with_normalisation(layer: Convolution) -> Convolution:
    """The first convolution on raw pixels 0-255 instead of normalised ones."""
    weights = layer.weights / 256
    return Convolution(weights, layer.bias - (weights * _MEAN[None, :, None, None]).sum(axis=(1, 2, 3)))


def detector_graph(
    layers: Sequence[Convolution], ranges: Ranges | None = None, *, every_layer: bool = False
) -> tuple[bytes, tuple[str, ...]]:
    """The detector as ONNX: ``pixels`` uint8 (n, h, w, 3) to ``scores`` float32 (n, 1, rows, columns).

    With every_layer, each layer's output is an output too; the second result names them in order.
    """
    graph = _Graph(ranges)
    tensor = graph.pixels("pixels")
    for number, layer in enumerate(layers):
        first, last = number == 0, number == len(layers) - 1
        stride, pad = (2, 0) if number < 3 else (1, layer.weights.shape[2] // 2)
        folded = _with_normalisation(layer) if first else layer
        tensor = graph.convolution(tensor, folded, f"convolution{number}", stride=stride, pad=pad, relu=not last)
    graph.nodes.append(_named("Identity", tensor.name, "scores"))
    shape: Shape = ["n", 1, "rows", "columns"]
    model = graph.model({"pixels": ["n", "height", "width", 3]}, "scores", shape, every_layer=every_layer)
    return model, tuple(graph.outputs)


def face_graph(
    layers: Sequence[Convolution],
    last: NDArray[np.float64],
    ranges: Ranges | None = None,
    *,
    every_layer: bool = False,
) -> tuple[bytes, tuple[str, ...]]:
    """The face network as ONNX: ``chips`` uint8 (n, 150, 150, 3) to ``vectors`` float32 (n, 128)."""
    graph = _Graph(ranges)
    tensor = graph.convolution(
        graph.pixels("chips"), _with_normalisation(layers[0]), "convolution0", stride=2, relu=True
    )
    tensor = graph.pooled(tensor, "MaxPool", 3)
    size, channels = _SIZE_AFTER_FIRST_POOL, 32
    for block, (outputs, halves) in enumerate(_BLOCKS):
        pair = layers[1 + 2 * block], layers[2 + 2 * block]
        tensor = _block(graph, tensor, pair, block, halves=halves, size=size, more_channels=outputs - channels)
        # Where the two terms of the sum differ in size, dlib pads both with zeros to the larger one.
        size, channels = (max((size - 3) // 2, (size - 2) // 2) + 1 if halves else size), outputs
    pooled = graph.node("Flatten", [graph.node("GlobalAveragePool", [tensor.name])])
    vectors = graph.node("MatMul", [pooled, graph.constant(last, np.float32)])
    graph.nodes.append(_named("Identity", vectors, "vectors"))
    chips: Shape = ["n", CHIP_SIZE, CHIP_SIZE, 3]
    model = graph.model({"chips": chips}, "vectors", ["n", DIMENSION], every_layer=every_layer)
    return model, tuple(graph.outputs)


def _block(
    graph: _Graph,
    tensor: _Tensor,
    pair: tuple[Convolution, Convolution],
    block: int,
    *,
    halves: bool,
    size: int,
    more_channels: int,
) -> _Tensor:
    """One residual block: two convolutions, plus the input itself or, where it halves, its average-pooled form."""
    first, second = f"block{block}.first", f"block{block}.second"
    inner = graph.convolution(tensor, pair[0], first, stride=2 if halves else 1, pad=0 if halves else 1, relu=True)
    inner = graph.convolution(inner, pair[1], second, pad=1, relu=False)
    if halves:
        skip = graph.padded(graph.pooled(tensor, "AveragePool", 2), channels=more_channels)
        inner = graph.padded(inner, pixels=(size - 2) // 2 - (size - 3) // 2)
    else:
        skip = tensor
    return graph.marked(graph.node("Relu", [graph.node("Add", [inner.name, skip.name])]), f"block{block}")


def _named(kind: str, source: str, name: str) -> Any:
    from onnx import helper

    return helper.make_node(kind, [source], [name], name=name)
