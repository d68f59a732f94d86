"""The way of a model into the data folder: looked at, described, tried, and only then kept."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from matcher.engines.brought.engine import Models
from matcher.engines.brought.inspecting import Facts
from matcher.engines.brought.manifest import (
    Brought,
    Channels,
    Detector,
    DetectorKind,
    Kind,
    Layout,
    Metric,
    ModelFile,
    Output,
    Pixels,
    Triple,
    checked_name,
    checked_text,
)
from matcher.engines.brought.shelf import Shelf, read_model
from matcher.engines.brought.toml import Table, parsed
from matcher.engines.brought.trying import Looked, Tried, look, try_engine
from matcher.errors import BadEngine

_INPUTS: Mapping[Kind, tuple[Triple, Triple]] = {
    Kind.ARCFACE: ((127.5,) * 3, (127.5,) * 3),
    Kind.SFACE: ((0.0,) * 3, (1.0,) * 3),
}


@dataclass(frozen=True, slots=True)
class Described:
    """What a user says of a model; None for what is left to the kind's defaults or to the file itself."""

    kind: Kind | None = None
    licence: str | None = None
    notes: str | None = None
    channels: Channels | None = None
    layout: Layout | None = None
    top: float | None = None
    mean: Triple | None = None
    std: Triple | None = None
    output: str | None = None
    metric: Metric | None = None
    mirror: bool | None = None
    detector: DetectorKind | None = None
    sha256: str | None = None
    """Of the model, where it must be a certain one."""

    def over(self, other: "Described") -> "Described":
        """This, and what the other says where this says nothing."""
        said = {name: value for name in self.__slots__ if (value := getattr(self, name)) is not None}
        return replace(other, **said)


@dataclass(frozen=True, slots=True)
class Added:
    manifest: Brought
    trial: Tried
    place: Path


def described_in(text: str) -> Described:
    """What a manifest says, whole or in part; names, versions, sizes and dates in it are not taken over.

    Raises BadEngine.
    """
    top = Table(parsed(text), "the manifest")
    for passed in ("format", "name", "version", "added"):
        top.drop(passed)
    found: dict[str, Any] = {}
    if top.has("kind"):
        found["kind"] = top.choice("kind", Kind)
    found |= {name: top.text(name) for name in ("licence", "notes") if top.has(name)}
    if top.has("model"):
        model = top.table("model")
        found["sha256"] = model.text("sha256")
    if top.has("input"):
        found |= _input_in(top.table("input"))
    if top.has("output"):
        found |= _output_in(top.table("output"))
    if top.has("detector"):
        found["detector"] = top.table("detector").choice("kind", DetectorKind)
    top.end()
    return Described(**found)


def _input_in(table: Table) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if table.has("channels"):
        found["channels"] = table.choice("channels", Channels)
    if table.has("layout"):
        found["layout"] = table.choice("layout", Layout)
    if table.has("top"):
        found["top"] = table.number("top")
    found |= {name: table.triple(name) for name in ("mean", "std") if table.has(name)}
    table.end()
    return found


def _output_in(table: Table) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if table.has("name"):
        found["output"] = table.text("name")
    if table.has("metric"):
        found["metric"] = table.choice("metric", Metric)
    if table.has("mirror"):
        found["mirror"] = table.truth("mirror")
    # Told by the file itself.
    table.drop("dimension")
    table.end()
    return found


def add(
    home: Path, name: str, model: Path, described: Described, *, yunet: Path | None, networks: Path, today: str
) -> Added:
    """Look at a model, try it, and keep it in the home under this name.

    yunet: the detector's file, where one is brought. networks: where the program's own networks are kept.
    Raises BadEngine for a model or a description that can't serve, OSError for files.
    """
    shelf = Shelf(home)
    if shelf.has(checked_name(name)):
        raise BadEngine(f"there is an engine {name} already; remove it first, or choose another name")
    content = read_model(model)
    detector = read_model(yunet) if yunet else b""
    try:
        looked = look(content)
    except BadEngine as exc:
        raise BadEngine(f"{model.name}: {exc}") from exc
    files = _file(model, content), _file(yunet, detector) if yunet else None
    manifest = describe(name, described, looked, model=files[0], yunet=files[1], today=today)
    try:
        trial = try_engine(manifest, Models(content, detector), networks=networks)
    except BadEngine as exc:
        raise BadEngine(f"{model.name} can't serve as an engine: {exc}") from exc
    shelf.keep_model(content, model.name)
    if yunet:
        shelf.keep_model(detector, yunet.name)
    return Added(manifest, trial, shelf.keep(manifest))


