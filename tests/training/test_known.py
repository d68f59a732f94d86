"""The rates that officers are told are those that the documents say were measured."""

from pathlib import Path

from matcher.training.known import RATES

SCORING = Path(__file__).parents[2] / "docs/scoring.md"


def test_the_machines_rates_are_the_documented_ones() -> None:
    rows = [line.split("|") for line in SCORING.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    for rate in RATES:
        row = next(row for row in rows if row[1].strip() == rate.photos and row[2].strip() == f"{rate.people:,}")
        assert float(row[3]) == rate.first
        # Columns 5 and 7 are FNIR at FPIR 0.1 and 0.01, each with its interval.
        assert float(row[5].split("(")[0]) == rate.missed
        assert float(row[7].split("(")[0]) == rate.missed_strictly
