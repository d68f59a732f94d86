"""Is everything here that is needed, unaltered and in agreement? A finding for each thing, with the remedy."""

import hashlib
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from index.base import IndexDamaged, IndexFault
from matcher.build import Opened, build_engine, open_parts
from matcher.casework.document.keys import COMMAND
from matcher.casework.document.stationery import stationery_of
from matcher.casework.office import open_office
from matcher.checking import Problem
from matcher.engine_choice import has_records
from matcher.engines.opening import engine_spec
from matcher.engines.processor import has_eight_bit_instructions
from matcher.engines.weights import DETECTOR, FACE_NETWORK, FIVE_LANDMARKS, SIXTY_EIGHT_LANDMARKS, weights
from matcher.errors import MatcherError
from matcher.gallery import Gallery
from matcher.large_pages import are_offered
from matcher.preparing import prepare
from matcher.protection import keys
from matcher.records.database import Database
from matcher.reembedding import progress
from matcher.reembedding_report import standing
from matcher.settings import Settings
from matcher.wording import counted, why

PACKAGES = (
    "identity-matcher", "numpy", "faiss-cpu", "onnxruntime", "opencv-python-headless", "dlib-bin", "pillow",
    "pillow-heif", "face_recognition_models", "sqlalchemy", "pyarrow", "fastapi", "uvicorn",
)  # fmt: skip

# SHA-256 of the files in face_recognition_models 0.3.0.
WEIGHTS = {
    FACE_NETWORK: "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    DETECTOR: "4cb19393e2fbaf2b1609a9319ad5386618c886a6234ec1b971f3e87c85d87fe6",
    FIVE_LANDMARKS: "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
    SIXTY_EIGHT_LANDMARKS: "fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f",
}
_LITTLE_SPACE = 512 * 2**20
_LOOKS = 3


