"""The page in a real headless Chromium: what an officer does and sees."""

import base64
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import cv2
import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from matcher.drawn import draw, photo_bytes
from tests.api.serving import enroll, service
from tests.matcher.photo_files import exif, heic, saved
from tests.matcher.quality_parts import blurred_photo

ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
SCRIPT = '<img src=x onerror="document.title=1"><script>document.title=1</script>'


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = os.environ.get("MATCHER_CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        pytest.skip("no Chromium here: install it, or name it in MATCHER_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


class Seen:
    """What a page did that nobody looks at: its faults, and whom it asked."""

    def __init__(self, page: Page) -> None:
        self.faults: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.faults.append(message.text) if message.type != "log" else None)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))


@pytest.fixture
def page(browser: Browser, client: httpx.Client) -> Iterator[Page]:
    """The page of the service with six drawn people; at the end it must have had no fault and asked nobody else."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    seen = Seen(page)
    page.goto(str(client.base_url))
    yield page
    context.close()
    assert seen.faults == []
    own = str(client.base_url).rstrip("/")
    assert [url for url in seen.asked if not url.startswith((own, f"blob:{own}"))] == []


def keep(page: Page, name: str) -> None:
    """A picture of the whole page where MATCHER_SCREENSHOTS says."""
    if folder := os.environ.get("MATCHER_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def choose(page: Page, data: bytes, *, name: str = "probe.jpg", kind: str = "image/jpeg") -> None:
    page.set_input_files("#file", {"name": name, "mimeType": kind, "buffer": data})


def hand_over(page: Page, event: str, data: bytes) -> None:
    """Drop or paste a photo, as the browser would tell the page of it."""
    page.evaluate(
        """([event, text]) => {
          const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
          const given = new DataTransfer();
          given.items.add(new File([bytes], "probe.jpg", { type: "image/jpeg" }));
          const happening = event === "drop"
            ? new DragEvent("drop", { dataTransfer: given, bubbles: true, cancelable: true })
            : new ClipboardEvent("paste", { clipboardData: given, bubbles: true });
          document.querySelector("#drop").dispatchEvent(happening);
        }""",
        [event, base64.b64encode(data).decode()],
    )


def frame_of(page: Page) -> tuple[float, float, float, float]:
    """The chosen face's frame as shares of the picture: left, top, right, bottom."""
    expect(page.locator("#frames rect.frame.chosen")).to_have_count(1)
    frame = page.locator("#frames rect.frame.chosen").bounding_box()
    picture = page.locator("#photo").bounding_box()
    assert frame is not None
    assert picture is not None
    left, top = frame["x"] - picture["x"], frame["y"] - picture["y"]
    right, bottom = left + frame["width"], top + frame["height"]
    width, height = picture["width"], picture["height"]
    return left / width, top / height, right / width, bottom / height


@pytest.mark.parametrize("way", ["choose", "drop", "paste"])
def test_a_photo_brings_candidates(page: Page, probe: bytes, way: str) -> None:
    expect(page.locator("#galleries")).to_have_text("6 people in 1 gallery")
    if way == "choose":
        choose(page, probe)
    else:
        hand_over(page, way, probe)
    expect(page.locator("#said h2")).to_have_text("6 candidates, most alike first")
    first = page.locator(".candidate").first
    expect(first.locator(".rank")).to_have_text("1")
    for text in ("drawn-000003", "Confidence", "searches of people who are not in this gallery"):
        expect(first).to_contain_text(text)
    assert first.locator("img").evaluate("async (image) => (await image.decode(), image.naturalWidth)") == 480
    left, top, right, bottom = frame_of(page)
    assert 0.1 < left < 0.5 < right < 0.9
    assert 0.1 < top < 0.5 < bottom < 0.9
    expect(page.locator("#progress")).to_be_hidden()
    for text in ("Not in this gallery:", "too small for its own", "Probabilities hold for a search among 6 people"):
        expect(page.locator("#meaning")).to_contain_text(text)


