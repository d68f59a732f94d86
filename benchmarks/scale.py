"""``python -m benchmarks scale``: what 1e6 to 1.4e9 people need, computed from measured costs and simulated.

``--write`` puts the tables into docs/scaling.md; ``--measure --database URL`` measures what several replicas cost, on
an empty PostgreSQL database.
"""

import argparse
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.scale_checks import checks
from benchmarks.scale_costs import Costs, load_costs
from benchmarks.scale_sizing import SIZES, Sizing, size

PAGE = Path(__file__).parents[1] / "docs" / "scaling.md"
_GIB = 2**30
# At which sizes it was measured what the figures are computed from.
_SCANS = frozenset({1_000_000, 10_000_000, 100_000_000})
_FLATS = frozenset({10_000_000})
_FILES = frozenset({10_000_000, 100_000_000})


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks scale", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE.name}")
    parser.add_argument("--measure", action="store_true", help="measure the costs of several replicas")
    parser.add_argument("--database", default="", help="with --measure: the URL of an empty PostgreSQL database")
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--out", type=Path, default=Path("out/benchmarks"))
    options = parser.parse_args(argv)
    if options.measure:
        return _measure(options)
    made = tables()
    for name, text in made.items():
        print(f"## {name}\n\n{text}\n")
    if options.write:
        PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), made), encoding="utf-8")
    return 0


def _measure(options: argparse.Namespace) -> int:
    from benchmarks.environment import keep
    from benchmarks.scale_measuring import measure

    if not options.database.startswith("postgresql"):
        print("benchmarks: --measure needs --database postgresql+psycopg://..., an empty database")
        return 2
    print(keep("scale-costs", measure(options), options.out))
    return 0


def tables() -> dict[str, str]:
    """Every table of docs/scaling.md, in Markdown, by its name there."""
    costs = load_costs()
    return {
        "costs": _costs(costs),
        "checks": _checks(costs),
        "sizes": _sizes([size(costs, people) for people in SIZES]),
    }


def filled(page: str, made: Mapping[str, str]) -> str:
    """The page with these tables between its marks; raises KeyError for a mark without a table."""
    return re.sub(
        r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)",
        lambda mark: f"{mark[1]}{made[mark[2]]}\n{mark[3]}",
        page,
        flags=re.S,
    )


def _costs(costs: Costs) -> str:
    rows = [
        (cost.name, f"{cost.value:,.3g}" if cost.value < 1000 else f"{cost.value:,.0f}", cost.unit, cost.file)
        for cost in costs
    ]
    return _table(("measured", "value", "unit", "benchmarks/results/"), rows)


def _checks(costs: Costs) -> str:
    rows = [
        (one.what, f"{one.predicted:,.3g}", f"{one.known:,.3g}", f"{one.ratio:.2f}", one.source)
        for one in checks(costs)
    ]
    return _table(("predicted, then measured", "predicted ms", "measured ms", "ratio", "source"), rows)


def _sizes(found: list[Sizing]) -> str:
    rows = [
        ("replicas", *(f"{one.replicas} (projected)" for one in found)),
        ("index machines", *(_index_machines(one) for one in found)),
        ("scan of the index on a machine, ms", *(f"{one.scan_ms:,.2g} ({_how(one, _SCANS)})" for one in found)),
        ("the same comparing with every vector, ms", *(f"{one.flat_ms:,.3g} ({_how(one, _FLATS)})" for one in found)),
        (
            "index on disk, GiB a machine",
            *(f"{one.index_disk_bytes / _GIB:,.3g} ({_how(one, _FILES)})" for one in found),
        ),
        (
            "index in memory, GiB a machine",
            *(f"{one.index_memory_bytes / _GIB:,.3g} ({_how(one, _FILES)})" for one in found),
        ),
        ("records and a year's audit, GiB", *(f"{one.database_bytes / _GIB:,.3g} (projected)" for one in found)),
        ("kept photos, GiB", *(f"{one.photo_bytes / _GIB:,.3g} (projected)" for one in found)),
        ("wait of a search, median / 99 of 100, ms", *(_wait(one) for one in found)),
        ("searches a second at most", *(f"{one.searches_a_second:,.3g} (projected)" for one in found)),
        ("limited by", *(one.bottleneck for one in found)),
        ("enrolling everyone: photos, core hours", *(f"{one.enroll_core_hours:,.3g} (projected)" for one in found)),
        ("enrolling everyone: writing, hours", *(f"{one.enroll_turn_hours:,.3g} (projected)" for one in found)),
        ("building the indexes, core hours", *(f"{one.build_core_hours:,.2g} (projected)" for one in found)),
    ]
    return _table(("people", *(f"{one.people:.1e}".replace("e+0", "e").replace(".0", "") for one in found)), rows)


def _index_machines(one: Sizing) -> str:
    return f"{one.copies} x {one.shards} (projected)" if one.shards else "none"


def _how(one: Sizing, sizes: frozenset[int]) -> str:
    """Whether a figure was measured at this very size; everything else follows by proportion."""
    return "measured" if one.people in sizes else "projected"


def _wait(one: Sizing) -> str:
    return f"{one.waited.p50:,.0f} / {one.waited.p99:,.0f} (projected)"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
