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
BLOCK = 4
"""The detector takes pictures whose sides are multiples of this."""

Shape = list[str | int | None]

Ranges = Mapping[str, tuple[float, float]]
"""Layer -> the lowest and highest value that its output takes."""

_MEAN = np.array([122.782, 117.001, 104.298])
MEAN_COLOUR = (123, 117, 104)
"""What both networks take for nothing, as RGB."""

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

    def blocks(self, name: str) -> _Tensor:
        """The input in 8 bits, its squares of 4x4 pixels as 48 channels; uint8 (n, height / 4, 4, width / 4, 12)."""
        together = self.node("Transpose", [name], perm=[0, 1, 3, 2, 4])
        merged = self.node("Reshape", [together, self.constant([0, 0, 0, 3 * BLOCK * BLOCK], np.int64)])
        return self._dequantised(self.node("Transpose", [merged], perm=[0, 3, 1, 2]), "pixels", 1.0, 0)

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

    def answer(self, tensor: _Tensor, layer: Convolution) -> _Tensor:
        """A last convolution to one channel, always in float: rounding it would be a third of the scores' error.

        As one channel for each row of the window, which are then summed at their rows: a ninth of the work to gather
        what lies under a window of nine rows, and the same result.
        """
        _, channels, height, width = layer.weights.shape
        across = self.constant(layer.weights[0].transpose(1, 0, 2).reshape(height, channels, 1, width), np.float32)
        down = self.constant(np.eye(height).reshape(1, height, height, 1), np.float32)
        bias = self.constant(layer.bias, np.float32)
        # ONNX counts the pixels of padding as top, left, bottom, right.
        sides, ends = [0, width // 2, 0, width // 2], [height // 2, 0, height // 2, 0]
        rows = self.node("Conv", [tensor.name, across], pads=sides, kernel_shape=[1, width])
        return _Tensor(self.node("Conv", [rows, down, bias], pads=ends, kernel_shape=[height, 1]), tensor.layer)

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


def in_blocks(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pictures as the 8-bit detector takes them, without copying. pixels: uint8 (n, height, width, 3)."""
    count, height, width, colours = pixels.shape
    return pixels.reshape(count, height // BLOCK, BLOCK, width // BLOCK, BLOCK * colours)


def _on_blocks(layer: Convolution) -> Convolution:
    """The first convolution, 5x5 with stride 2, as 2x2 on blocks of 4x4 pixels: 2x2 of its outputs as channels.

    The same sums, but gathering what lies under a window, which is most of the work where there are three channels,
    takes a tenth of the steps.
    """
    out, colours, size, _ = layer.weights.shape
    weights = np.zeros((2, 2, out, 2, 2, BLOCK, BLOCK, colours))
    for down, right, y, x in np.ndindex(2, 2, size, size):
        (row, inner_row), (column, inner_column) = divmod(2 * down + y, BLOCK), divmod(2 * right + x, BLOCK)
        weights[down, right, :, row, column, inner_row, inner_column, :] = layer.weights[:, :, y, x]
    folded = weights.transpose(0, 1, 2, 5, 6, 7, 3, 4).reshape(4 * out, BLOCK * BLOCK * colours, 2, 2)
    return Convolution(folded, np.tile(layer.bias, 4))


def _after_blocks(layer: Convolution) -> Convolution:
    """The second convolution, 5x5 with stride 2, as 3x3 on what `_on_blocks` gives."""
    out, channels, size, _ = layer.weights.shape
    weights = np.zeros((out, 3, 3, 2, 2, channels))
    for y, x in np.ndindex(size, size):
        weights[:, y // 2, x // 2, y % 2, x % 2, :] = layer.weights[:, :, y, x]
    return Convolution(weights.transpose(0, 3, 4, 5, 1, 2).reshape(out, 4 * channels, 3, 3), layer.bias)


def detector_graph(
    layers: Sequence[Convolution], ranges: Ranges | None = None, *, every_layer: bool = False
) -> tuple[bytes, tuple[str, ...]]:
    """The detector as ONNX: ``pixels`` uint8 (n, h, w, 3) to ``scores`` float32 (n, 1, rows, columns).

    In 8 bits ``pixels`` are as `in_blocks` gives them. With every_layer, each layer's output but the last is an output
    too; the second result names them in order.
    """
    graph = _Graph(ranges)
    first, second, *others, last = [_with_normalisation(layers[0]), *layers[1:]]
    strides = [2, 2, 2]
    shape: Shape = ["n", "height", "width", 3]
    if ranges is None:
        tensor = graph.pixels("pixels")
    else:
        tensor = graph.blocks("pixels")
        first, second, strides = _on_blocks(first), _after_blocks(second), [1, 1, 2]
        shape = ["n", "rows of blocks", BLOCK, "columns of blocks", 3 * BLOCK]
    for number, layer in enumerate((first, second, *others)):
        stride, pad = (strides[number], 0) if number < 3 else (1, layer.weights.shape[2] // 2)
        tensor = graph.convolution(tensor, layer, f"convolution{number}", stride=stride, pad=pad, relu=True)
    graph.nodes.append(_named("Identity", graph.answer(tensor, last).name, "scores"))
    model = graph.model({"pixels": shape}, "scores", ["n", 1, "rows", "columns"], every_layer=every_layer)
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
