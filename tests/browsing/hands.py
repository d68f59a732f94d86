"""How somebody works a page: with the mouse, or with the keyboard alone. Both know elements by selector."""

import re
from typing import Protocol

from playwright.sync_api import Page, expect

_MOST_TABS = 400


class Hand(Protocol):
    def press(self, selector: str) -> None: ...
    def write(self, selector: str, text: str) -> None: ...
    def pick(self, selector: str, value: str) -> None: ...
    def mark(self, name: str, value: str) -> None: ...
    def slide(self, selector: str) -> None: ...
    def give(self, selector: str, data: bytes) -> None: ...


def has_class(word: str) -> re.Pattern[str]:
    return re.compile(rf"\b{word}\b")


class Mouse:
    """Clicks; fields are filled as a browser does it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, selector: str) -> None:
        self.page.locator(selector).first.click()

    def write(self, selector: str, text: str) -> None:
        self.page.locator(selector).first.fill(text)

    def pick(self, selector: str, value: str) -> None:
        self.page.locator(selector).first.select_option(value)

    def mark(self, name: str, value: str) -> None:
        self.page.locator(f"[name='{name}'][value='{value}']").first.check()

    def slide(self, selector: str) -> None:
        self.page.locator(selector).first.fill("80")

    def give(self, selector: str, data: bytes) -> None:
        photo = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": data}
        self.page.locator(selector).first.set_input_files(photo)


class Keyboard:
    """Tabulator, Enter, Space and arrows; nothing that can't be reached by them can be used."""

    def __init__(self, page: Page) -> None:
        self.page = page
        # The browser must know that choosers are watched before a key opens one.
        page.on("filechooser", lambda _chooser: None)

    def to(self, selector: str) -> None:
        """Go on with the tabulator until this has the focus; wait for it where a page is on its way."""
        self.page.locator(selector).first.wait_for(state="attached")
        self.page.wait_for_load_state()
        for _ in range(_MOST_TABS):
            if self.page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{selector} can't be reached by keyboard on {self.page.url}")

    def press(self, selector: str) -> None:
        expect(self.page.locator(selector).first).to_be_visible()
        self.to(selector)
        self.page.keyboard.press("Enter")

    def write(self, selector: str, text: str) -> None:
        self.to(selector)
        if self.page.evaluate("() => document.activeElement.type") == "date":
            # A date's parts are in the order of the browser's language; what counts is that the field is reached.
            self.page.locator(selector).first.fill(text)
            return
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def pick(self, selector: str, value: str) -> None:
        self.to(selector)
        self._arrow(value, "ArrowDown")

    def mark(self, name: str, value: str) -> None:
        self.to(f"[name='{name}']")
        self.page.keyboard.press("Space")
        self._arrow(value, "ArrowDown")

    def slide(self, selector: str) -> None:
        self.to(selector)
        for _ in range(3):
            self.page.keyboard.press("ArrowRight")

    def give(self, selector: str, data: bytes) -> None:
        self.to(selector)
        with self.page.expect_file_chooser() as chooser:
            self.page.keyboard.press("Enter")
        chooser.value.set_files({"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": data})

    def _arrow(self, value: str, key: str) -> None:
        for _ in range(40):
            if self.page.evaluate("() => document.activeElement.value") == value:
                return
            self.page.keyboard.press(key)
        raise AssertionError(f"{value} can't be chosen by keyboard on {self.page.url}")
