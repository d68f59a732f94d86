"""An evaluation's files: the results, every search, what was refused, the charts and the statement."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from matcher.evaluation.plan import Plan
from matcher.evaluation.plots import plots_of
from matcher.evaluation.searches import Search, Standing
from matcher.evaluation.statement import statement_of
from matcher.sources import Refusal, write_refused
from matcher.tables import cell, path_cell, write_table, writing_whole

RESULTS_FILE = "results.json"
SEARCHES_FILE = "searches.csv"
STATEMENT_FILE = "statement.html"
REFUSED_FILE = "refused.csv"
COLUMNS = (
    "line", "photo", "person_id", "probe_kind", "group", "outcome", "code",
    "mate_rank", "mate_score", "mate_false_alarm_probability", "mate_log10_likelihood_ratio",
    "first_is_mate", "first_score", "first_false_alarm_probability", "first_confidence",
)  # fmt: skip


def make_folder(folder: Path) -> None:
    """Make the folder, for its owner alone: it will name people. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def write_all(
    folder: Path, results: Mapping[str, Any], plan: Plan, searches: Sequence[Search], refused: Sequence[Refusal]
) -> None:
    """Write every file, each whole or not at all; files of an evaluation before are replaced. Raises OSError."""
    text = json.dumps(results, indent=1, allow_nan=False) + "\n"
    plots = plots_of(results)
    _write(folder / RESULTS_FILE, text)
    write_table(folder / SEARCHES_FILE, COLUMNS, _rows(searches))
    write_refused(folder / REFUSED_FILE, plan.manifest, refused)
    for name, svg in plots.items():
        _write(folder / name, svg)
    _write(folder / STATEMENT_FILE, statement_of(text, plots))


def _write(path: Path, text: str) -> None:
    with writing_whole(path) as file:
        file.write(text)


def _rows(searches: Sequence[Search]) -> Iterator[tuple[str, ...]]:
    for one in searches:
        mate = _cells(one.mate, "score", "alarm", "log10_lr")
        first = _cells(one.first, "score", "alarm", "confidence")
        yield (
            str(one.line),
            path_cell(one.photo),
            cell(one.person_id),
            "mated" if one.mated else "non-mated",
            cell(one.group),
            one.outcome,
            one.code,
            "" if one.mate is None else str(one.mate.rank),
            *mate,
            "" if one.first is None else str(int(one.right)),
            *first,
        )


def _cells(standing: Standing | None, *names: str) -> tuple[str, ...]:
    values = [None if standing is None else getattr(standing, name) for name in names]
    return tuple("" if value is None else f"{value:.6g}" for value in values)
