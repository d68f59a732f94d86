"""Charts: what is drawn is what the numbers say, and it can be heard, escaped and coloured from outside."""

import re
from xml.etree import ElementTree as Tree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.charts.axis import Axis, round_ticks
from matcher.charts.bars import lying, standing
from matcher.charts.lines import lines
from matcher.charts.plot import Plot, Series

ROUGH = '<b class="x">&"'
COUNTS = st.lists(st.integers(0, 100_000), min_size=1, max_size=9)


def plot(*values: list[float | None], names: list[str] | None = None, **given: str) -> Plot:
    named = names or [f"name {place}" for place in range(len(values[0]))]
    series = [Series(f"series {place}", one, colour=place + 1) for place, one in enumerate(values)]
    text = {"title": "a title", "description": "what is to be seen", **given}
    return Plot("it", text["title"], text["description"], named, series, lambda value: f"{value:g}")


def boxes(svg: str, colour: int = 1) -> list[dict[str, str]]:
    return [one.attrib for one in Tree.fromstring(svg).iter("rect") if one.attrib["class"] == f"series-{colour}"]


@given(COUNTS)
def test_bars_are_as_long_as_their_numbers(counts: list[int]) -> None:
    for svg, side in ((lying(plot(list(counts))), "width"), (standing(plot(list(counts))), "height")):
        found = [float(one[side]) for one in boxes(svg)]
        drawn = [count for count in counts if count]
        assert len(found) == len(drawn)
        for length, count in zip(found, drawn, strict=True):
            assert length == pytest.approx(count * max(found) / max(drawn), abs=0.11)


def test_stacked_bars_follow_each_other() -> None:
    upright = standing(plot([10, 20], [30, 0]), stacked=True)
    # The first of each colour stands in the legend.
    lower, upper = boxes(upright)[1], boxes(upright, 2)[1]
    assert float(upper["y"]) + float(upper["height"]) == pytest.approx(float(lower["y"]), abs=0.11)
    assert upper["x"] == lower["x"]
    flat = lying(plot([10, 20], [30, 0]))
    before, after = boxes(flat)[1], boxes(flat, 2)[1]
    assert float(before["x"]) + float(before["width"]) == pytest.approx(float(after["x"]), abs=0.11)
    assert [one.text for one in Tree.fromstring(flat).iter("text") if one.attrib["class"] == "chart-value"] == [
        "40",
        "20",
    ]


def test_a_chart_is_heard_and_nothing_in_it_is_html() -> None:
    made = plot([1, 2], names=[ROUGH, "b"], title=ROUGH, description=ROUGH)
    axis = Axis(ROUGH, 0, 1, [(0, ROUGH)])
    for svg in (lying(made), standing(made), lines(made, axis, Axis("", 0, 2, []), [0, 1])):
        tree = Tree.fromstring(svg)
        assert tree.attrib["role"] == "img"
        named = {one.attrib.get("id"): one.text for one in tree.iter()}
        assert named[tree.attrib["aria-labelledby"]] == named[tree.attrib["aria-describedby"]] == ROUGH
        # A style attribute or a colour would be refused by the pages' policy, or stay light in the dark.
        assert not re.search(r"style=|fill=|stroke=|#[0-9a-f]{3}", svg)


def test_lines_break_where_a_number_is_missing() -> None:
    made = plot([1, 2, None, 3, 4])
    svg = lines(made, Axis("", 0, 4, []), Axis("", 0, 4, []), [0, 1, 2, 3, 4])
    tree = Tree.fromstring(svg)
    assert [len(one.attrib["points"].split()) for one in tree.iter("polyline")] == [2, 2]
    assert len(list(tree.iter("circle"))) == 4
    assert made.table()[2] == ("name 2", ["–"])  # noqa: RUF001


@given(st.floats(1e-6, 1e9), st.booleans())
def test_ticks_are_round_few_and_reach_the_top(highest: float, whole: bool) -> None:
    ticks = round_ticks(highest, whole=whole)
    assert ticks[0] == 0
    assert ticks[-1] >= highest * (1 - 1e-9)
    assert 2 <= len(ticks) <= 7
    assert not whole or all(tick == int(tick) for tick in ticks)


def test_numbers_that_do_not_fit_their_names_are_refused() -> None:
    with pytest.raises(ValueError, match="3 values for 2 names"):
        plot([1, 2, 3], names=["a", "b"])
    with pytest.raises(ValueError, match="colour 9"):
        Series("x", [1], colour=9)
