"""``python -m benchmarks accuracy``: open-set error rates of the whole product, beside face_recognition.

Takes a CSV ``photo,person_id,role,probe_kind`` (role gallery or probe, probe_kind mated or non-mated; photo paths
relative to it). Enrolls the gallery photos into a real gallery, searches with the probes, and does the same with the
reference engine on the same photos. Every failure counts: a probe without a template is a miss, a gallery photo
without one makes its person's probes misses.
"""

import argparse
import csv
import statistics
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.data import test_data
from benchmarks.environment import keep
from matcher.build import open_matcher
from matcher.engines.base import Engine
from matcher.engines.networks import Precision
from matcher.engines.opening import DLIB_RESNET, FACE_RECOGNITION, open_engine
from matcher.evaluation import MatedSearches, NonMatedSearches, at_fpir, fnir
from matcher.identification import Identification
from matcher.person import Person
from matcher.pipeline import Matcher, reference_photo
from matcher.preparing import PreparedPhoto, prepare
from matcher.records.values import Enrolment
from matcher.settings import load_settings

_COLUMNS = {"photo", "person_id", "role", "probe_kind"}
_SETS = ("lfw_open_set.csv", "portraits_open_set.csv")
_TARGETS = (0.3, 0.1, 0.03, 0.01)
_DEPTH = 100


@dataclass(frozen=True, slots=True)
class _Row:
    path: Path
    person_id: str
    role: str
    mated: bool


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks accuracy", description=__doc__)
    parser.add_argument("csv", type=Path, nargs="*", help="open-set splits; default: those of MATCHER_TEST_DATA")
    parser.add_argument("--engines", nargs="+", default=[DLIB_RESNET, FACE_RECOGNITION])
    parser.add_argument("--precision", type=Precision, default=Precision.AUTO, choices=list(Precision))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("out/benchmarks"), help="folder for the raw results")
    arguments = parser.parse_args(argv)
    splits = arguments.csv or [test_data() / "faces" / name for name in _SETS]
    results = {split.stem: {name: _evaluated(split, name, arguments) for name in arguments.engines} for split in splits}
    _show(results)
    print(f"raw results: {keep('accuracy', {'sets': results}, arguments.out)}")
    return 0


def _read(split: Path) -> list[_Row]:
    with split.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = _COLUMNS - set(reader.fieldnames or ())
        if missing:
            raise SystemExit(f"benchmarks: {split} has no column {', '.join(sorted(missing))}")
        return [
            _Row(split.parent / row["photo"], row["person_id"], row["role"], row["probe_kind"] == "mated")
            for row in reader
        ]


_engine: list[Engine] = []


def _start(name: str, precision: Precision) -> None:
    _engine[:] = [open_engine(name, cache=None, precision=precision, threads=1)]


def _prepare(path: Path) -> PreparedPhoto:
    return prepare(_engine[0], path.read_bytes())


def _evaluated(split: Path, name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    rows = _read(split)
    with ProcessPoolExecutor(
        arguments.workers, get_context("spawn"), initializer=_start, initargs=(name, arguments.precision)
    ) as pool:
        prepared = list(pool.map(_prepare, [row.path for row in rows], chunksize=8))
    with tempfile.TemporaryDirectory() as home:
        settings = load_settings(Path(home), engine=name, precision=arguments.precision)
        with open_matcher(settings) as matcher:
            return _rates(rows, prepared, matcher)


def _rates(rows: Sequence[_Row], prepared: Sequence[PreparedPhoto], matcher: Matcher) -> dict[str, Any]:
    enrolled = [
        Enrolment(Person(row.person_id), [reference_photo(photo, None)])
        for row, photo in zip(rows, prepared, strict=True)
        if row.role == "gallery" and photo.template is not None
    ]
    matcher.gallery.enroll(enrolled)
    probes = [(row, photo) for row, photo in zip(rows, prepared, strict=True) if row.role == "probe"]
    answers = matcher.identify_many([photo for _, photo in probes], top=_DEPTH)
    mated, non_mated = [], []
    for (row, _), answer in zip(probes, answers, strict=True):
        if row.mated:
            mated.append((row.person_id, *_place(answer, row.person_id)))
        else:
            top = answer.candidates[0].score if answer.candidates else -np.inf
            non_mated.append((row.person_id, top))
    searches = MatedSearches.of([m[1] for m in mated], [m[2] for m in mated], people=[m[0] for m in mated])
    strangers = NonMatedSearches.of([n[1] for n in non_mated], people=[n[0] for n in non_mated])
    found = sum(photo.template is not None for photo in prepared)
    return {
        "photos": len(rows),
        "face_found": found / len(rows),
        "gallery": len(enrolled),
        "mated": len(mated),
        "non_mated": len(non_mated),
        "rank_1": 1 - fnir(searches, rank=1).value,
        "rank_20": 1 - fnir(searches, rank=20).value,
        "fnir_at_fpir": {str(target): _point(searches, strangers, target) for target in _TARGETS},
        "ms_per_photo": statistics.fmean(sum(photo.timings.values()) for photo in prepared),
    }


def _place(answer: Identification, person_id: str) -> tuple[float, int]:
    """The mate's score and rank; -inf and 0 where it is not listed."""
    for candidate in answer.candidates:
        if candidate.person.person_id == person_id:
            return candidate.score, candidate.rank
    return -np.inf, 0


def _point(mated: MatedSearches, non_mated: NonMatedSearches, target: float) -> dict[str, float]:
    point = at_fpir(mated, non_mated, target)
    return {"fnir": point.fnir.value, "low": point.fnir_interval.low, "high": point.fnir_interval.high}


def _show(results: dict[str, dict[str, dict[str, Any]]]) -> None:
    table = Table(title="Open-set search, FNIR with its 95 % interval over people")
    for heading in ("set", "engine", "N", "face found", "rank 1", "rank 20", *(f"FPIR {t}" for t in _TARGETS)):
        table.add_column(heading)
    for split, engines in results.items():
        for name, found in engines.items():
            points = [found["fnir_at_fpir"][str(t)] for t in _TARGETS]
            rates = [f"{p['fnir']:.3f} ({p['low']:.3f}-{p['high']:.3f})" for p in points]
            shares = [f"{found[key]:.4f}" for key in ("face_found", "rank_1", "rank_20")]
            table.add_row(split, name, str(found["gallery"]), *shares, *rates)
    Console(width=180).print(table)