@pytest.mark.long
def test_it_is_used_by_keyboard_alone(page: Page, probe: bytes) -> None:
    # The browser must know that choosers are watched before a key opens one.
    page.on("filechooser", lambda _chooser: None)
    page.reload()
    expect(page.locator("#galleries")).not_to_be_empty()
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the candidates")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_text("中文")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#file")).to_be_focused()
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files({"name": "probe.jpg", "mimeType": "image/jpeg", "buffer": probe})
    expect(page.locator(".candidate")).to_have_count(6)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    expect(page.locator(".candidate")).to_have_count(2)
    assert page.locator("#said").get_attribute("role") == "status"


@pytest.mark.long
def test_each_outcome_is_said_in_plain_words(page: Page) -> None:
    encoded = cv2.imencode(".jpg", np.full((300, 300, 3), 128, np.uint8))[1].tobytes()
    choose(page, encoded)
    expect(page.locator("#said h2")).to_have_text("No face was found")
    both = np.hstack([draw(2, 1), draw(4, 1)])
    choose(page, cv2.imencode(".jpg", both[:, :, ::-1])[1].tobytes())
    expect(page.locator("#said h2")).to_have_text("Several faces of similar size")
    expect(page.locator("#frames rect.frame.other")).to_have_count(1)
    expect(page.locator(".candidate")).to_have_count(6)
    choose(page, b"hello", name="letter.jpg")
    expect(page.locator("#said h2")).to_have_text("This photo can't be used")
    expect(page.locator("#unseen")).to_be_visible()
    expect(page.locator(".candidate")).to_have_count(0)
    choose(page, photo_bytes(3, 2))
    page.get_by_text("Whom to search").click()
    page.fill("[name=born_from]", "2020")
    page.get_by_role("button", name="Search again").click()
    expect(page.locator("#said h2")).to_have_text("Nobody was searched")


@pytest.mark.long
def test_the_frame_sits_right_on_turned_photos_and_on_those_no_browser_opens(page: Page) -> None:
    upright = Image.fromarray(draw(3, 0))
    choose(page, photo_bytes(3, 0))
    expected = frame_of(page)
    turned = upright.transpose(Image.Transpose.ROTATE_90)
    for name, kind, data in (
        ("turned.jpg", "image/jpeg", saved(turned, "JPEG", exif=exif(6), quality=95)),
        ("turned.webp", "image/webp", saved(turned, "WEBP", exif=exif(6), quality=95)),
        ("photo.tif", "image/tiff", saved(upright, "TIFF")),
        ("photo.heic", "image/heic", heic(draw(3, 0))),
    ):
        choose(page, data, name=name, kind=kind)
        expect(page.locator("#progress")).to_be_hidden()
        expect(page.locator("#photo")).to_be_visible()
        ratio = page.locator("#photo").evaluate("(image) => image.naturalWidth / image.naturalHeight")
        assert ratio == pytest.approx(480 / 600, abs=0.01), name
        assert frame_of(page) == pytest.approx(expected, abs=0.04), name


@pytest.fixture
def other_page(browser: Browser) -> Iterator[Page]:
    """An empty page for services of the test's own; its faults are the test's to judge."""
    context = browser.new_context(viewport={"width": 820, "height": 1180}, color_scheme="dark")
    yield context.new_page()
    context.close()


@pytest.mark.long
def test_wrong_fields_are_pointed_at(other_page: Page, client: httpx.Client, probe: bytes) -> None:
    page = other_page
    page.goto(str(client.base_url))
    choose(page, probe)
    expect(page.locator(".candidate")).to_have_count(6)
    page.get_by_text("Whom to search").click()
    page.fill("[name=nationality]", "Atlantis")
    page.get_by_role("button", name="Search again").click()
    expect(page.locator("#said")).to_contain_text("is not a country code")
    expect(page.locator("[name=nationality]")).to_be_focused()
    expect(page.locator("[name=nationality]")).to_have_attribute("aria-invalid", "true")


@pytest.mark.long
def test_script_in_every_field_stays_text(other_page: Page, tmp_path: Path, networks: Path, probe: bytes) -> None:
    (tmp_path / "networks").symlink_to(networks)
    texts = dict.fromkeys(("name", "household_registration", "source"), SCRIPT)
    with service(tmp_path) as client:
        assert (
            enroll(
                client, 3, native_name="<svg onload=alert(1)>", nationality="DEU", national_id=SCRIPT, **texts
            ).status_code
            == 201
        )
        seen = Seen(other_page)
        other_page.goto(str(client.base_url))
        choose(other_page, probe, name=f"{SCRIPT}.jpg")
        expect(other_page.locator(".candidate h3")).to_contain_text(SCRIPT)
        expect(other_page.locator(".candidate .native")).to_have_text("<svg onload=alert(1)>")
        assert other_page.title() == "Identity matcher"
        assert seen.faults == []


