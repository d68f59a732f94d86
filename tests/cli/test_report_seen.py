"""The report of a backlog as whoever opens it sees it: in a browser, from the disk, without any service."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from matcher.drawn import DemoSet
from tests.browsing.parts import Theme, Watched, chromium
from tests.cli.parts import Shell, read_csv

pytestmark = pytest.mark.long


@pytest.fixture
def out(asking: Shell, drawn: DemoSet, tmp_path: Path) -> Path:
    assert asking("backlog", drawn.backlog, "--out", tmp_path / "out", "--top", 4).code == 0
    return tmp_path / "out"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_shows_every_case_with_its_candidates_and_asks_nobody(out: Path, theme: Theme) -> None:
    with chromium() as browser:
        seen = Watched(browser, out.as_uri(), theme=theme)
        page = seen.go("/report.html")
        for case in {row["case_id"] for row in read_csv(out / "candidates.csv")}:
            expect(page.get_by_role("region", name=f"Case {case}")).to_be_visible()
        pictures = page.locator("img")
        # Lazy ones load when they come into view.
        for place in range(pictures.count()):
            pictures.nth(place).scroll_into_view_if_needed()
            expect(pictures.nth(place)).not_to_have_js_property("naturalWidth", 0)
        assert pictures.count() > 8
        seen.must_let_everybody_in(f"report-{theme}")
        seen.close()
