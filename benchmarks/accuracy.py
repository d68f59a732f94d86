"""``python -m benchmarks accuracy``: the whole product's error rates, beside plain face_recognition on the same photos.

Runs `matcher evaluate` on open-set lists (``photo,person_id,role,probe_kind[,group]``), once for each engine. The
engine face_recognition is taken as its users know it: nearest photo by Euclidean distance, nothing normalised. Gallery
photos with several faces are enrolled by the most prominent one in both. Every failure counts: a probe without a
template is a miss, and so are the probes of a person whose gallery photo gave none.
"""

import argparse
import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.data import test_data
from benchmarks.environment import keep
from benchmarks.plain import plain_searches
from matcher.engines.networks import Precision
from matcher.engines.opening import DLIB_RESNET, FACE_RECOGNITION
from matcher.evaluation.plan import Plan, read_plan
from matcher.evaluation.rates import measure
from matcher.evaluation.results import plain, results_of
from matcher.evaluation.running import SeveralFaces, run
from matcher.settings import Settings, load_settings

_SETS = ("lfw_open_set.csv", "portraits_open_set.csv")
_TARGETS = (0.3, 0.1, 0.03, 0.01)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks accuracy", description=__doc__)
    parser.add_argument("csv", type=Path, nargs="*", help="open-set lists; default: those of MATCHER_TEST_DATA")
    parser.add_argument(
        "--engine", dest="engines", action="append", help=f"may be repeated; default {DLIB_RESNET} {FACE_RECOGNITION}"
    )
    parser.add_argument("--home", type=Path, help="a data folder with brought and joined engines and a calibration")
    parser.add_argument("--precision", type=Precision, default=Precision.AUTO, choices=list(Precision))
    parser.add_argument("--workers", type=int, default=0, help="processes; 0: one a core")
    parser.add_argument("--out", type=Path, default=Path("out/benchmarks"), help="folder for the raw results")
    arguments = parser.parse_args(argv)
    lists = arguments.csv or [test_data() / "faces" / name for name in _SETS]
    plans = {path.stem: read_plan(path) for path in lists}
    engines = arguments.engines or [DLIB_RESNET, FACE_RECOGNITION]
    with _home(arguments.home) as home:
        results = {
            name: {engine: _evaluated(plan, engine, home, arguments) for engine in engines}
            for name, plan in plans.items()
        }
    console = Console(width=200)
    console.print(_errors(results))
    console.print(_promises(results))
    print(f"raw results: {keep('accuracy', {'sets': results}, arguments.out)}")
    return 0


@contextmanager
def _home(given: Path | None) -> Iterator[Path]:
    """The home to read from; without one an empty one, so that no setting of this machine's user plays a part."""
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _evaluated(plan: Plan, engine: str, home: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    settings = load_settings(home, engine=engine, precision=arguments.precision, workers=arguments.workers)
    if engine == FACE_RECOGNITION:
        return _plain(plan, settings)
    return results_of(run(plan, settings, several_faces=SeveralFaces.TAKE), at=datetime.now(UTC))


def _plain(plan: Plan, settings: Settings) -> dict[str, Any]:
    """The part of the results that face_recognition has."""
    searches, people = plain_searches(plan, settings.model_copy(update={"quality": False}), top=settings.top)
    steps = sorted({step for search in searches for step in search.milliseconds})
    means = {step: statistics.fmean(one.milliseconds.get(step, 0.0) for one in searches) for step in steps}
    found: dict[str, Any] = plain(
        {
            "gallery": {"people": people},
            "rates": measure(searches, top=settings.top),
            "predictions": (),
            "confidence": None,
            "likelihood": None,
            "timing": {"milliseconds": {step: {"mean": mean} for step, mean in means.items()}},
        }
    )
    return found


def _errors(results: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table(title="Open-set search: FNIR at these searches' FPIR, with its 95 % interval over people")
    for heading in ("set", "engine", "N", "not acquired", "rank 1", "last rank", *(f"FPIR {t}" for t in _TARGETS)):
        table.add_column(heading)
    for split, engines in results.items():
        for name, found in engines.items():
            rates = found["rates"]
            points = {point["target"]: point["fnir"] for point in rates["at_observed"]}
            shown = [_with_interval(points[target]) if target in points else "-" for target in _TARGETS]
            hits = [f"{rates['ranks'][place]['hit']['value']:.4f}" for place in (0, -1)]
            missing = f"{rates['not_acquired']['value']:.4f}"
            table.add_row(split, name, str(found["gallery"]["people"]), missing, *hits, *shown)
    return table


def _promises(results: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table(title="Promises: observed FPIR over the predicted one, at 0.1 and 0.03; calibration; ms a photo")
    for heading in ("set", "engine", "N: ratio at 0.1, at 0.03", "ECE", "Cllr", "Cllr min", "detect + embed"):
        table.add_column(heading)
    for split, engines in results.items():
        for name, found in engines.items():
            ratios = [
                f"{size['people']}: {', '.join(_ratios(size['points'], (0.1, 0.03)))}" for size in found["predictions"]
            ]
            belief, ratio = found["confidence"], found["likelihood"]
            spent = found["timing"]["milliseconds"]
            table.add_row(
                split,
                name,
                "\n".join(ratios) or "-",
                "-" if belief is None else f"{belief['ece']:.3f} ({belief['low']:.3f}-{belief['high']:.3f})",
                "-" if ratio is None else f"{ratio['cllr']:.4f}",
                "-" if ratio is None else f"{ratio['cllr_min']:.4f}",
                f"{sum(spent[step]['mean'] for step in ('detect', 'embed') if step in spent):.1f}",
            )
    return table


def _ratios(points: Sequence[Mapping[str, Any]], targets: Sequence[float]) -> list[str]:
    by_target = {point["predicted"]: point["ratio"] for point in points}
    return [f"{by_target[target]:.2f}" if target in by_target else "-" for target in targets]


def _with_interval(figure: Mapping[str, Any]) -> str:
    return f"{figure['value']:.3f} ({figure['low']:.3f}-{figure['high']:.3f})"
