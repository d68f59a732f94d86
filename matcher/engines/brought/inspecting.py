"""What may be known of an ONNX file without running it; the file may come from anybody.

Refused is what could reach outside the file (tensors kept in other files), run code that is not ONNX Runtime's own
(operators of other domains), run without end (loops), or not be fed by this program (several inputs, open sizes).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from matcher.engines.brought.manifest import SIDE, Layout
from matcher.errors import BadEngine

_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})
"""The last is ONNX Runtime's own, for what 8-bit and optimised models need."""
_ENDLESS = frozenset({"Loop", "Scan"})
_MOST_NODES = 20_000
_DEEPEST = 8
_FLOAT = 1
_EXTERNAL = 1


@dataclass(frozen=True, slots=True)
class Facts:
    """A model's one input, and its outputs. batch: how many faces it takes at once; None for any number."""

    input: str
    layout: Layout
    batch: int | None
    outputs: tuple[str, ...]


def inspected(content: bytes) -> Facts:
    """The facts of a network for aligned faces; raises BadEngine."""
    model = loaded(content)
    name, shape = _input(model)
    layout = _layout(name, shape)
    batch = shape[0]
    if batch is not None and batch != 1:
        raise BadEngine(f"its input takes {batch} faces at once; export it for one, or for any number")
    return Facts(name, layout, batch, tuple(output.name for output in model.graph.output))


def loaded(content: bytes) -> Any:
    """The file as a model that can do no harm and has all it needs; raises BadEngine."""
    import onnx  # loads only where a model is looked at
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        model = onnx.load_model_from_string(content)
    except (DecodeError, ValueError, RuntimeError) as exc:
        raise BadEngine("it is not an ONNX file, or it is cut short; give a model that was exported as ONNX") from exc
    if not model.graph.node or not model.graph.input or not model.graph.output:
        raise BadEngine("it is not an ONNX file with a network; give a model that was exported as ONNX")
    if model.functions:
        raise BadEngine("it defines operators of its own; export it with them inlined")
    _check_graph(model.graph, depth=0)
    return model


def _check_graph(graph: Any, *, depth: int) -> None:
    if depth > _DEEPEST or len(graph.node) > _MOST_NODES:
        raise BadEngine("its graph is larger than any network for faces; export it again, simplified")
    tensors = [*graph.initializer, *(part for sparse in graph.sparse_initializer for part in _parts(sparse))]
    for tensor in tensors:
        _check_tensor(tensor)
    for node in graph.node:
        if node.domain not in _DOMAINS:
            raise BadEngine(
                f"it uses the operator {node.domain}::{node.op_type}, which ONNX Runtime does not have; export it with "
                "standard operators"
            )
        if node.op_type in _ENDLESS:
            raise BadEngine(f"it has a {node.op_type}, which may run without end; export it with loops unrolled")
        for attribute in node.attribute:
            for tensor in _tensors(attribute):
                _check_tensor(tensor)
            for inner in (attribute.g, *attribute.graphs) if attribute.HasField("g") else attribute.graphs:
                _check_graph(inner, depth=depth + 1)


def _tensors(attribute: Any) -> Iterator[Any]:
    if attribute.HasField("t"):
        yield attribute.t
    yield from attribute.tensors
    for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
        yield from _parts(sparse)


def _parts(sparse: Any) -> tuple[Any, Any]:
    return sparse.values, sparse.indices


def _check_tensor(tensor: Any) -> None:
    if tensor.data_location == _EXTERNAL or tensor.external_data:
        raise BadEngine("it keeps weights in other files; save it as one file, with its weights inside")


def _input(model: Any) -> tuple[str, list[int | None]]:
    """The one input that is fed: older files list their weights among the inputs too."""
    weights = {tensor.name for tensor in model.graph.initializer}
    fed = [value for value in model.graph.input if value.name not in weights]
    if len(fed) != 1:
        names = ", ".join(value.name for value in fed)[:100] or "none"
        raise BadEngine(f"it has {len(fed)} inputs ({names}); it must have one, the face")
    (value,) = fed
    kind = value.type.tensor_type
    if not value.type.HasField("tensor_type") or kind.elem_type != _FLOAT:
        raise BadEngine(f"its input {value.name} is no float32 tensor; export it with float32 input")
    return value.name, [dim.dim_value if dim.HasField("dim_value") else None for dim in kind.shape.dim]


def _layout(name: str, shape: list[int | None]) -> Layout:
    if shape[1:] == [3, SIDE, SIDE]:
        return Layout.NCHW
    if shape[1:] == [SIDE, SIDE, 3]:
        return Layout.NHWC
    said = " x ".join("?" if size is None else str(size) for size in shape) or "of no size"
    open_sizes = "fix its open sizes" if None in shape[1:] else f"only aligned faces of {SIDE}x{SIDE} pixels fit"
    raise BadEngine(
        f"its input {name} is {said}; it must be 1 x 3 x {SIDE} x {SIDE} or 1 x {SIDE} x {SIDE} x 3: {open_sizes}"
    )
