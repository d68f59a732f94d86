"""A real headless Chromium, watched: what it asks, what it complains of, what it shows, whom it shuts out."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.api.attacks.parts import PASSWORD

ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
PATIENCE = 60_000
"""Milliseconds: whoever waits longer than this waits for something that will not come, on a busy machine too."""
AXE: dict[str, Any] = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
"""What axe looks for: the rule of WCAG 2.2 AA, which it leaves out unasked, too."""
Theme = Literal["light", "dark"]
LARGEST_PAGE = 150_000
"""Bytes of a page with its styles and scripts, without photos."""


def found_chromium() -> str:
    """Where Chromium is; skips the test where there is none."""
    found = os.environ.get("MATCHER_CHROMIUM") or shutil.which("chromium")
    if found is None:
        pytest.skip("no Chromium here: install it, or name it in MATCHER_CHROMIUM")
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    found = found_chromium()
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


class Watched:
    """One person's browser. faults: what the console said. elsewhere: requests that left the service."""

    def __init__(self, browser: Browser, address: str, *, language: str = "en", theme: Theme = "light") -> None:
        self.address = address
        self.language = language
        self.context: BrowserContext = browser.new_context(
            viewport={"width": 1280, "height": 900}, locale=language, color_scheme=theme
        )
        self.context.set_default_timeout(PATIENCE)
        self.page: Page = self.context.new_page()
        self.faults: list[str] = []
        self.elsewhere: list[str] = []
        self.page.on("console", lambda message: self._said(message.text) if message.type != "log" else None)
        self.page.on("pageerror", lambda error: self._said(str(error)))
        self.page.on("request", self._asked)

    def _said(self, text: str) -> None:
        self.faults.append(f"{self.page.url}: {text}")

    def _asked(self, request: object) -> None:
        url = str(getattr(request, "url", ""))
        if not url.startswith((self.address, f"blob:{self.address}", "data:")):
            self.elsewhere.append(url)

    def weight(self) -> int:
        """Bytes of the page that is shown, with its styles and scripts and without what they asked for."""
        return int(self.page.evaluate(
            """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
              .filter((one) => one.entryType === "navigation" || /\\.(css|js)$/.test(new URL(one.name).pathname))
              .reduce((sum, one) => sum + one.decodedBodySize, 0)"""
        ))  # fmt: skip

    def sign_in(self, name: str, password: str = PASSWORD) -> None:
        self.page.goto(f"{self.address}/signin")
        fields = self.page.locator("main form")
        fields.locator("[name=name]").fill(name)
        fields.locator("[name=password]").fill(password)
        fields.locator("button").click()
        expect(self.page).not_to_have_url(f"{self.address}/signin")

    def go(self, path: str) -> Page:
        self.page.goto(f"{self.address}{path}")
        return self.page

    def look(self, name: str) -> None:
        """Keep a picture of the whole page where MATCHER_SCREENSHOTS says."""
        if folder := os.environ.get("MATCHER_SCREENSHOTS"):
            place = Path(folder) / f"{name}-{self.language}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=place, full_page=True)

    def barriers(self) -> list[str]:
        """What axe finds on the page as it is now, a line each."""
        return [
            f"{self.page.url}: {one['id']}: {one['help']}: {node['html'][:200]}"
            for one in Axe().run(self.page, options=AXE).response["violations"]
            for node in one["nodes"]
        ]

    def must_let_everybody_in(self, name: str) -> None:
        """No violation that axe finds on the page as it is now, and no fault so far; its picture is kept."""
        self.look(name)
        barriers = self.barriers()
        assert not barriers, "\n".join(barriers)
        self.must_be_clean()

    def must_be_clean(self, *expected: str) -> None:
        """No fault but those with one of these words, and nobody else was asked."""
        found = [fault for fault in self.faults if not any(word in fault for word in expected)] + self.elsewhere
        assert not found, "\n".join(found)

    def must_have_been_told(self, expected: str) -> None:
        """The console said this, as it was meant to; what it says from here on counts anew."""
        assert any(expected in fault for fault in self.faults), f"nothing of {expected} in {self.faults}"
        self.faults[:] = [fault for fault in self.faults if expected not in fault]

    def close(self) -> None:
        self.context.close()
