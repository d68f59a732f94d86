"""Figures as people and programs read them."""

import pytest

from api.cli.console import rate
from matcher.backlog_table import _probability


@pytest.mark.parametrize(
    ("count", "seconds", "told"), [(5, 20.8, "0.2/s"), (8, 1.4, "5.7/s"), (1000, 37.2, "27/s"), (30_000, 2, "15,000/s")]
)
def test_a_rate_is_never_nothing_where_something_was_done(count: int, seconds: float, told: str) -> None:
    assert rate(count, seconds) == told


@pytest.mark.parametrize(
    ("value", "cell"),
    [(None, ""), (1.0, "1.0"), (0.95123, "0.9512"), (1 - 7e-10, "0.9999999993"), (8.2449e-10, "8.245e-10")],
)
def test_no_probability_in_a_table_is_rounded_to_certainty(value: float | None, cell: str) -> None:
    assert _probability(value) == cell
