"""Photos that an earlier enrolment refused: recognised by their bytes, so that no run looks at one of them twice.

Only marks are kept, not digests: SHA-256 over a photo's SHA-256 and all that its refusal rests on. So a refusal holds
as long as the bytes, the engine, the limits, the quality's thresholds and the program are the same, and the file says
nothing of photos that are not at hand. It is a convenience: without it photos are looked at again.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from matcher.build import build_appraiser, photo_limits
from matcher.engines.opening import engine_spec
from matcher.settings import Settings

FOLDER = "refused"
_DECIDING = ("engines", "formats", "quality", "photo.py", "preparing.py", "selection.py")
_PACKAGES = ("dlib-bin", "dlib", "numpy", "onnxruntime", "opencv-python-headless", "pillow", "pillow-heif")


@dataclass(frozen=True, slots=True)
class RefusedPhoto:
    """A photo that was looked at and refused: the SHA-256 of its bytes, a code for programs, a reason for people."""

    sha256: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True, repr=False)
class RefusedBefore:
    """What earlier runs refused, fit to be sent to worker processes. under: the conditions; found: mark -> (code,
    reason)."""

    under: str = ""
    found: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def why(self, sha256: str) -> tuple[str, str]:
        """Code and reason of a photo that was refused; both empty for any other."""
        return self.found.get(_mark(self.under, sha256), ("", "")) if self.found else ("", "")


class RefusalFile:
    """The refusals of a home under one table of settings, in a file that its owner alone can read."""

    def __init__(self, settings: Settings) -> None:
        self._under = _conditions(settings)
        name = hashlib.sha256(self._under.encode()).hexdigest()[:32]
        self._path = settings.home / FOLDER / f"{name}.jsonl"
        self._found = dict(_lines(self._path))

    def before(self) -> RefusedBefore:
        """What is refused without a look."""
        return RefusedBefore(self._under, dict(self._found))

    def keep(self, refused: Iterable[RefusedPhoto]) -> None:
        """Remember these too; a refusal under other conditions is forgotten with the first. Raises OSError."""
        new = {_mark(self._under, photo.sha256): (photo.code, photo.reason) for photo in refused}
        new = {mark: why for mark, why in new.items() if mark not in self._found}
        if not new:
            return
        if not self._path.exists():
            self._begin()
        # The line's end comes first as well: a line that a kill has cut then spoils no other.
        lines = "".join(f"\n{json.dumps([mark, *why])}\n" for mark, why in new.items())
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(lines.encode())
        self._found.update(new)

    def _begin(self) -> None:
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        for outdated in self._path.parent.glob("*.jsonl"):
            outdated.unlink(missing_ok=True)


def _lines(path: Path) -> Iterable[tuple[str, tuple[str, str]]]:
    """The refusals in a file; what a kill has cut is left out."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return
    for line in text.split("\n"):
        try:
            mark, code, reason = json.loads(line)
        except (ValueError, TypeError):
            continue
        yield str(mark), (str(code), str(reason))


def _mark(under: str, sha256: str) -> str:
    return hashlib.sha256(f"{under}\n{sha256}".encode()).hexdigest()


def _conditions(settings: Settings) -> str:
    """All that the refusal of a photo's bytes rests on. Raises BadSetting or EngineUnavailable."""
    appraiser = build_appraiser(settings)
    facts = {
        "engine": str(engine_spec(settings.engine, home=settings.home).key),
        "precision": settings.precision.value,
        "limits": asdict(photo_limits(settings)),
        "quality": asdict(appraiser.policy) if appraiser else None,
        "program": _program(),
        "packages": {name: _version(name) for name in _PACKAGES},
    }
    return json.dumps(facts, sort_keys=True)


@cache
def _program() -> str:
    """A digest of the files that decide; a version's number would stay the same from one change to the next."""
    digest, root = hashlib.sha256(), Path(__file__).parent
    for name in _DECIDING:
        place = root / name
        for path in sorted((*place.rglob("*.py"), *place.rglob("*.json"))) if place.is_dir() else [place]:
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
