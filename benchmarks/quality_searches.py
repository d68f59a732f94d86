"""Searches with photos as they are and with worse copies: how each ended, and what was measured of the photo."""

import tempfile
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.quality_damage import DAMAGES
from benchmarks.quality_scene import Pixels, Scene
from matcher.build import open_matcher
from matcher.engines.base import Engine
from matcher.engines.networks import Precision
from matcher.engines.opening import DLIB_RESNET, open_engine
from matcher.evaluation.plan import Entry, Kind, Plan
from matcher.identification import Identification
from matcher.person import Person
from matcher.photo import Photo, decode
from matcher.pipeline import reference_photo
from matcher.preparing import PreparedPhoto, prepare_decoded
from matcher.quality import Appraiser, Landmarks
from matcher.records.values import Enrolment
from matcher.settings import load_settings

AS_IT_IS = "none"
_DEPTH = 100
_BATCH = 64


@dataclass(frozen=True, slots=True)
class Copy:
    """A photo of the list as it is (damage "none") or made worse, prepared."""

    entry: Entry
    damage: str
    prepared: PreparedPhoto


@dataclass(frozen=True, slots=True)
class Sought:
    """One search. mate: the mate's score, -inf where it is not among the first 100; stranger: the best other score."""

    copy: Copy
    mate: float
    stranger: float


class _Work:
    """What a worker process keeps: its engine, and what measures quality."""

    engine: Engine
    appraiser: Appraiser
    landmarks: Landmarks


def copies(plan: Plan, *, damages: int, non_mated_damages: int, workers: int) -> list[Copy]:
    """Every photo of the list, and of each probe so many worse copies, of kinds chosen by the photo's name."""
    counts = {Kind.GALLERY: 0, Kind.MATED: damages, Kind.NON_MATED: non_mated_damages}
    tasks = [(entry, counts[entry.kind]) for entry in (*plan.gallery, *plan.probes)]
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=_start) as pool:
        return [copy for found in pool.map(_copies, tasks, chunksize=4) for copy in found]


def searches(made: Sequence[Copy]) -> list[Sought]:
    """Enroll the gallery's photos in a home of its own, and search with every other one, whatever its quality."""
    enrolled = [
        Enrolment(Person(copy.entry.person_id), [reference_photo(copy.prepared, None)])
        for copy in made
        if copy.entry.kind is Kind.GALLERY and copy.prepared.template is not None
    ]
    probes = iter([copy for copy in made if copy.entry.kind is not Kind.GALLERY])
    sought = []
    with tempfile.TemporaryDirectory() as home, open_matcher(load_settings(Path(home), engine=DLIB_RESNET)) as matcher:
        matcher.gallery.enroll(enrolled)
        while batch := list(islice(probes, _BATCH)):
            answers = matcher.identify_many([copy.prepared for copy in batch], top=_DEPTH, anyway=True)
            sought += [_sought(copy, answer) for copy, answer in zip(batch, answers, strict=True)]
    return sought


def _start() -> None:
    import cv2

    cv2.setNumThreads(1)
    _Work.engine = open_engine(DLIB_RESNET, cache=None, precision=Precision.AUTO, threads=1)
    _Work.landmarks = Landmarks()
    _Work.appraiser = Appraiser(landmarks=_Work.landmarks)


def _copies(task: tuple[Entry, int]) -> list[Copy]:
    entry, count = task
    photo = decode(Path(entry.path).read_bytes())
    whole = _prepared(photo)
    found = [Copy(entry, AS_IT_IS, whole)]
    if whole.face is None or not count:
        return found
    scene = Scene(photo.pixels, _Work.landmarks.of(photo, whole.face)[1].astype(np.float64))
    for number, damage in _chosen(entry.photo, count):
        random = np.random.default_rng([zlib.crc32(entry.photo.encode()), number])
        found.append(Copy(entry, damage, _prepared(_with(photo, DAMAGES[damage](scene, random)))))
    return found


def _chosen(name: str, count: int) -> Iterator[tuple[int, str]]:
    kinds = list(enumerate(DAMAGES))
    order = np.random.default_rng(zlib.crc32(name.encode())).permutation(len(kinds))[:count]
    return (kinds[place] for place in sorted(order))


def _with(photo: Photo, pixels: Pixels) -> Photo:
    made = np.ascontiguousarray(pixels)
    made.flags.writeable = False
    return replace(photo, pixels=made)


def _prepared(photo: Photo) -> PreparedPhoto:
    return prepare_decoded(_Work.engine, photo, timings={}, appraiser=_Work.appraiser)


def _sought(copy: Copy, answer: Identification) -> Sought:
    mate = next((one for one in answer.candidates if one.person.person_id == copy.entry.person_id), None)
    other = next((one for one in answer.candidates if one.person.person_id != copy.entry.person_id), None)
    return Sought(copy, mate.score if mate else -np.inf, other.score if other else -np.inf)
