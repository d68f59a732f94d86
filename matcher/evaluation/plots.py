"""The charts of an evaluation, from its results as JSON has them."""

from collections.abc import Mapping, Sequence
from typing import Any

from matcher.charts.axis import Axis
from matcher.evaluation.svg import COLOURS, SOFT, Chart

_DECADES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
Results = Mapping[str, Any]


def plots_of(results: Results) -> dict[str, str]:
    """File name -> SVG. Charts whose numbers an evaluation does not have are not there."""
    made = {"det.svg": _det(results), "cmc.svg": _cmc(results)}
    if results["predictions"]:
        made["predicted.svg"] = _predicted(results)
    if results["confidence"]:
        made["reliability.svg"] = _reliability(results)
    if results["groups"]:
        made["groups.svg"] = _groups(results)
    return {name: chart.svg() for name, chart in made.items()}


def _det(results: Results) -> Chart:
    rates = results["rates"]
    searches = results["data"]["non_mated_searches"]
    chart = Chart(
        "Misses against false alarms",
        _log_axis("false alarms (FPIR)", 0.7 / searches, 1.0),
        _log_axis("misses (FNIR)", _lowest(rates["at_observed"], results["data"]["mated_searches"]), 1.0),
    )
    curve = rates["det"]
    chart.steps(list(zip(curve["fpir"], curve["fnir"], strict=True)), COLOURS[0])
    for point in rates["at_observed"]:
        missed = point["fnir"]
        chart.dot(point["target"], missed["value"], COLOURS[0], low=missed["low"], high=missed["high"])
    return chart


def _lowest(points: Sequence[Results], mated: int) -> float:
    """Low enough for every interval that does not reach nothing."""
    seen = [float(point["fnir"][name]) for point in points for name in ("value", "low") if point["fnir"][name] > 0]
    return max(min([0.1, *seen]) / 1.3, 0.5 / mated)


def _cmc(results: Results) -> Chart:
    ranks = results["rates"]["ranks"]
    least = min(rank["hit"]["low"] for rank in ranks)
    low = max(0.0, int(least * 20 - 1e-9) / 20)
    marks = [low + (1 - low) * step / 5 for step in range(6)]
    last = len(ranks)
    chart = Chart(
        "Mate among the first R of the list",
        Axis("rank R", 1, max(last, 2), [(rank, str(rank)) for rank in _whole(last)]),
        Axis("share of mated searches", low, 1.0, [(value, f"{value:.2f}") for value in marks]),
    )
    lower, upper = ([(one["rank"], one["hit"][name]) for one in ranks] for name in ("low", "high"))
    chart.band(lower, upper, COLOURS[0])
    chart.line([(one["rank"], one["hit"]["value"]) for one in ranks], COLOURS[0])
    return chart


def _whole(last: int) -> list[int]:
    step = max(1, last // 5)
    return [1, *range(step if step > 1 else 2, last + 1, step)]


def _predicted(results: Results) -> Chart:
    sizes = results["predictions"]
    observed = [point["observed"] for size in sizes for point in size["points"]]
    least = min([0.3, *(one["value"] for one in observed if one["value"])]) / 2
    chart = Chart(
        "False alarms: predicted and observed",
        _log_axis("predicted", min([0.3, *(p["predicted"] for s in sizes for p in s["points"])]) / 1.5, 0.5),
        _log_axis("observed", least, 1.0),
    )
    ends = (chart.x.low, chart.x.high)
    chart.band([(end, end / 1.5) for end in ends], [(end, end * 1.5) for end in ends], SOFT)
    chart.line([(end, end) for end in ends], SOFT, dashed=True)
    for place, size in enumerate(sizes):
        colour = COLOURS[place % len(COLOURS)]
        # Beside one another, or the intervals of the sizes would hide each other.
        aside = 1.08 ** (place - (len(sizes) - 1) / 2)
        for point in size["points"]:
            one = point["observed"]
            chart.dot(point["predicted"] * aside, one["value"], colour, low=one["low"], high=one["high"])
        chart.name(colour, f"{size['people']:,} people")
    chart.name("#e1e4e8", "within a factor of 1.5")
    return chart


def _reliability(results: Results) -> Chart:
    fifths = [(step / 5, f"{step / 5:.1f}") for step in range(6)]
    chart = Chart("Confidence: claimed and observed", Axis("claimed", 0, 1, fifths), Axis("right", 0, 1, fifths))
    chart.line([(0, 0), (1, 1)], SOFT, dashed=True)
    for one in results["confidence"]["bins"]:
        radius = 2 + 8 * one["weight"] ** 0.5
        interval = one["interval"]
        chart.dot(
            one["claimed"],
            one["observed"],
            COLOURS[0],
            low=interval["low"],
            high=interval["high"],
            radius=radius,
        )
    return chart


def _groups(results: Results) -> Chart:
    groups = results["groups"]["groups"]
    highest = max(one[kind]["high"] for one in groups for kind in ("fpir", "fnir"))
    top = min(1.0, (int(highest * 20) + 1) / 20)
    names = [(place, one["group"]) for place, one in enumerate(groups)]
    chart = Chart(
        f"By group, at an FPIR of {results['groups']['overall_fpir']:g} of all together",
        Axis("", -0.5, len(groups) - 0.5, names),
        Axis("rate", 0, top, [(top * step / 5, f"{top * step / 5:.2f}") for step in range(6)]),
    )
    for place, one in enumerate(groups):
        for aside, colour, kind in ((-0.12, COLOURS[1], "fpir"), (0.12, COLOURS[0], "fnir")):
            rate = one[kind]
            if rate["value"] is not None:
                chart.dot(place + aside, rate["value"], colour, low=rate["low"], high=rate["high"])
    chart.name(COLOURS[1], "false alarms")
    chart.name(COLOURS[0], "misses")
    return chart


def _log_axis(title: str, low: float, high: float) -> Axis:
    ticks = [(value, f"{value:g}") for value in _DECADES if low <= value <= high]
    return Axis(title, low, high, ticks, log=True)
