"""Statistics, supervision, audit and administration in a real headless Chromium, in both languages, light and dark."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from matcher.accounts.roles import Role
from matcher.casework.case import Claim
from matcher.casework.office import open_office
from matcher.casework.officer import officer
from tests.api.attacks.parts import PASSWORD, Served, guarded
from tests.api.test_page import Seen, browser

__all__ = ["browser"]
PLACES = {
    "supervisor": ("/supervision", "/statistics?confidential=yes", "/statistics/results", "/statistics/officers"),
    "auditor": ("/audit", "/audit/verification", "/statistics/alarms"),
    "administrator": (
        "/administration", "/administration/accounts/officer", "/administration/engines", "/administration/retention",
        "/administration/settings", "/administration/health",
    ),
}  # fmt: skip
OFFICER, SUPERVISOR = officer("account:officer", Role.OFFICER), officer("account:supervisor", Role.SUPERVISOR)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, networks: Path) -> Iterator[Served]:
    """Three cases: one open, one that asks for its lifting, one that was lifted."""
    home = tmp_path_factory.mktemp("offices-seen")
    (home / "networks").symlink_to(networks)
    with guarded(home) as served:
        office = open_office(served.accounts.database)
        for asked in range(3):
            case = office.cases.open(OFFICER, country="CHN", claim=Claim(), custody_date="2026-02-01")
            if asked:
                office.confidentiality.ask_to_lift(OFFICER, case.number, reason="nothing on file", version=case.version)
            if asked > 1:
                version = office.cases.get(SUPERVISOR, case.number).case.version
                office.confidentiality.agree_to_lift(SUPERVISOR, case.number, version=version)
        yield served


@contextmanager
def at(browser: Browser, served: Served, name: str, locale: str, *, width: int = 1280) -> Iterator[Page]:
    """The browser of somebody who is signed in; no page had a fault or asked anybody else."""
    context = browser.new_context(locale=locale, viewport={"width": width, "height": 900})
    page = context.new_page()
    seen = Seen(page)
    page.goto(f"{served.address}/signin")
    page.locator("input[name=name]").fill(name)
    page.locator("input[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".who")).to_have_text(name)
    yield page
    context.close()
    assert seen.faults == []
    assert [url for url in seen.asked if not url.startswith(served.address)] == []


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
@pytest.mark.parametrize("name", PLACES)
@pytest.mark.long
def test_every_place_fits_the_screen_in_both_languages(
    browser: Browser, served: Served, name: str, locale: str
) -> None:
    with at(browser, served, name, locale, width=820) as page:
        for theme, path in zip(("light", "dark") * 3, PLACES[name], strict=False):
            page.emulate_media(color_scheme=theme)
            page.goto(f"{served.address}{path}")
            expect(page.locator("h1")).not_to_be_empty()
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
            weights = "performance.getEntries().reduce((sum, entry) => sum + (entry.encodedBodySize || 0), 0)"
            assert page.evaluate(weights) < 150_000, path


@pytest.mark.long
def test_charts_have_colours_that_follow_the_theme(browser: Browser, served: Served) -> None:
    with at(browser, served, "supervisor", "en-GB") as page:
        page.goto(f"{served.address}/statistics?confidential=yes&since=2026-01-01&until=2099-01-01")
        bar = page.get_by_role("img", name="Where the cases stand").locator("rect").first
        colours = set()
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            colours.add(bar.evaluate("bar => getComputedStyle(bar).fill"))
        assert len(colours) == 2
        assert "rgb(0, 0, 0)" not in colours
        expect(page.get_by_role("row", name="open 3")).to_be_visible()


@pytest.mark.long
def test_a_supervisor_lifts_protection_by_keyboard(browser: Browser, served: Served) -> None:
    with at(browser, served, "supervisor", "zh-CN") as page:
        page.goto(f"{served.address}/supervision")
        page.get_by_role("button", name="同意解除").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_contain_text("的保护已解除")
        expect(page.get_by_text("没有人提出。")).to_be_visible()


@pytest.mark.long
def test_an_auditor_verifies_and_follows(browser: Browser, served: Served) -> None:
    with at(browser, served, "auditor", "en-GB") as page:
        page.get_by_role("link", name="Audit").click()
        page.get_by_label("What was done").select_option("case_changed")
        page.get_by_role("button", name="Search").click()
        page.locator("a[href^='/audit/cases/']").last.click()
        expect(page.locator(".steps li").first).to_contain_text("Opened")
        page.get_by_role("link", name="Verify").click()
        page.get_by_role("button", name="Verify", exact=True).click()
        expect(page.get_by_role("heading", name="The audit is whole")).to_be_visible()


@pytest.mark.long
def test_an_administrator_adds_an_account_that_can_sign_in(browser: Browser, served: Served) -> None:
    with at(browser, served, "administrator", "en-GB") as page:
        page.get_by_role("link", name="Administration").click()
        page.get_by_label("Name", exact=True).fill("mei")
        page.get_by_label("Officer").check()
        page.get_by_role("button", name="Add").click()
        secret = page.locator("#secret").inner_text()
        page.get_by_role("link", name="I have it").click()
        expect(page.get_by_role("heading", name="Account mei")).to_be_visible()
    served.accounts.sign_in.with_password("mei", secret)
