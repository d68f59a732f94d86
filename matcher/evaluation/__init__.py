"""How well the search works, from arrays alone: error rates, their intervals, and how honest the confidences are.

Words as in ISO/IEC 19795-1:2021 and NIST FRTE 1:N (NISTIR 8271). A *mated* search is one whose person is in the
gallery, a *non-mated* search one whose person is not. Errors are ``ValueError`` with the value and the remedy.
"""

from matcher.evaluation.groups import GroupRate, WorstToBest, group_rates, worst_to_best
from matcher.evaluation.honesty import (
    Reliability,
    calibrate_by_pav,
    cllr,
    cllr_min,
    expected_calibration_error,
    reliability,
)
from matcher.evaluation.intervals import (
    Interval,
    Rate,
    Share,
    people_share,
    people_weights,
    percentile_interval,
    wilson,
    wilson_share,
)
from matcher.evaluation.openset import (
    Det,
    MatedSearches,
    NonMatedSearches,
    OperatingPoint,
    at_fpir,
    cmc,
    det,
    fnir,
    fpir,
    threshold_for_fpir,
)

__all__ = [
    "Det",
    "GroupRate",
    "Interval",
    "MatedSearches",
    "NonMatedSearches",
    "OperatingPoint",
    "Rate",
    "Reliability",
    "Share",
    "WorstToBest",
    "at_fpir",
    "calibrate_by_pav",
    "cllr",
    "cllr_min",
    "cmc",
    "det",
    "expected_calibration_error",
    "fnir",
    "fpir",
    "group_rates",
    "people_share",
    "people_weights",
    "percentile_interval",
    "reliability",
    "threshold_for_fpir",
    "wilson",
    "wilson_share",
    "worst_to_best",
]