@pytest.mark.long
def test_a_service_that_is_gone_or_limited_is_said(
    other_page: Page, tmp_path: Path, networks: Path, probe: bytes
) -> None:
    (tmp_path / "networks").symlink_to(networks)
    said = other_page.locator("#said h2")
    with service(tmp_path, max_photo_bytes=100_000) as client:
        other_page.goto(str(client.base_url))
        choose(other_page, bytes(100_001))
        expect(said).to_have_text("The photo is too large")
        choose(other_page, probe)
        expect(said).to_have_text("Nobody was found")
    choose(other_page, probe)
    expect(said).to_have_text("The service does not answer")
    expect(other_page.get_by_role("button", name="Try again")).to_be_visible()


def test_the_page_fits_a_tablet_and_both_schemes(page: Page, probe: bytes) -> None:
    choose(page, probe)
    expect(page.locator(".candidate")).to_have_count(6)
    for width in (1280, 820, 600):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        for selector in (".quiet", ".candidate dt", ".candidate dd", "#said p", "h1", ".filled .button"):
            assert contrast(page, selector) >= 4.5, (selector, scheme)


def contrast(page: Page, selector: str) -> float:
    """WCAG 2.2's contrast of an element's text with the colour behind it."""
    return page.locator(selector).first.evaluate(
        """(element) => {
          const paint = (colour) => colour.match(/[0-9.]+/g).map(Number);
          const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
            .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
            .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
          let behind = element;
          const ground = (one) => paint(getComputedStyle(one).backgroundColor);
          while (behind.parentElement && ground(behind)[3] === 0) behind = behind.parentElement;
          const [high, low] = [paint(getComputedStyle(element).color), ground(behind)].map(light).sort((a, b) => b - a);
          return (high + 0.05) / (low + 0.05);
        }"""
    )


@pytest.mark.long
def test_a_photo_of_low_quality_is_searched_anyway_by_a_button(page: Page) -> None:
    choose(page, blurred_photo(3, 2))
    expect(page.locator("#said h2")).to_have_text("This photo is too poor to search with")
    expect(page.locator("#said .quality li").first).to_contain_text("The face is blurred.")
    expect(page.locator("#candidates li")).to_have_count(0)
    page.get_by_role("button", name="Search anyway").click()
    expect(page.locator("#candidates li.candidate")).to_have_count(6)
    expect(page.locator("#said .quality")).to_contain_text("this photo would have been refused")
    # The next photo is not searched with anyway.
    choose(page, photo_bytes(3, 2))
    expect(page.locator("#candidates li.candidate")).to_have_count(6)
    expect(page.locator("#said .quality")).to_have_count(0)
    choose(page, blurred_photo(3, 2))
    expect(page.locator("#said h2")).to_have_text("This photo is too poor to search with")


@pytest.mark.long
def test_it_speaks_chinese(browser: Browser, client: httpx.Client, probe: bytes) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN", color_scheme="dark")
    page = context.new_page()
    seen = Seen(page)
    page.goto(str(client.base_url))
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(page.locator("#galleries")).to_contain_text("共 6 人")
    choose(page, probe)
    expect(page.locator("#said h2")).to_contain_text("6 名候选人")
    for text in ("出生", "把握", "检索不在此图库中的人时"):
        expect(page.locator(".candidate").first).to_contain_text(text)
    expect(page.locator("#meaning")).to_contain_text("概率适用于在 6 人中的检索")
    keep(page, "search-candidates-zh-dark")
    choose(page, blurred_photo(3, 2))
    expect(page.locator("#said h2")).to_contain_text("照片质量太差")
    expect(page.locator("#said .quality li").first).to_contain_text("面部模糊")
    page.get_by_role("button", name="仍然检索").click()
    expect(page.locator("#said .quality")).to_contain_text("此照片本应被拒绝")
    choose(page, b"hello", name="letter.jpg")
    expect(page.locator("#said h2")).to_have_text("此照片无法使用")
    page.get_by_text("English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    context.close()
    assert seen.faults == []