class Level(StrEnum):
    OK = "ok"
    REMARK = "remark"
    """Worth knowing; nothing is wrong."""
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what, how it stands, and the remedy where it is a problem."""

    about: str
    level: Level
    message: str


def diagnose(settings: Settings, *, contents: bool = False) -> Iterator[Finding]:
    """Everything that can be looked at, one finding at a time; changes nothing but what opening the records does.

    contents: also read every kept photo and compare its digest; takes minutes with millions of photos.
    """
    yield from _programs()
    yield from _models()
    yield from _engine(settings)
    home = list(_home(settings.home))
    yield from home
    if any(finding.level is Level.PROBLEM for finding in home):
        return
    yield from _disk(settings.home)
    if not has_records(settings):
        message = f"there are none in {settings.home} yet; the first enrolment makes them"
        yield Finding("records", Level.REMARK, message)
        return
    yield from _guarded("records", lambda: _records(settings, contents=contents))


def _programs() -> Iterator[Finding]:
    yield Finding("python", Level.OK, f"{platform.python_version()} on {platform.platform()}, {sys.executable}")
    missing, found = [], []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    yield Finding("packages", Level.OK, ", ".join(found))
    if missing:
        yield Finding("packages", Level.PROBLEM, f"{', '.join(missing)} missing; run scripts/setup")


def _models() -> Iterator[Finding]:
    for name, expected in WEIGHTS.items():
        try:
            path = weights(name)
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
        except (MatcherError, OSError) as exc:
            yield Finding("model", Level.PROBLEM, f"{exc}")
            continue
        if digest == expected:
            yield Finding("model", Level.OK, f"{name} sha256 {digest}")
        else:
            yield Finding(
                "model",
                Level.PROBLEM,
                f"{path} has sha256 {digest}, not {expected}; reinstall face_recognition_models 0.3.0",
            )


def _engine(settings: Settings) -> Iterator[Finding]:
    eight_bit = "has" if has_eight_bit_instructions() else "has no"
    numbers = f"{settings.precision.value}, used as {settings.precision.resolved().value}"
    yield Finding("processor", Level.OK, f"{eight_bit} 8-bit dot products; precision {numbers}")
    if are_offered():
        yield Finding("memory", Level.OK, "the kernel offers large pages")
    else:
        message = "no large pages from the kernel; photos may take several times as long (docs/engines.md)"
        yield Finding("memory", Level.REMARK, message)

    def trial() -> Iterator[Finding]:
        from matcher.drawn import photo_bytes

        prepared = prepare(build_engine(settings), photo_bytes(0, 0))
        key = engine_spec(settings.engine, home=settings.home).key
        if prepared.is_of_one:
            took = sum(prepared.timings.values())
            yield Finding("engine", Level.OK, f"{key} found and embedded a drawn face in {took:.0f} ms")
        else:
            yield Finding("engine", Level.PROBLEM, f"{key} finds no face in a drawn one; reinstall with scripts/setup")

    yield from _guarded("engine", trial)


def _home(home: Path) -> Iterator[Finding]:
    place = home
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        yield Finding("home", Level.PROBLEM, f"{place} is not a folder; name another home with --home")
        return
    try:
        # The only way to know on every file system.
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as exc:
        remedy = "change its rights or name another home with --home"
        yield Finding("home", Level.PROBLEM, f"{place} can't be written ({why(exc)[0]}); {remedy}")
        return
    yield Finding("home", Level.OK, f"{home} is writable")


def _disk(home: Path) -> Iterator[Finding]:
    """Little space is a problem, but nothing that would keep the records from being looked at."""
    place = next(place for place in (home, *home.parents) if place.exists())
    free = shutil.disk_usage(place).free
    if free < _LITTLE_SPACE:
        message = f"{free / 2**20:,.0f} MiB are free, {_LITTLE_SPACE / 2**20:,.0f} are little; free some space"
        yield Finding("disk", Level.PROBLEM, message)
    else:
        yield Finding("disk", Level.OK, f"{free / 2**30:,.1f} GiB are free")


def _records(settings: Settings, *, contents: bool) -> Iterator[Finding]:
    with open_parts(settings) as parts:
        gallery = parts.gallery
        state = gallery.state()
        yield Finding(
            "records",
            Level.OK,
            f"{counted(state.people, 'person', 'people')}, {counted(state.photos, 'photo')}, "
            f"{state.templates:,} of them searchable with {state.engine}; version {state.version}",
        )
        for line in standing(progress(parts.database)):
            yield Finding("engine", Level.OK, line)
        yield from _guarded("encryption", lambda: _encryption(parts.database))
        yield from _guarded("documents", lambda: _document_key(settings, parts.database))
        yield from _guarded("index", lambda: _index(parts))
        problems = _checked(gallery, contents=contents)
        for problem in problems:
            yield Finding("records", Level.PROBLEM, f"{problem.kind.value}: {problem.message}")
        if not problems:
            checked = "records and index agree"
            yield Finding("records", Level.OK, checked + (", every kept photo is unaltered" if contents else ""))


def _document_key(settings: Settings, database: Database) -> Iterator[Finding]:
    """Whether documents could be signed now: the private key is readable by its owner alone, and is the one in use."""
    keys = open_office(database, stationery=stationery_of(settings)).documents.keys
    in_use = next((known for known in keys.known() if known.retired_at is None), None)
    if in_use is None:
        message = f"there is no key to sign documents for consulates with; {COMMAND} makes one"
        yield Finding("documents", Level.REMARK, message)
        return
    keys.private()
    yield Finding("documents", Level.OK, f"documents are signed with the key {in_use.fingerprint[:16]}")


def _encryption(database: Database) -> Iterator[Finding]:
    found = keys.status(database)
    if not found.keys:
        yield Finding(
            "encryption",
            Level.REMARK,
            "photos and templates lie in the home as they are: matcher keys init",
        )
    elif not found.complete:
        waiting = found.waiting_templates + found.waiting_photos
        yield Finding("encryption", Level.REMARK, f"{waiting:,} photos and templates are plain: matcher keys encrypt")
    else:
        yield Finding("encryption", Level.OK, f"photos and templates are encrypted under key {found.master}")


def _index(parts: Opened) -> Iterator[Finding]:
    try:
        whole = ", every file unaltered" if parts.index.verify() else ", in memory"
    except IndexDamaged as exc:
        yield Finding("index", Level.PROBLEM, f"{exc}, with matcher index rebuild")
        return
    stats = parts.index.stats()
    recall = "exact" if stats.exact else f"measured recall {stats.recall:.4f}"
    yield Finding("index", Level.OK, f"{stats.kind}, {counted(stats.entries, 'template')}, {recall}{whole}")


def _checked(gallery: Gallery, *, contents: bool) -> tuple[Problem, ...]:
    """Problems found while others wrote may be two moments compared with each other: then it is looked at again."""
    for _ in range(_LOOKS):
        before = gallery.state().version
        problems = gallery.check(contents=contents)
        if not problems or gallery.state().version == before:
            break
    return problems


def _guarded(about: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """What can't even be looked at is a problem too, not the end of the diagnosis."""
    try:
        yield from look()
    except (MatcherError, IndexFault, OSError) as exc:
        yield Finding(about, Level.PROBLEM, str(exc))
