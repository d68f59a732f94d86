"""Every page of the application, in both languages and both themes: for everybody, light, and from here alone.

The list comes from the table of permissions, so that a page that is new is in it.
"""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser

from api.auth.permissions import PERMISSIONS
from tests.api.attacks.parts import sign_in
from tests.browsing.parts import LARGEST_PAGE, Theme, Watched
from tests.browsing.world import EVERYTHING, World

NO_PAGES = ("/v1", "/static", "/healthz", "/readyz", "/metrics", "/openapi.json", "/preferences", "/signin/openid")
LOOKS: tuple[tuple[str, Theme], ...] = (("en", "light"), ("zh-Hans", "dark"))
"""Both languages and both themes; contrast does not depend on the language, nor the structure on the theme."""


def templates() -> Iterator[str]:
    for method, template in PERMISSIONS:
        if method == "GET" and not template.startswith(NO_PAGES):
            yield template


def address_of(template: str, ids: dict[str, str]) -> str:
    """The address of something that is there; a placeholder that nothing stands for is a fault of this test."""
    if "/accounts/" not in template:
        ids = {**ids, "name": ids["gallery"]}
    unknown = set(re.findall(r"\{(\w+)\}", template)) - set(ids)
    assert not unknown, f"{template}: say in tests/browsing/world.py what stands for {unknown}"
    return re.sub(r"\{(\w+)\}", lambda found: ids[found[1]], template)


@pytest.fixture(scope="module")
def addresses(furnished: World) -> list[str]:
    """Of every page that the table has. Pictures, files and streams are no pages."""
    found = []
    with httpx.Client(base_url=furnished.address, timeout=60) as client:
        sign_in(client, EVERYTHING)
        for template in templates():
            path = address_of(template, furnished.ids)
            # Streams want to know whose window they are for.
            with client.stream("GET", path, params={"window": "window-01"}, headers={"Accept": "text/html"}) as answer:
                assert answer.status_code in (200, 303), (template, answer.status_code)
                if answer.status_code == 200 and answer.headers["content-type"].startswith("text/html"):
                    found.append(path)
    return found


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("language", "theme"), LOOKS)
def test_every_page_is_for_everybody(
    browser: Browser, furnished: World, addresses: list[str], language: str, theme: Theme
) -> None:
    watched = Watched(browser, furnished.address, language=language, theme=theme)
    watched.sign_in(EVERYTHING)
    assert len(addresses) >= 5
    told: list[str] = []
    for path in addresses:
        page = watched.go(path)
        watched.look(f"page{path.replace('/', '-')}-{theme}")
        told += watched.barriers()
        # Browsers complain of it where somebody was quicker than they: static/first.js knows better.
        if page.locator("[autofocus]").count():
            told.append(f"{path} takes the cursor from whoever has it")
        if (found := page.locator("html").get_attribute("lang")) != language:
            told.append(f"{path} speaks {found}")
        if not 2_000 < (weight := watched.weight()) < LARGEST_PAGE:
            told.append(f"{path} weighs {weight:,} bytes")
        page.set_viewport_size({"width": 820, "height": 1180})
        if (width := page.evaluate("document.documentElement.scrollWidth")) > 820:
            told.append(f"{path} is {width} pixels wide on a tablet")
        page.set_viewport_size({"width": 1280, "height": 900})
    watched.close()
    found = told + watched.faults + watched.elsewhere
    assert not found, "\n".join(found)
