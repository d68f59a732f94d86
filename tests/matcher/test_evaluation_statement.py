"""The statement, its words and its charts: true to the results, and two pages long."""

import copy
import json
import os
import re
import shutil
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import sync_playwright

from matcher.evaluation.pairs import Pairs
from matcher.evaluation.plan import read_plan
from matcher.evaluation.plots import plots_of
from matcher.evaluation.rates import measure
from matcher.evaluation.results import plain, results_of
from matcher.evaluation.running import Run, SeveralFaces
from matcher.evaluation.sizes import SizedSearches
from matcher.evaluation.statement import statement_of
from matcher.evaluation.wording import of_a_hundred, one_in, with_range
from matcher.faces import EngineKey
from matcher.identification import Scoring, SearchedGallery
from matcher.settings import Settings
from matcher.sources import Refusal
from tests.matcher.evaluation_parts import searches
from tests.matcher.scoring_people import ENGINE, calibration

GROUPS = ("women born before 1960", "men born before 1960", "children under fourteen years", "d", "e", "f", "<b>g</b>")


def results(folder: Path, *, calibrated: bool = True, groups: tuple[str, ...] = ("",)) -> dict[str, Any]:
    """Results of searches of nobody."""
    path = folder / "<i>list & more.csv"
    rows = ("a.jpg,ann,gallery,", "b.jpg,ann,probe,mated", "c.jpg,cy,probe,non-mated")
    path.write_text("photo,person_id,role,probe_kind\n" + "\n".join(rows), encoding="utf-8")
    made = searches(400, calibrated=calibrated, groups=groups)
    run = Run(
        plan=read_plan(path),
        settings=Settings(home=folder),
        own_gallery="",
        several_faces=SeveralFaces.REFUSE,
        engine=EngineKey(ENGINE),
        gallery=SearchedGallery(None, 100, 100, 1),
        scoring=Scoring("normalised-1", calibrated, "a note"),
        calibration=calibration() if calibrated else None,
        photo_digests={"a": "00", "b": "01"},
        refused=(Refusal(7, "dan", "d.jpg", "several_faces", "several faces"),),
        searches=made,
        sizes=(SizedSearches(50, 2, (0.5, 0.05, 1.0) * 30, ("a", "b", "c") * 30),) if calibrated else (),
        pairs=Pairs((2.0, 3.0), ("a", "b"), ((-3.0, -2.0),), ("c",)) if calibrated else None,
        seconds={"searching": 1.0},
    )
    return results_of(run, at=datetime(2026, 1, 2, tzinfo=UTC))


def statement(found: dict[str, Any]) -> str:
    return statement_of(json.dumps(found, allow_nan=False), plots_of(found))


class TestWords:
    @pytest.mark.parametrize(
        ("share", "said"),
        [
            (0.221, "about 22 of 100"),
            (0.0096, "about 1 of 100"),
            (0.004, "about 4 of 1,000"),
            (0.00012, "about 1 of 10,000"),
            (0.998, "almost all of 100"),
            (0.0, "none"),
            (1.0, "all"),
            (None, "not known"),
        ],
    )
    def test_a_share_is_a_count(self, share: float | None, said: str) -> None:
        assert of_a_hundred(share) == said

    @given(st.floats(1e-5, 1, exclude_max=True))
    def test_a_count_is_near_its_share(self, share: float) -> None:
        said = of_a_hundred(share)
        if match := re.fullmatch(r"about (\d+) of ([\d,]+)", said):
            count, base = int(match[1]), int(match[2].replace(",", ""))
            # Never off by more than half of a count, and never said as none.
            assert count >= 1
            assert abs(count - share * base) <= 0.5
        else:
            assert said == "almost all of 100"
            assert share > 0.99

    @given(st.floats(0.001, 0.999), st.floats(0, 1), st.floats(0, 1))
    def test_a_range_in_words_is_never_narrower(self, value: float, below: float, above: float) -> None:
        low, high = value * below, value + (1 - value) * above
        said = with_range({"value": value, "low": low, "high": high, "trials": 10})
        match = re.search(r" of ([\d,]+) \(between (\d+) and (\d+)\)", said)
        assert match is not None
        base = int(match[1].replace(",", ""))
        assert int(match[2]) / base <= low
        assert int(match[3]) / base >= high

    def test_none_and_all_leave_room(self) -> None:
        none = {"value": 0.0, "low": 0.0, "high": 0.0332, "trials": 113}
        assert with_range(none) == "none of 113 (up to 4 of 100 can't be excluded)"
        every = {"value": 1.0, "low": 0.967, "high": 1.0, "trials": 113}
        assert with_range(every) == "all 113 (down to 96 of 100 can't be excluded)"
        assert with_range({"value": None, "low": 0.0, "high": 1.0, "trials": 0}) == "not measured"

    def test_targets(self) -> None:
        assert [one_in(target) for target in (0.1, 0.03, 0.01, 0.001)] == [
            "1 in 10",
            "3 in 100",
            "1 in 100",
            "1 in 1,000",
        ]


