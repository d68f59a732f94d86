"""Manifests and the shelf: what is written is read back, what was changed is refused, keys tell engines apart."""

import dataclasses
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.engines.brought.adding import described_in
from matcher.engines.brought.engine import brought_spec
from matcher.engines.brought.manifest import (
    Brought,
    Channels,
    Detector,
    DetectorKind,
    Joined,
    Kind,
    Layout,
    Metric,
    ModelFile,
    Output,
    Part,
    Pixels,
)
from matcher.engines.brought.shelf import Shelf
from matcher.engines.brought.toml import from_toml, to_toml
from matcher.engines.opening import engine_spec
from matcher.errors import BadEngine, BadSetting, EngineUnavailable
from matcher.settings import load_settings

NAMES = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,39}", fullmatch=True)
TEXTS = st.text(max_size=60).filter(str.isprintable)
DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)
FILES = st.builds(ModelFile, DIGESTS, st.integers(0, 1 << 30), TEXTS)
SMALL = st.floats(-1, 1, allow_subnormal=False)
ABOVE = st.floats(1e-3, 300)


@st.composite
def brought(draw: st.DrawFn) -> Brought:
    pixels = Pixels(
        draw(st.sampled_from(Channels)),
        draw(st.sampled_from(Layout)),
        draw(st.sampled_from([1.0, 255.0])),
        draw(st.tuples(SMALL, SMALL, SMALL)),
        draw(st.tuples(ABOVE, ABOVE, ABOVE)),
    )
    output = Output(draw(TEXTS), draw(st.integers(8, 4096)), draw(st.sampled_from(Metric)), draw(st.booleans()))
    kind = draw(st.sampled_from(DetectorKind))
    detector = Detector(kind, draw(FILES) if kind is DetectorKind.YUNET else None)
    texts = [draw(TEXTS) for _ in range(3)]
    return Brought(draw(NAMES), draw(st.sampled_from(Kind)), *texts, draw(FILES), pixels, output, detector)


PARTS = st.builds(Part, NAMES, TEXTS, st.integers(8, 4096))
JOINED = st.builds(
    Joined,
    NAMES,
    TEXTS,
    TEXTS,
    st.tuples(PARTS, PARTS).filter(lambda parts: parts[0].name != parts[1].name),
    st.floats(1e-3, 1e3),
)


@given(brought() | JOINED)
def test_a_manifest_is_read_as_it_was_written(manifest: Brought | Joined) -> None:
    assert from_toml(to_toml(manifest)) == manifest


@given(brought())
@pytest.mark.long
def test_what_show_prints_describes_the_same_engine(manifest: Brought) -> None:
    said = described_in(to_toml(manifest))
    pixels, output = manifest.pixels, manifest.output
    assert (said.kind, said.licence, said.notes) == (manifest.kind, manifest.licence, manifest.notes)
    assert (said.channels, said.layout, said.top, said.mean, said.std) == dataclasses.astuple(pixels)
    assert (said.output, said.metric, said.mirror) == (output.name, output.metric, output.mirror)
    assert (said.detector, said.sha256) == (manifest.detector.kind, manifest.model.sha256)


EXAMPLE = Brought(
    name="example",
    kind=Kind.ARCFACE,
    licence="MIT",
    notes="",
    added="2026-01-02",
    model=ModelFile("a" * 64, 10, "example.onnx"),
    pixels=Pixels(Channels.RGB, Layout.NCHW, 255.0, (127.5, 127.5, 127.5), (127.5, 127.5, 127.5)),
    output=Output("vector", 128, Metric.COSINE, True),
    detector=Detector(DetectorKind.OWN),
)


