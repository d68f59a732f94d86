"""Manifests as TOML: written the same way every time, read without believing a word."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from typing import Any, TypeVar

from matcher.engines.brought.manifest import (
    FORMAT,
    Brought,
    Channels,
    Detector,
    DetectorKind,
    Joined,
    Kind,
    Layout,
    Manifest,
    Metric,
    ModelFile,
    Output,
    Part,
    Pixels,
    Triple,
)
from matcher.errors import BadEngine

_JOINED = "joined"
_LARGEST = 65536

Choice = TypeVar("Choice", bound=StrEnum)


def to_toml(manifest: Manifest) -> str:
    """The manifest as `from_toml` reads it, with its version."""
    head: dict[str, Any] = {"format": FORMAT, "name": manifest.name}
    if isinstance(manifest, Joined):
        head |= {"kind": _JOINED, "notes": manifest.notes, "added": manifest.added, "version": manifest.version}
        head["weight"] = manifest.weight
        head |= {"first": manifest.parts[0], "second": manifest.parts[1]}
        return "\n".join(_lines(head)) + "\n"
    head |= {"kind": manifest.kind, "licence": manifest.licence, "notes": manifest.notes, "added": manifest.added}
    head["version"] = manifest.version
    detector: dict[str, Any] = {"kind": manifest.detector.kind}
    if manifest.detector.model:
        detector |= _fields(manifest.detector.model)
    head |= {"model": manifest.model, "input": manifest.pixels, "output": manifest.output, "detector": detector}
    return "\n".join(_lines(head)) + "\n"


def parsed(text: str) -> dict[str, Any]:
    """The text as tables; raises BadEngine."""
    if len(text) > _LARGEST:
        raise BadEngine(f"the manifest has {len(text):,} characters; that is no manifest of an engine")
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as exc:
        raise BadEngine(f"the manifest is not TOML: {exc}; correct it") from exc


def from_toml(text: str) -> Manifest:
    """Read what `to_toml` wrote; raises BadEngine for anything else, and where the version is not that of the rest."""
    top = Table(parsed(text), "the manifest")
    if (said := top.text("format")) != FORMAT:
        raise BadEngine(f"the manifest's format is {said!r}; this program reads {FORMAT}")
    kind, version = top.text("kind"), top.text("version")
    found = _joined(top) if kind == _JOINED else _brought(top, kind)
    top.end()
    if found.version != version:
        raise BadEngine(
            f"the manifest of {found.name} was changed: version {version} stands in it, {found.version} is what it "
            "says now, and templates of both must not meet; restore it, or add the engine again under another name"
        )
    return found


class Table:
    """One table of a TOML file, whose entries are asked for one by one; `end` refuses what nobody asked for."""

    def __init__(self, entries: Mapping[str, Any], place: str) -> None:
        self._entries = dict(entries)
        self._place = place

    def has(self, name: str) -> bool:
        return name in self._entries

    def drop(self, name: str) -> None:
        """Pass over an entry, if it is there."""
        self._entries.pop(name, None)

    def text(self, name: str) -> str:
        value = self._take(name)
        if not isinstance(value, str):
            raise self._wrong(name, value, "a text in quotes")
        return value

    def number(self, name: str) -> float:
        value = self._take(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(name, value, "a number")
        return float(value)

    def whole(self, name: str) -> int:
        value = self._take(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._wrong(name, value, "a whole number")
        return value

    def truth(self, name: str) -> bool:
        value = self._take(name)
        if not isinstance(value, bool):
            raise self._wrong(name, value, "true or false")
        return value

    def triple(self, name: str) -> Triple:
        """Three numbers, or one that holds for all channels."""
        value = self._take(name)
        values = value if isinstance(value, list) else [value] * 3
        if len(values) != 3 or any(isinstance(v, bool) or not isinstance(v, int | float) for v in values):
            raise self._wrong(name, value, "three numbers, or one for all channels")
        return float(values[0]), float(values[1]), float(values[2])

    def choice(self, name: str, choices: type[Choice]) -> Choice:
        value = self._take(name)
        if not isinstance(value, str) or value not in list(choices):
            raise self._wrong(name, value, " or ".join(choices))
        return choices(value)

    def table(self, name: str) -> "Table":
        value = self._take(name)
        if not isinstance(value, dict):
            raise self._wrong(name, value, "a table")
        return Table(value, f"[{name}]")

    def end(self) -> None:
        if self._entries:
            raise BadEngine(f"{self._place} has {', '.join(sorted(self._entries))}, which no engine has; remove it")

    def _take(self, name: str) -> Any:
        if name not in self._entries:
            raise BadEngine(f"{self._place} has no {name}; state it")
        return self._entries.pop(name)

    def _wrong(self, name: str, value: object, wanted: str) -> BadEngine:
        return BadEngine(f"{name} in {self._place} is {str(value)[:60]!r}; it must be {wanted}")


def model_file(table: Table) -> ModelFile:
    return ModelFile(table.text("sha256"), table.whole("size"), table.text("source"))


def _joined(top: Table) -> Joined:
    parts = []
    for place in ("first", "second"):
        table = top.table(place)
        parts.append(Part(table.text("name"), table.text("version"), table.whole("dimension")))
        table.end()
    return Joined(top.text("name"), top.text("notes"), top.text("added"), (parts[0], parts[1]), top.number("weight"))


def _brought(top: Table, kind: str) -> Brought:
    if kind not in list(Kind):
        raise BadEngine(f"kind is {kind[:40]!r}; it must be {', '.join(Kind)} or {_JOINED}")
    model, pixels, output, detector = (top.table(name) for name in ("model", "input", "output", "detector"))
    by = detector.choice("kind", DetectorKind)
    found = Brought(
        name=top.text("name"),
        kind=Kind(kind),
        licence=top.text("licence"),
        notes=top.text("notes"),
        added=top.text("added"),
        model=model_file(model),
        pixels=Pixels(
            channels=pixels.choice("channels", Channels),
            layout=pixels.choice("layout", Layout),
            top=pixels.number("top"),
            mean=pixels.triple("mean"),
            std=pixels.triple("std"),
        ),
        output=Output(
            name=output.text("name"),
            dimension=output.whole("dimension"),
            metric=output.choice("metric", Metric),
            mirror=output.truth("mirror"),
        ),
        detector=Detector(by, model_file(detector) if by is DetectorKind.YUNET else None),
    )
    for table in (model, pixels, output, detector):
        table.end()
    return found


def _fields(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _lines(entries: Mapping[str, Any]) -> Iterator[str]:
    for name, value in entries.items():
        if is_dataclass(value) or isinstance(value, dict):
            yield f"\n[{name}]"
            yield from _lines(value if isinstance(value, dict) else _fields(value))
        else:
            yield f"{name} = {_written(value)}"


def _written(value: object) -> str:
    if isinstance(value, str):
        # TOML's basic strings are JSON's, as long as all characters are printable, which manifests see to.
        return json.dumps(str(value), ensure_ascii=False)
    if isinstance(value, tuple):
        return f"[{', '.join(_written(each) for each in value)}]"
    return json.dumps(value)
