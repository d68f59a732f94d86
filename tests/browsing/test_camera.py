"""A photo taken with a camera on the page of a new case: Chromium's stand-in for one, which sees a drawn face."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from matcher.casework.numbers import number_of
from matcher.drawn import photo_bytes
from tests.browsing.parts import ARGUMENTS, Watched, found_chromium
from tests.browsing.world import World

pytestmark = pytest.mark.long


@contextmanager
def _camera(browser: Browser, made: World, *arguments: str, language: str = "en") -> Iterator[Watched]:
    """A browser like that one, but started with these arguments, with an officer on the page of a new case."""
    another = browser.browser_type.launch(executable_path=found_chromium(), args=[*ARGUMENTS, *arguments])
    watched = Watched(another, made.address, language=language)
    watched.sign_in("anna")
    watched.go("/cases/new")
    yield watched
    watched.close()
    another.close()


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_photo_is_taken_looked_at_and_kept_with_the_case(
    browser: Browser, furnished: World, tmp_path: Path, language: str
) -> None:
    # The same picture over and over is a film of that kind.
    (tmp_path / "face.mjpeg").write_bytes(photo_bytes(furnished.people[4], 2) * 30)
    seen = ("--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={tmp_path / 'face.mjpeg'}")
    with _camera(browser, furnished, "--use-fake-ui-for-media-stream", *seen, language=language) as watched:
        page = watched.page
        page.locator("#camera").click()
        expect(page.locator("#shoot")).to_be_focused()
        page.wait_for_function("() => document.querySelector('#video').videoWidth > 0")
        watched.must_let_everybody_in("camera-open")
        page.keyboard.press("Enter")
        expect(page.locator("#judged .told details")).to_have_count(1)
        page.locator("#stop").click()
        expect(page.locator("#viewfinder")).to_be_hidden()
        assert page.evaluate("() => document.querySelector('#video').srcObject") is None
        watched.must_let_everybody_in("camera-taken")
        page.locator("[name=protection][value=unknown]").check()
        page.locator("[name=country]").fill("CHN")
        page.locator("#open").click()
        page.wait_for_url("**/cases/C-*")
        number = page.url.rpartition("/")[2]
        watched.must_let_everybody_in("camera-case")
    record = furnished.office.cases.get(furnished.officer("anna"), number_of("C", number))
    (photo,) = record.photos
    # As large as the camera's own pictures: nothing was cut or made smaller.
    assert (photo.format, photo.width, photo.height) == ("PNG", 480, 600)
    # Taken here and now; the browser's midnight may be another than this test's.
    assert abs((date.fromisoformat(photo.taken_on) - datetime.now(UTC).date()).days) <= 1


@pytest.mark.parametrize(
    ("arguments", "language", "said"),
    [
        (("--use-fake-device-for-media-stream", "--deny-permission-prompts"), "en", "does not let this page use the"),
        (
            ("--use-fake-device-for-media-stream=device-count=0", "--use-fake-ui-for-media-stream"),
            "zh-CN",
            "未找到相机",
        ),
    ],
)
def test_without_a_camera_the_page_says_why_and_what_to_do(
    browser: Browser, furnished: World, arguments: tuple[str, ...], language: str, said: str
) -> None:
    with _camera(browser, furnished, *arguments, language=language) as watched:
        watched.page.locator("#camera").click()
        expect(watched.page.locator("#camera-refused")).to_contain_text(said)
        expect(watched.page.locator("#viewfinder")).to_be_hidden()
        watched.must_let_everybody_in("camera-refused")