def test_everything_that_a_template_depends_on_is_in_the_key_and_nothing_else() -> None:
    def other(**changed: object) -> str:
        return dataclasses.replace(EXAMPLE, **changed).version

    same = [other(licence="BSD"), other(notes="x"), other(name="y"), other(added="2027-01-01")]
    assert set(same) == {EXAMPLE.version}
    pixels, output = EXAMPLE.pixels, EXAMPLE.output
    changed = [
        other(model=ModelFile("b" * 64, 10, "example.onnx")),
        other(pixels=dataclasses.replace(pixels, channels=Channels.BGR)),
        other(pixels=dataclasses.replace(pixels, mean=(127.5, 127.5, 127.0))),
        other(pixels=dataclasses.replace(pixels, top=1.0, mean=(0.5,) * 3)),
        other(output=dataclasses.replace(output, mirror=False)),
        other(output=dataclasses.replace(output, metric=Metric.L2)),
        other(detector=Detector(DetectorKind.OWN_68)),
        other(detector=Detector(DetectorKind.YUNET, ModelFile("c" * 64, 1, "y"))),
        other(detector=Detector(DetectorKind.YUNET, ModelFile("d" * 64, 1, "y"))),
    ]
    assert len({EXAMPLE.version, *changed}) == len(changed) + 1
    assert brought_spec(EXAMPLE).key == f"example@{EXAMPLE.version}"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("mirror = true", "mirror = false", "was changed"),
        ("mirror = true", "mirror = 1", "true or false"),
        ("mirror = true", "mirror = true\nsecret = 2", "secret"),
        ("mirror = true\n", "", "no mirror"),
        ('metric = "cosine"', 'metric = "hamming"', "cosine or l2"),
        ("dimension = 128", "dimension = 3", "3 numbers"),
        ("top = 255.0", "top = 7.0", "7"),
        ("[127.5, 127.5, 127.5]\nstd", "[127.5, 127.5]\nstd", "three numbers"),
        ("std = [127.5", "std = [nan", "finite"),
        ('format = "engine/1"', 'format = "engine/9"', "engine/9"),
        ('kind = "arcface"', 'kind = "magic"', "magic"),
        ('name = "example"', 'name = "../up"', "name"),
        ("[model]", "[[model]]", "a table"),
        ('sha256 = "a', 'sha256 = "z', "sha256"),
        ("[output]", "[output", "not TOML"),
    ],
)
def test_a_manifest_that_was_changed_is_refused_with_the_reason(old: str, new: str, reason: str) -> None:
    text = to_toml(EXAMPLE)
    assert old in text
    with pytest.raises(BadEngine, match=reason):
        from_toml(text.replace(old, new))


@pytest.mark.parametrize("weight", [0.0, -1.0, math.nan, math.inf, 1e9])
def test_a_weight_that_is_none_is_refused(weight: float) -> None:
    parts = Part("one", "1", 128), Part("two", "1", 128)
    with pytest.raises(BadEngine, match="weight"):
        Joined("both", "", "", parts, weight)


def test_a_model_that_was_changed_is_refused_at_each_opening(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    file = shelf.keep_model(b"a network", "network.onnx")
    assert shelf.model(file) == b"a network"
    shelf.model_path(file).write_bytes(b"a netw0rk")
    with pytest.raises(EngineUnavailable, match=r"was changed.*restore network\.onnx"):
        shelf.model(file)
    shelf.keep_model(b"a network", "network.onnx")
    assert shelf.model(file) == b"a network"
    shelf.model_path(file).unlink()
    with pytest.raises(EngineUnavailable, match="add it again"):
        shelf.model(file)


def test_names_are_taken_once_and_models_go_with_their_last_engine(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    file = shelf.keep_model(b"a network", "network.onnx")
    one = dataclasses.replace(EXAMPLE, name="one", model=file)
    shelf.keep(one)
    shelf.keep(dataclasses.replace(one, name="two"))
    with pytest.raises(BadEngine, match="already"):
        shelf.keep(dataclasses.replace(one, licence="other"))
    assert shelf.names() == ("one", "two")
    shelf.remove("one")
    assert shelf.model(file) == b"a network"
    shelf.remove("two")
    assert shelf.names() == ()
    assert not shelf.model_path(file).exists()
    with pytest.raises(EngineUnavailable, match="engines list"):
        shelf.remove("two")


def test_settings_and_opening_know_the_engines_of_their_home_alone(tmp_path: Path) -> None:
    Shelf(tmp_path).keep(EXAMPLE)
    assert load_settings(tmp_path, engine="example").engine == "example"
    assert engine_spec("example", home=tmp_path).key == f"example@{EXAMPLE.version}"
    with pytest.raises(BadSetting, match="dlib-resnet"):
        load_settings(tmp_path / "other", engine="example")
    with pytest.raises(EngineUnavailable, match="engines add"):
        engine_spec("example", home=None)
    with pytest.raises(EngineUnavailable, match="engines add"):
        engine_spec("../example", home=tmp_path)