def describe(
    name: str, said: Described, looked: Looked, *, model: ModelFile, yunet: ModelFile | None, today: str
) -> Brought:
    """The manifest of a model, from what a user says of it and what it says of itself; raises BadEngine."""
    if said.sha256 not in {None, model.sha256}:
        raise BadEngine(f"{model.source} has the sha256 {model.sha256}, the manifest is for {said.sha256}")
    kind = said.kind or Kind.ARCFACE
    if not (said.licence or "").strip():
        raise BadEngine("the model's licence is not stated; say it with --licence, as its provider does")
    return Brought(
        name=name,
        kind=kind,
        licence=checked_text("licence", said.licence or ""),
        notes=checked_text("notes", said.notes or ""),
        added=today,
        model=model,
        pixels=_pixels(kind, said, looked.facts),
        output=_output(kind, said, looked),
        detector=_detector(said, yunet),
    )


def _pixels(kind: Kind, said: Described, facts: Facts) -> Pixels:
    if said.layout not in {None, facts.layout}:
        raise BadEngine(f"the layout is said to be {said.layout}, the model's input is {facts.layout}; leave it away")
    mean, std = _INPUTS[kind]
    top = said.top or (255.0 if said.mean is None and said.std is None else _top(said))
    return Pixels(
        channels=said.channels or Channels.RGB,
        layout=facts.layout,
        top=top,
        mean=said.mean or mean,
        std=said.std or std,
    )


def _top(said: Described) -> float:
    """Which values a stated mean and deviation are for: they are given for 0 to 1 or for 0 to 255."""
    if said.mean is None or said.std is None:
        raise BadEngine("mean and std belong together; state both, or neither")
    if said.std == (1.0,) * 3:
        raise BadEngine("std 1 may be for values from 0 to 1 or to 255; say which with --top 1 or --top 255")
    small = max(said.std) < 1 and max(map(abs, said.mean)) <= 1
    return 1.0 if small else 255.0


def _output(kind: Kind, said: Described, looked: Looked) -> Output:
    names = looked.facts.outputs
    vectors = [name for name, size in zip(names, looked.dimensions, strict=True) if size]
    if said.output is not None and said.output not in vectors:
        raise BadEngine(f"{said.output!r} is no output with a vector; the model has {', '.join(vectors) or 'none'}")
    if said.output is None and len(vectors) != 1:
        raise BadEngine(
            f"the model has {len(vectors)} outputs with a vector; name one of {', '.join(names)} with --output"
        )
    name = said.output or vectors[0]
    return Output(
        name=name,
        dimension=looked.dimensions[names.index(name)],
        metric=said.metric or Metric.COSINE,
        mirror=kind is Kind.ARCFACE if said.mirror is None else said.mirror,
    )


def _detector(said: Described, yunet: ModelFile | None) -> Detector:
    if yunet is not None:
        if said.detector not in {None, DetectorKind.YUNET}:
            raise BadEngine(f"two detectors are stated, {said.detector} and {yunet.source}; leave one away")
        return Detector(DetectorKind.YUNET, yunet)
    if said.detector is DetectorKind.YUNET:
        raise BadEngine("the detector is YuNet, but its file is not given; name it with --detector FILE.onnx")
    return Detector(said.detector or DetectorKind.OWN_68)


def _file(path: Path, content: bytes) -> ModelFile:
    return ModelFile(hashlib.sha256(content).hexdigest(), len(content), path.name)
