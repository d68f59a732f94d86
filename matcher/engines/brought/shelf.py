"""The engines in the data folder: a manifest for each name, and models under their SHA-256.

::

    <home>/engines/<name>.toml           the manifest
    <home>/engines/models/<sha256>.onnx  a model; several engines may share one
"""

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from matcher.engines.brought.manifest import Brought, Joined, Manifest, ModelFile, checked_name
from matcher.engines.brought.toml import from_toml, to_toml
from matcher.errors import BadEngine, EngineUnavailable

MOST_BYTES = 1 << 30
"""Of a model file. The largest face networks have about 300 MB."""


class Shelf:
    """The brought and joined engines of one home. Makes nothing until something is kept."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "engines"
        self._models = self._folder / "models"

    def names(self) -> tuple[str, ...]:
        """The names of all engines here, in order."""
        try:
            return tuple(sorted(path.stem for path in self._folder.glob("*.toml") if self.has(path.stem)))
        except OSError:
            return ()

    def has(self, name: str) -> bool:
        # What is no name can be no file here either, and must not be looked up as a path.
        try:
            return self._manifest(checked_name(name)).is_file()
        except (BadEngine, OSError):
            return False

    def manifest(self, name: str) -> Manifest:
        """What an engine is; raises EngineUnavailable where it is not here, or its manifest was changed."""
        if not self.has(name):
            raise EngineUnavailable(f"there is no engine {name[:50]!r} in this home; matcher engines list shows them")
        place = self._manifest(name)
        try:
            found = from_toml(place.read_text(encoding="utf-8"))
        except BadEngine as exc:
            raise EngineUnavailable(f"{place}: {exc}") from exc
        except (OSError, UnicodeDecodeError) as exc:
            raise EngineUnavailable(f"{place} can't be read ({exc}); restore it, or add the engine again") from exc
        if found.name != name:
            raise EngineUnavailable(f"{place} is the manifest of {found.name}; give the file its own name back")
        return found

    def model(self, file: ModelFile) -> bytes:
        """A model's bytes, after comparing their checksum; raises EngineUnavailable."""
        place = self.model_path(file)
        try:
            content = read_model(place)
        except (OSError, BadEngine) as exc:
            raise EngineUnavailable(f"the model {place} can't be read ({exc}); {_again(file)}") from exc
        digest = hashlib.sha256(content).hexdigest()
        if digest != file.sha256:
            raise EngineUnavailable(f"the model {place} was changed, its sha256 is {digest}; {_again(file)}")
        return content

    def model_path(self, file: ModelFile) -> Path:
        return self._models / f"{file.sha256}.onnx"

    def keep_model(self, content: bytes, source: str) -> ModelFile:
        """Copy a model here; raises OSError."""
        file = ModelFile(hashlib.sha256(content).hexdigest(), len(content), source)
        self._models.mkdir(parents=True, exist_ok=True)
        try:
            self.model(file)
        except EngineUnavailable:
            # Missing, or altered since: written anew.
            _write(self.model_path(file), content)
        return file

    def keep(self, manifest: Manifest) -> Path:
        """Write a manifest; where it is now. Raises BadEngine where another engine has the name, and OSError."""
        place = self._manifest(manifest.name)
        self._folder.mkdir(parents=True, exist_ok=True)
        text = to_toml(manifest)
        if from_toml(text) != manifest:
            raise BadEngine(f"the manifest of {manifest.name} can't be written as TOML; use plain texts")
        try:
            # Fails where the name is taken, so of two that add at once one is told.
            with place.open("x", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError as exc:
            raise BadEngine(
                f"there is an engine {manifest.name} already; choose another name, or remove that one with matcher "
                f"engines remove {manifest.name}"
            ) from exc
        return place

    def joined_of(self, name: str) -> tuple[str, ...]:
        """The joined engines here that have this one as a part; those that can't be read are passed over."""
        found = []
        for other in self.names():
            with suppress(EngineUnavailable):
                manifest = self.manifest(other)
                if isinstance(manifest, Joined) and name in {part.name for part in manifest.parts}:
                    found.append(other)
        return tuple(found)

    def remove(self, name: str) -> None:
        """Forget an engine, and its models unless another one has them; raises EngineUnavailable, OSError."""
        files = self._files(name)
        place = self._manifest(name)
        if not place.is_file():
            raise EngineUnavailable(f"there is no engine {name!r} in this home; matcher engines list shows them")
        place.unlink()
        others = [self._files(other) for other in self.names()]
        if files is None or None in others:
            # Whose models are whose can't be told where a manifest can't be read; they stay.
            return
        kept = {file.sha256 for known in others for file in known or ()}
        for file in files:
            if file.sha256 not in kept:
                self.model_path(file).unlink(missing_ok=True)

    def _files(self, name: str) -> tuple[ModelFile, ...] | None:
        """The models of an engine; None where its manifest can't be read, which must not hinder removing it."""
        try:
            manifest = self.manifest(name)
        except EngineUnavailable:
            return None
        if not isinstance(manifest, Brought):
            return ()
        return tuple(file for file in (manifest.model, manifest.detector.model) if file)

    def _manifest(self, name: str) -> Path:
        return self._folder / f"{checked_name(name)}.toml"


def read_model(path: Path) -> bytes:
    """A model file's bytes; raises OSError, and BadEngine for what is too large or no file."""
    if path.exists() and not path.is_file():
        raise BadEngine(f"{path} is not a file; give the .onnx file")
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise BadEngine(f"{path.name} has more than {MOST_BYTES >> 20:,} MiB; that is no network for faces")
    return content


def _again(file: ModelFile) -> str:
    return f"restore {file.source}, or remove the engine and add it again with matcher engines add"


def _write(place: Path, content: bytes) -> None:
    """Whole or not at all, and durably."""
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        Path(name).replace(place)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
