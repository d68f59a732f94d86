"""Rates as a court reads them: so many of a hundred, with what chance leaves open."""

import math
from collections.abc import Mapping
from typing import Any

_BASES = (100, 1_000, 10_000, 100_000)


def of_a_hundred(share: float | None) -> str:
    """A share as a count: "about 22 of 100"; of a larger number where that takes one."""
    if share is None:
        return "not known"
    if share in (0.0, 1.0):
        return "none" if share == 0 else "all"
    base = _base(share)
    count = round(share * base)
    return f"almost all of {base:,}" if count == base else f"about {count} of {base:,}"


def with_range(figure: Mapping[str, Any]) -> str:
    """A figure of the results with its 95 % interval: "about 22 of 100 (between 15 and 35)".

    The ends are rounded away from the middle, so that the range promised is never narrower than the one measured.
    """
    value, low, high = figure["value"], figure["low"], figure["high"]
    if value is None:
        return "not measured"
    if value == 0:
        base = _base(high)
        return f"none of {figure['trials']:,} (up to {math.ceil(high * base)} of {base:,} can't be excluded)"
    if value == 1:
        base = 100 if low <= 0.99 else 1_000
        return f"all {figure['trials']:,} (down to {math.floor(low * base)} of {base:,} can't be excluded)"
    base = _base(value)
    return f"{of_a_hundred(value)} (between {math.floor(low * base)} and {math.ceil(high * base)})"


def one_in(target: float) -> str:
    """A target FPIR: 0.01 is "1 in 100"; what is no round number of searches is said as a count."""
    searches = 1 / target
    if abs(searches - round(searches)) < 1e-6:
        return f"1 in {round(searches):,}"
    base = _base(target)
    return f"{target * base:.3g} in {base:,}"


def _base(share: float) -> int:
    """The smallest base at which the share is at least one."""
    return next((base for base in _BASES if round(share * base) >= 1 and share * base >= 0.95), _BASES[-1])
