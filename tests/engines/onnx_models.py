"""Tiny ONNX models for tests: networks that tell faces apart, and files that must be refused."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from matcher.engines.brought.adding import Added, Described, add, describe
from matcher.engines.brought.manifest import Brought
from matcher.engines.brought.shelf import Shelf
from matcher.engines.brought.trying import looked

DIMENSION = 64
Shape = Sequence[int | str]

FACE: Shape = ("n", 3, 112, 112)


def model(
    nodes: Sequence[Any],
    weights: dict[str, np.ndarray] | None = None,
    *,
    inputs: dict[str, Shape] | None = None,
    outputs: dict[str, Shape] | None = None,
    kind: int = TensorProto.FLOAT,
    change: Callable[[Any], None] = lambda _model: None,
    domains: Sequence[str] = (),
) -> bytes:
    """A model of these nodes. change: a last hand on it, for what the helpers would not make."""
    graph = helper.make_graph(
        list(nodes),
        "tiny",
        [helper.make_tensor_value_info(name, kind, shape) for name, shape in (inputs or {"face": FACE}).items()],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in (outputs or {"vector": ("n", DIMENSION)}).items()
        ],
        [numpy_helper.from_array(value, name) for name, value in (weights or {}).items()],
    )
    opsets = [helper.make_opsetid("", 17), *(helper.make_opsetid(domain, 1) for domain in domains)]
    made = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    change(made)
    return bytes(made.SerializeToString())


def node(kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> Any:
    return helper.make_node(kind, list(inputs), [output], **attributes)


def network(*, seed: int = 0, batch: int | str = "n", nhwc: bool = False, extra: Sequence[Any] = ()) -> bytes:
    """A network that tells faces apart by their coarse shades: local means, then a random projection."""
    projection = np.random.default_rng(seed).standard_normal((3 * 14 * 14, DIMENSION)).astype(np.float32)
    shape: Shape = (batch, 112, 112, 3) if nhwc else (batch, 3, 112, 112)
    first = node("Transpose", ["face"], "planes", perm=[0, 3, 1, 2]) if nhwc else node("Identity", ["face"], "planes")
    nodes = [
        first,
        node("AveragePool", ["planes"], "means", kernel_shape=[8, 8], strides=[8, 8]),
        node("Flatten", ["means"], "flat"),
        node("ReduceMean", ["flat"], "shade", axes=[1], keepdims=1),
        node("Sub", ["flat", "shade"], "shape"),
        node("MatMul", ["shape", "projection"], "vector"),
        *extra,
    ]
    outputs: dict[str, Shape] = {"vector": (batch, DIMENSION)}
    outputs |= {name: (batch, 1) for one in extra for name in one.output}
    return model(nodes, {"projection": projection}, inputs={"face": shape}, outputs=outputs)


def add_network(home: Path, networks: Path, name: str = "tiny", *, content: bytes | None = None, **said: Any) -> Added:
    """The tiny network in a home, by the way that users' models take. networks: the program's own, built once."""
    file = home.parent / f"{name}.onnx"
    home.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(network() if content is None else content)
    described = Described(**{"licence": "none", **said})
    return add(home, name, file, described, yunet=None, networks=networks, today="2026-01-02")


def keep_network(home: Path, name: str = "tiny", *, content: bytes | None = None, **said: Any) -> Brought:
    """The same without the trial in a process of its own."""
    content = network() if content is None else content
    shelf = Shelf(home)
    file = shelf.keep_model(content, f"{name}.onnx")
    described = Described(**{"licence": "none", **said})
    manifest = describe(name, described, looked(content), model=file, yunet=None, today="2026-01-02")
    shelf.keep(manifest)
    return manifest


def external(made: Any) -> None:
    """Weights that are kept in another file."""
    onnx.external_data_helper.set_external_data(made.graph.initializer[0], location="../../etc/passwd")
    made.graph.initializer[0].ClearField("raw_data")
    made.graph.initializer[0].data_location = TensorProto.EXTERNAL