class TestResults:
    def test_no_number_is_lost_or_invented(self, tmp_path: Path) -> None:
        found = results(tmp_path, groups=("north", "south"))
        assert json.loads(json.dumps(found, allow_nan=False)) == found
        assert found["gallery"]["reasons"] == {"several_faces": 1}
        assert found["product"]["calibration"]["people"] == calibration().source.people
        assert [size["people"] for size in found["predictions"]] == [50, 100]
        assert plain({"a": (float("inf"), float("nan"), 1.5)}) == {"a": [None, None, 1.5]}

    def test_the_same_run_gives_the_same_results(self, tmp_path: Path) -> None:
        first, second = results(tmp_path), results(tmp_path)
        assert {**first, "made": 0} == {**second, "made": 0}


class TestCharts:
    @pytest.mark.parametrize("groups", [("",), GROUPS])
    def test_every_chart_is_whole(self, tmp_path: Path, groups: tuple[str, ...]) -> None:
        plots = plots_of(results(tmp_path, groups=groups))
        assert {"det.svg", "cmc.svg", "predicted.svg", "reliability.svg"} <= set(plots)
        assert ("groups.svg" in plots) == (groups == GROUPS)
        for svg in plots.values():
            root = ET.fromstring(svg)
            across, down = (float(number) for number in root.attrib["viewBox"].split()[2:])
            for dot in root.iter("{http://www.w3.org/2000/svg}circle"):
                assert 0 <= float(dot.attrib["cx"]) <= across
                assert 0 <= float(dot.attrib["cy"]) <= down

    def test_one_search_of_each_kind_is_enough_to_draw(self, tmp_path: Path) -> None:
        rates = plain(measure(searches(2), top=1))
        found = {**results(tmp_path), "rates": rates, "data": {"mated_searches": 1, "non_mated_searches": 1}}
        assert "polyline" in plots_of(found)["cmc.svg"]
        assert rates["at_observed"] == []

    def test_what_is_not_calibrated_is_not_drawn(self, tmp_path: Path) -> None:
        assert set(plots_of(results(tmp_path, calibrated=False))) == {"det.svg", "cmc.svg"}


class TestStatement:
    def test_every_figure_follows_the_results(self, tmp_path: Path) -> None:
        found = results(tmp_path)
        text = statement(found)
        other = copy.deepcopy(found)
        other["rates"]["ranks"][0]["hit"].update(value=0.4321, low=0.4, high=0.5)
        other["rates"]["as_asked"][1]["fpir"].update(value=0.0777, low=0.06, high=0.09)
        changed = statement(other)
        assert "about 43 of 100 (between 40 and 50)" in changed
        assert "about 8 of 100 (between 6 and 9)" in changed
        assert "about 43 of 100" not in text

    def test_names_from_outside_stay_text(self, tmp_path: Path) -> None:
        text = statement(results(tmp_path, groups=("<b>g</b>", "south")))
        assert "<i>list" not in text
        assert "<b>g" not in text
        assert "&lt;i&gt;list &amp; more.csv" in text

    def test_an_engine_without_calibration_is_said_to_have_none(self, tmp_path: Path) -> None:
        text = statement(results(tmp_path, calibrated=False))
        assert "nothing is calibrated for it" in text
        assert "Threshold by the false alarms in this test" in text

    @pytest.mark.long
    def test_too_few_searches_of_a_group_are_no_comparison(self, tmp_path: Path) -> None:
        text = statement(results(tmp_path, groups=GROUPS))
        assert "too few searches to compare the groups" in text
        assert "The list of photos names no groups" in statement(results(tmp_path))

    @pytest.mark.long
    def test_it_prints_on_two_pages_of_a4(self, tmp_path: Path) -> None:
        chromium = os.environ.get("MATCHER_CHROMIUM") or shutil.which("chromium")
        if chromium is None:
            pytest.skip("no Chromium here: install it, or name it in MATCHER_CHROMIUM")
        path = tmp_path / "statement.html"
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page()
            asked: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            for calibrated, groups in ((True, GROUPS), (True, ("",)), (False, ("",))):
                found = results(tmp_path, calibrated=calibrated, groups=groups)
                path.write_text(statement(found), encoding="utf-8")
                page.goto(path.as_uri())
                printed = page.pdf(prefer_css_page_size=True)
                assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 2
                assert re.search(rb"/MediaBox\s*\[0 0 59[45]\.\d+ 84[12]\.\d+\]", printed)
            browser.close()
        assert set(asked) == {path.as_uri()}
