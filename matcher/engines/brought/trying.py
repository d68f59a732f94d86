"""An engine tried in a process of its own before it is taken: a file that ends the process or runs for ever ends that.

Drawn faces are found and embedded. Refused is a network that answers with no numbers, with the same ones for everybody,
with others each time, or with others for two faces at once than for each alone.
"""

import dataclasses
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matcher.engines.base import Engine
from matcher.engines.brought.engine import BroughtEngine, Models
from matcher.engines.brought.inspecting import Facts, inspected
from matcher.engines.brought.manifest import Brought
from matcher.engines.brought.network import open_session, run
from matcher.engines.networks import Precision
from matcher.errors import BadEngine, EngineUnavailable
from matcher.photo import Photo
from matcher.workers import Crew, Lost

_PATIENCE = 180.0
_MEMORY = 12 << 30
"""Bytes of address space for the trial of a network, which needs a good deal more of it than of memory."""
_PEOPLE = 6
_SAME = 1e-3
_ALIKE = 1 - 1e-4


@dataclass(frozen=True, slots=True)
class Looked:
    """What a file is. dimensions: how many numbers each output has for one face; 0 for what is no vector."""

    facts: Facts
    dimensions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """How the trial went. nearest: of so many drawn people, how many a second picture was nearest to."""

    nearest: int
    people: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a file can't serve."""

    reason: str


@dataclass(frozen=True, slots=True)
class LookTask:
    """Say what a file is, without and then by running it once."""

    content: bytes


@dataclass(frozen=True, slots=True)
class TryTask:
    """Embed drawn faces. networks: where the program's own networks are kept."""

    manifest: Brought
    models: Models
    networks: Path


Task = LookTask | TryTask
Answer = Looked | Tried | Refused


def look(content: bytes) -> Looked:
    """What a network is, found out in a process of its own; raises BadEngine."""
    answer = _asked(LookTask(content))
    if not isinstance(answer, Looked):
        raise BadEngine("the trial of the model gave no answer; try again")
    return answer


def try_engine(manifest: Brought, models: Models, *, networks: Path) -> Tried:
    """How an engine does on drawn faces, in a process of its own; raises BadEngine."""
    answer = _asked(TryTask(manifest, models, networks))
    if not isinstance(answer, Tried):
        raise BadEngine("the trial of the engine gave no answer; try again")
    return answer


def _asked(task: Task) -> Answer:
    with Crew[Task, Answer](_prepared, workers=1, patience=_PATIENCE) as crew:
        (answer,) = list(crew.run([task]))
    if isinstance(answer, Lost):
        raise BadEngine(f"the model can't be run: {answer.reason}; export it again, or use another")
    if isinstance(answer, Refused):
        raise BadEngine(answer.reason)
    return answer


def _prepared() -> Callable[[Task], Answer]:
    if sys.platform == "linux":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = _MEMORY if hard == resource.RLIM_INFINITY else min(_MEMORY, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    return _answer


def _answer(task: Task) -> Answer:
    try:
        return looked(task.content) if isinstance(task, LookTask) else tried(task)
    except (BadEngine, EngineUnavailable) as exc:
        return Refused(str(exc))


def looked(content: bytes) -> Looked:
    """As `look`, in this process; raises BadEngine or EngineUnavailable, if the file lets it."""
    facts = inspected(content)
    session = open_session(content, threads=1)
    shape = (1, 3, 112, 112) if facts.layout == "nchw" else (1, 112, 112, 3)
    outputs = run(session, facts.input, np.zeros(shape, np.float32), list(facts.outputs))
    return Looked(facts, tuple(output.size if _is_vector(output) else 0 for output in outputs))


def _is_vector(output: NDArray[np.float32]) -> bool:
    """One row of numbers for the one face, maybe with axes of length 1 behind it."""
    shape = tuple(np.shape(output))
    return len(shape) >= 2 and shape[0] == 1 and output.dtype == np.float32 and max(shape) == output.size


def tried(task: TryTask) -> Tried:
    """As `try_engine`, in this process; raises BadEngine or EngineUnavailable, if the engine lets it."""
    from matcher.drawn import draw

    engine = BroughtEngine(task.manifest, task.models, own=cache(partial(_own, task.networks)), threads=1)
    photos = [Photo(draw(person, number), "0" * 64, "drawn") for person in range(_PEOPLE) for number in (0, 1)]
    vectors = np.concatenate([_embedded(engine, photo) for photo in photos])
    _refuse_alike(vectors[::2])
    _refuse_moody(engine, photos[0], vectors[0])
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    nearest = int((np.argmax(units[1::2] @ units[::2].T, axis=1) == np.arange(_PEOPLE)).sum())
    return Tried(nearest, _PEOPLE)


def _own(networks: Path) -> Engine:
    from matcher.engines.dlib_resnet import DlibResnetEngine

    return DlibResnetEngine(cache=networks, precision=Precision.AUTO, threads=1)


def _embedded(engine: Engine, photo: Photo) -> NDArray[np.float32]:
    faces = engine.detect(photo)
    if not faces:
        raise BadEngine("the detector finds no face in a drawn one; give another --detector, or leave it away")
    return engine.embed(photo, faces[:1])


def _refuse_alike(vectors: NDArray[np.float32]) -> None:
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or (lengths == 0).any():
        raise BadEngine(
            "the network yields zeros or no numbers for a face; see mean, std and top, or use another model"
        )
    units = vectors / lengths
    alike = units @ units.T
    if float(np.where(np.eye(len(units), dtype=np.bool_), 1.0, alike).min()) > _ALIKE:
        raise BadEngine("the network yields the same numbers for every face; it recognises nobody")


def _refuse_moody(engine: Engine, photo: Photo, first: NDArray[np.float32]) -> None:
    """Vectors that depend on chance or on the faces beside, as those of networks that are still set to training."""
    face = engine.detect(photo)[0]
    other = dataclasses.replace(face, landmarks=face.landmarks[::-1].copy())
    again = engine.embed(photo, [face])[0]
    beside = engine.embed(photo, [other, face])[1]
    length = float(np.linalg.norm(first))
    for seen, what in ((again, "each time"), (beside, "when it is given two faces at once")):
        if float(np.linalg.norm(seen - first)) > _SAME * length:
            raise BadEngine(f"the network yields other numbers for one face {what}; export it for inference")
