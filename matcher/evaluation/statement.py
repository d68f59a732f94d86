"""The accuracy statement: two pages for people who are no engineers, every figure taken from the results."""

import hashlib
import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

from matcher.evaluation.wording import of_a_hundred, one_in, with_range
from matcher.wording import counted

_SHOWN_TARGETS = (0.1, 0.03, 0.01)
_SHOWN_GROUPS = 5
_SHOWN_SIZES = 3
_REASONS = {
    "no_face": "no face found",
    "several_faces": "several faces of similar size",
    "quality": "too poor a photo",
}


def statement_of(results_json: str, plots: Mapping[str, str]) -> str:
    """The statement as one HTML page that needs nothing else and prints on two sheets of A4.

    results_json: the text of the results file, whose digest the statement names. plots: file name -> SVG.
    """
    from jinja2 import Environment, StrictUndefined

    results: dict[str, Any] = json.loads(results_json)
    jinja = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    jinja.filters |= {"words": with_range, "share": of_a_hundred, "one_in": one_in, "counted": counted}
    page = resources.files(__package__).joinpath("statement.html").read_text(encoding="utf-8")
    return jinja.from_string(page).render(
        r=results,
        plots=plots,
        # The rule of three: what would go unseen in this many searches of different people 5 times in 100.
        least=min(1.0, 3 / results["data"]["non_mated_people"]),
        digest=hashlib.sha256(results_json.encode("utf-8")).hexdigest(),
        points=_points(results),
        sizes=_sizes(results),
        groups=_groups(results),
        refused=_reasons(results["gallery"]["reasons"]),
        unread=_reasons(results["rates"]["reasons"]),
    )


def _points(results: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The operating points to show: the customary ones and the operator's own."""
    rates = results["rates"]
    found = rates["as_asked"] or rates["at_observed"]
    wanted = {*_SHOWN_TARGETS, results["product"]["target_fpir"]}
    return [point for point in found if point["target"] in wanted]


def _sizes(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Predictions at a tenth by size, the largest ones; only where enough false alarms were expected to tell."""
    found = []
    for size in results["predictions"]:
        points = [point for point in size["points"] if point["predicted"] == 0.1]
        found += [{"people": size["people"], **point} for point in points if 0.1 * point["observed"]["trials"] >= 5]
    return found[-_SHOWN_SIZES:]


def _groups(results: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The groups to show, those with the most false alarms first; of many the first few, and the last."""
    if not results["groups"]:
        return []
    ordered = sorted(results["groups"]["groups"], key=lambda one: (-one["fpir"]["value"], one["group"]))
    return ordered if len(ordered) <= _SHOWN_GROUPS else [*ordered[: _SHOWN_GROUPS - 1], ordered[-1]]


def _reasons(counts: Mapping[str, int]) -> str:
    """Codes and their counts in words."""
    return ", ".join(f"{count:,} {_REASONS.get(code, code.replace('_', ' '))}" for code, count in counts.items())
