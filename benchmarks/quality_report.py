"""The tables of ``python -m benchmarks quality``."""

from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.quality_figures import DISCARDED


def show(found: dict[str, Any]) -> None:
    """Print what was found; its shape is that of the raw results."""
    console = Console(width=180)
    table = Table(title="AUC for a missed search, people held out (95 % interval over people)")
    parts = found["prediction"]
    for heading in ("searches", "n", "missed", *next(iter(parts.values()))["auc"]):
        table.add_column(heading)
    for name, part in parts.items():
        shown = [f"{each['auc']:.3f} ({each['low']:.3f}-{each['high']:.3f})" for each in part["auc"].values()]
        table.add_row(name, str(part["searches"]), f"{part['missed']:.3f}", *shown)
    console.print(table)
    table = Table(title="Share missed when the worst are left out, people held out")
    for heading in ("searches", "by", *(f"{share:.0%}" for share in DISCARDED)):
        table.add_column(heading)
    for name, part in parts.items():
        for which, shares in {**part["discard"], "if exactly the missed were": part["perfect"]}.items():
            table.add_row(name, which, *(f"{shares[str(share)]:.3f}" for share in DISCARDED))
    console.print(table)
    table = Table(title="Kinds of damage, all people")
    for heading in ("kind", "n", "missed", "unfit", "poor", "missed of the unfit"):
        table.add_column(heading)
    for kind, row in found["kinds"].items():
        table.add_row(kind, str(row["searches"]), *(f"{value:.3f}" for value in list(row.values())[1:]))
    console.print(table)
    console.print("the mate's score by logit(overall / 100)", found["mates"])
    for split, result in found["sets"].items():
        console.print(split, result)
