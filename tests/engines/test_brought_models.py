"""ONNX files from anybody: what can't serve is refused with the reason, and nothing outside the file is touched."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from matcher.engines.brought.adding import Described, add, describe
from matcher.engines.brought.engine import Models
from matcher.engines.brought.inspecting import inspected
from matcher.engines.brought.manifest import Brought, DetectorKind, Kind, Layout, ModelFile
from matcher.engines.brought.trying import TryTask, look, looked, tried
from matcher.errors import BadEngine, EngineUnavailable
from tests.engines.onnx_models import DIMENSION, FACE, add_network, external, model, network, node

WEIGHTS = {"w": np.ones((3, DIMENSION), np.float32)}
POOL = [node("GlobalAveragePool", ["face"], "pooled"), node("Flatten", ["pooled"], "flat")]
PROJECT = [*POOL, node("MatMul", ["flat", "w"], "vector")]


def _loop() -> bytes:
    body = helper.make_graph(
        [node("Identity", ["go"], "still")],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
        ],
        [helper.make_tensor_value_info("still", TensorProto.BOOL, [])],
    )
    return model([*PROJECT, helper.make_node("Loop", ["", "true"], [], body=body)], WEIGHTS)


def _nested_external() -> bytes:
    inner = helper.make_tensor("c", TensorProto.FLOAT, [1], [1.0])
    inner.external_data.add(key="location", value="elsewhere.bin")
    branch = helper.make_graph(
        [helper.make_node("Constant", [], ["out"], value=inner)],
        "branch",
        [],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [1])],
    )
    return model([*PROJECT, helper.make_node("If", ["c"], ["o"], then_branch=branch, else_branch=branch)], WEIGHTS)


REFUSED = {
    "text": (b"this is a text", "not an ONNX file"),
    "empty": (b"", "not an ONNX file"),
    "cut short": (network()[:5000], "not an ONNX file"),
    "two inputs": (model(PROJECT, WEIGHTS, inputs={"face": FACE, "mask": FACE}), "has 2 inputs"),
    "open size": (model(PROJECT, WEIGHTS, inputs={"face": ("n", 3, "h", "w")}), "fix its open sizes"),
    "other size": (model(PROJECT, WEIGHTS, inputs={"face": ("n", 3, 160, 160)}), "112x112"),
    "four at once": (model(PROJECT, WEIGHTS, inputs={"face": (4, 3, 112, 112)}), "4 faces at once"),
    "bytes in": (model(PROJECT, WEIGHTS, kind=TensorProto.UINT8), "float32"),
    "weights elsewhere": (model(PROJECT, WEIGHTS, change=external), "other files"),
    "weights elsewhere, deep": (_nested_external(), "other files"),
    "own operators": (
        model([*PROJECT, node("Do", ["flat"], "x", domain="com.example")], WEIGHTS, domains=["com.example"]),
        "com.example::Do",
    ),
    "a loop": (_loop(), "Loop"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_serve_is_refused_with_the_reason(name: str) -> None:
    content, reason = REFUSED[name]
    with pytest.raises(BadEngine, match=reason):
        inspected(content)


def test_what_a_file_says_of_itself_is_found() -> None:
    facts = inspected(network(batch=1, nhwc=True))
    assert (facts.input, facts.layout, facts.batch, facts.outputs) == ("face", Layout.NHWC, 1, ("vector",))
    assert inspected(network()).batch is None


UNFIT = {
    "the same for everybody": (
        model([*PROJECT, node("Sub", ["vector", "vector"], "none"), node("Add", ["none", "b"], "same")],
              WEIGHTS | {"b": np.arange(DIMENSION, dtype=np.float32)}, outputs={"same": ("n", DIMENSION)}),
        "same numbers for every face",
    ),
    "no numbers": (
        model([*PROJECT, node("Sub", ["vector", "big"], "minus"), node("Log", ["minus"], "bad")],
              WEIGHTS | {"big": np.float32(1e6)}, outputs={"bad": ("n", DIMENSION)}),
        "not finite",
    ),
    "chance": (
        model([*PROJECT, node("RandomNormalLike", ["vector"], "e", scale=100.0), node("Add", ["vector", "e"], "o")],
              WEIGHTS, outputs={"o": ("n", DIMENSION)}),
        "other numbers for one face",
    ),
    "no vector": (model([node("Identity", ["face"], "map")], outputs={"map": FACE}), "0 outputs with a vector"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNFIT)
@pytest.mark.long
def test_networks_that_answer_nonsense_are_refused(name: str, cache: Path) -> None:
    content, reason = UNFIT[name]
    with pytest.raises((BadEngine, EngineUnavailable), match=reason):
        tried(TryTask(_described(content), Models(content), cache))


@pytest.mark.long
def test_what_is_refused_is_not_kept(tmp_path: Path, cache: Path) -> None:
    content, reason = UNFIT["chance"]
    with pytest.raises(BadEngine, match=reason):
        add_network(tmp_path / "home", cache, content=content)
    assert not (tmp_path / "home" / "engines").exists()


def test_a_file_that_asks_for_all_memory_does_not_end_this_process() -> None:
    huge = helper.make_tensor("v", TensorProto.FLOAT, [1], [0.5])
    nodes = [node("ConstantOfShape", ["size"], "much", value=huge), node("ReduceSum", ["much"], "sum"), *PROJECT[:2],
             node("MatMul", ["flat", "w"], "x"), node("Add", ["x", "sum"], "vector")]  # fmt: skip
    content = model(nodes, WEIGHTS | {"size": np.array([1 << 40], np.int64)})
    with pytest.raises(BadEngine, match="can't"):
        look(content)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"licence": " "}, "licence"),
        ({"layout": Layout.NHWC}, "layout"),
        ({"output": "nothing"}, "no output"),
        ({"mean": (0.5, 0.5, 0.5)}, "belong together"),
        ({"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}, "--top"),
        ({"mean": (99.0, 0.5, 0.5), "std": (0.5, 0.5, 0.5), "top": 1.0}, "outside"),
        ({"sha256": "0" * 64}, "sha256"),
        ({"detector": DetectorKind.YUNET}, "YuNet"),
    ],
)
def test_what_is_said_of_a_model_must_agree_with_it(said: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadEngine, match=reason):
        _described(network(), **said)


def test_mean_and_deviation_tell_which_values_they_are_for() -> None:
    shares = _described(network(), mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
    bytes_ = _described(network(), mean=(127.5, 127.5, 127.5), std=(128.0, 128.0, 128.0))
    sface = _described(network(), kind=Kind.SFACE)
    assert shares.pixels.top == 1
    assert bytes_.pixels.top == 255
    assert (sface.pixels.std, sface.output.mirror) == ((1.0, 1.0, 1.0), False)


def test_one_of_several_outputs_is_named() -> None:
    length = node("ReduceSum", ["vector"], "length", keepdims=1)
    content = network(extra=[length, node("Identity", ["length"], "again")])
    with pytest.raises(BadEngine, match="--output"):
        _described(content)
    made = _described(content, output="vector")
    assert (made.output.name, made.dimension) == ("vector", DIMENSION)


def _described(content: bytes, **said: Any) -> Brought:
    file = ModelFile(hashlib.sha256(content).hexdigest(), len(content), "tiny.onnx")
    described = Described(**{"licence": "none", **said})
    return describe("tiny", described, looked(content), model=file, yunet=None, today="2026-01-02")


def test_a_folder_and_a_missing_file_are_told(tmp_path: Path) -> None:
    common = {"yunet": None, "networks": tmp_path, "today": "2026-01-02"}
    with pytest.raises(BadEngine, match="not a file"):
        add(tmp_path / "home", "tiny", tmp_path, Described(licence="none"), **common)
    with pytest.raises(FileNotFoundError):
        add(tmp_path / "home", "tiny", tmp_path / "no.onnx", Described(licence="none"), **common)
