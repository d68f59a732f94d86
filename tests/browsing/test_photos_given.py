"""Photos of a new case: dropped, pasted, and cut to one of several faces, in a real browser."""

import base64
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from matcher.casework.numbers import number_of
from matcher.drawn import photo_bytes
from tests.browsing.hands import has_class
from tests.browsing.parts import Watched
from tests.browsing.world import World

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]
_COPY = """async (text) => {
  const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  await navigator.clipboard.write([new ClipboardItem({ "image/png": new Blob([bytes], { type: "image/png" }) })]);
}"""


def _png(*people: int) -> bytes:
    """A photo of these drawn people beside each other."""
    photos = [Image.open(BytesIO(photo_bytes(person, 1))).convert("RGB") for person in people]
    whole = Image.new("RGB", (sum(photo.width for photo in photos), max(photo.height for photo in photos)))
    for place, photo in enumerate(photos):
        whole.paste(photo, (sum(one.width for one in photos[:place]), 0))
    stream = BytesIO()
    whole.save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def giving(browser: Browser, furnished: World) -> Iterator[Watched]:
    """Anna, who opens a new case."""
    watched = Watched(browser, furnished.address)
    watched.sign_in("anna")
    watched.go("/cases/new")
    yield watched
    watched.must_be_clean()
    watched.close()


def test_one_of_several_faces_is_chosen_and_the_cut_is_kept(giving: Watched, furnished: World) -> None:
    page, both = giving.page, _png(*furnished.people[:2])
    page.locator("#files").set_input_files({"name": "two.png", "mimeType": "image/png", "buffer": both})
    expect(page.locator(".face-choice")).to_have_count(2)
    page.locator("[name=protection][value=unknown]").check()
    page.locator("#f-country").fill("CHN")
    # Nobody has said who is meant, so nothing is opened.
    page.locator("#open").click()
    expect(page.locator(".face-choice").first).to_be_focused()
    giving.must_let_everybody_in("given-several-faces")
    page.locator(".face-choice").nth(1).click()
    expect(page.locator(".face-choice")).to_have_count(0)
    expect(page.locator("#judged")).to_contain_text("/100")
    page.locator("#open").click()
    expect(page).to_have_url(has_class("cases/C-"))
    record = furnished.office.cases.get(furnished.officer("anna"), number_of("C", page.url.rpartition("/")[2]))
    (kept,) = record.photos
    assert kept.width < Image.open(BytesIO(both)).width


def test_photos_are_dropped_and_pasted(giving: Watched, furnished: World, tmp_path: Path) -> None:
    page = giving.page
    dropped = tmp_path / "dropped.jpg"
    dropped.write_bytes(photo_bytes(furnished.people[0], 1))
    box = page.locator("#drop").bounding_box()
    assert box
    hand = giving.context.new_cdp_session(page)
    at = {"x": box["x"] + 20, "y": box["y"] + 20}
    for kind in ("dragEnter", "dragOver", "drop"):
        data = {"items": [], "files": [str(dropped)], "dragOperationsMask": 1}
        hand.send("Input.dispatchDragEvent", {"type": kind, **at, "data": data})
    expect(page.locator("#judged canvas")).to_have_count(1)
    giving.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate(_COPY, base64.b64encode(_png(furnished.people[1])).decode("ascii"))
    page.locator("#f-name").focus()
    page.keyboard.press("Control+V")
    expect(page.locator("#judged canvas")).to_have_count(2)
    expect(page.locator("#f-name")).to_have_value("")
    giving.look("given-dropped-and-pasted")
