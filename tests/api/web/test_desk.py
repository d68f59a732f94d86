"""The officer's desk in a real Chromium: a case from the first photo to two people's agreement; wrong turns."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from matcher.casework.numbers import number_of
from matcher.drawn import photo_bytes
from tests.api.test_page import browser
from tests.api.web.desk import ANNA, PEOPLE, DeskServed, desk_served, enter, somebody
from tests.api.web.reading import must_be_a_page

__all__ = ["browser"]
pytestmark = pytest.mark.long


@pytest.fixture(autouse=True)
def _patient() -> Iterator[None]:
    """On a machine that does much else at once, nothing here is a matter of seconds."""
    expect.set_options(timeout=30_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, networks: Path) -> Iterator[DeskServed]:
    home = tmp_path_factory.mktemp("desk")
    (home / "networks").symlink_to(networks)
    with desk_served(home) as served:
        yield served


def begin(page: Page, served: DeskServed, case: str) -> None:
    """Begin to compare, from the page of the case."""
    page.goto(f"{served.address}/cases/{case}")
    page.get_by_role("button", name="Compare S-").click()
    expect(page.locator("#candidate-said")).to_contain_text(re.compile("quality|质量"))
    expect(page.locator("#probe-said")).to_contain_text(re.compile("quality|质量"))


def judge(page: Page, key: str, *reasons: tuple[str, str]) -> None:
    """Judge the candidate that is shown, by keys where there are any."""
    page.locator("#candidate").focus()
    page.keyboard.press(key)
    for feature, seen in reasons:
        page.locator(f"#feature-{feature}").select_option(seen)
    page.locator("#confidence").press("End")
    page.keyboard.press("Control+Enter")


def judge_all(page: Page, people: dict[str, str], same: str) -> None:
    """Every candidate in turn, in the order in which this review has them."""
    order = [one["id"] for one in page.evaluate("JSON.parse(document.querySelector('#state').textContent).candidates")]
    for place, candidate in enumerate(order, 1):
        expect(page.locator("#strip [aria-current]")).to_have_text(str(place))
        expect(page.locator("#candidate-said")).to_contain_text(re.compile("quality|质量"))
        if people[candidate] == same:
            judge(page, "s", ("ears", "similar"), ("nose", "similar"))
        else:
            judge(page, "d", ("chin", "different"))
        expect(page.locator(f"#strip li:nth-child({place}) button")).to_have_class(re.compile("judged"))


def reveal_and_close(page: Page) -> None:
    page.get_by_role("button", name="Show the scores").click()
    page.locator("#sure-of").get_by_role("button", name="Show the scores").click()
    expect(page.locator(".strength")).to_contain_text("searches of people who are not in this gallery")
    expect(page.locator("#scores")).to_contain_text("drawn-0000")
    page.get_by_role("button", name="Hand the review in").click()
    page.locator("#sure-of").get_by_role("button", name="Hand the review in").click()
    expect(page.get_by_text("This review is handed in")).to_be_visible()


def test_from_the_first_photo_to_two_peoples_agreement(browser: Browser, served: DeskServed) -> None:
    with somebody(browser, served, "anna", faults=("422",)) as (page, _):
        page.get_by_role("link", name="New case").click()
        page.locator("#files").set_input_files(
            {"name": "probe.jpg", "mimeType": "image/jpeg", "buffer": photo_bytes(3, 2)}
        )
        expect(page.locator("#judged")).to_contain_text("Quality")
        page.get_by_text("Every component").click()
        expect(page.locator(".components li")).to_have_count(23)
        page.get_by_label("It is not known yet").check()
        page.locator("#f-name").fill("Lan Ruoming")
        page.locator("#f-date_of_birth").fill("1985-13")
        page.locator("#f-country").fill("CHN")
        page.locator("#f-gallery").select_option("main")
        page.locator("#f-basis").fill("article 4")
        page.get_by_role("button", name="Open the case").click()
        # What can't be taken is said at its field; photo and texts are still there.
        expect(page.locator("#f-date_of_birth")).to_be_focused()
        expect(page.locator("#judged li.judged-photo")).to_have_count(1)
        page.locator("#f-date_of_birth").fill("1985-12")
        page.get_by_role("button", name="Open the case").click()
        page.wait_for_url(re.compile("/cases/C-"))
        case = page.url.rpartition("/")[2]
        must_be_a_page(page.content().replace("</rect>", ""))
        page.get_by_role("button", name="Search main").click()
        expect(page.get_by_role("status").first).to_contain_text("candidates wait")
        people = served.people(case)
        assert len(people) == PEOPLE
        begin(page, served, case)
        expect(page.locator("#scores")).to_be_hidden()
        assert "drawn-000003" not in page.content()
        expect(page.get_by_role("button", name="Show the scores")).to_have_attribute("aria-disabled", "true")
        judge_all(page, people, "drawn-000003")
        reveal_and_close(page)
    served.office.cases.share(ANNA, number_of("C", case), "account:boris", reason="second review")
    with somebody(browser, served, "boris", language="zh-CN") as (page, _):
        page.goto(f"{served.address}/worklist?view=review")
        page.locator("tr", has_text=case).get_by_role("button", name="比对").click()
        judge_all(page, people, "drawn-000003")
        page.locator("#reveal").click()
        page.locator("#sure-of button[value=yes]").click()
        expect(page.locator(".strength")).to_contain_text("检索不在该图库中的人")
        page.locator("#close").click()
        page.locator("#sure-of button[value=yes]").click()
        expect(page.get_by_text("此审核已提交")).to_be_visible()
        page.goto(f"{served.address}/cases/{case}")
        expect(page.locator(".message.done")).to_contain_text("anna 与 boris 认定为同一人")


def test_what_was_decided_outlives_a_lost_network_and_a_session(browser: Browser, served: DeskServed) -> None:
    case, _ = served.searched(1)
    known = ("ERR_INTERNET_DISCONNECTED", "401", "net::ERR")
    with somebody(browser, served, "anna", faults=known) as (page, context):
        begin(page, served, case)
        context.set_offline(True)
        judge(page, "d", ("chin", "different"))
        expect(page.locator("#line")).to_contain_text("can not be reached")
        expect(page.locator("#strip li:nth-child(1) button")).to_have_class(re.compile("unsaved"))
        context.set_offline(False)
        expect(page.locator("#line")).to_have_text("Everything is sent.", timeout=20_000)
        # Another one is typed only, a third decided after the session has ended.
        page.locator("#strip li:nth-child(2) button").click()
        expect(page.locator("#candidate-said")).to_contain_text(re.compile("quality|质量"))
        page.get_by_label("Remark").fill("a scar that I must not lose")
        page.locator("#strip li:nth-child(3) button").click()
        expect(page.locator("#candidate-said")).to_contain_text(re.compile("quality|质量"))
        context.clear_cookies()
        judge(page, "u")
        page.get_by_role("link", name="Sign in and come back here").click()
        enter(page, "anna")
        page.wait_for_url(re.compile("/reviews/R-"))
        expect(page.locator("#strip li:nth-child(3) button")).to_have_class(re.compile("judged"), timeout=20_000)
        page.locator("#strip li:nth-child(2) button").click()
        expect(page.get_by_label("Remark")).to_have_value("a scar that I must not lose")
        assert page.evaluate("Object.keys(sessionStorage).filter((name) => name.endsWith('unsent')).length") == 0


def test_two_officers_at_one_case_see_each_other(browser: Browser, served: DeskServed) -> None:
    case, _ = served.searched(2)
    with (
        somebody(browser, served, "anna") as (anna, _),
        somebody(browser, served, "boris", faults=("409",)) as (boris, _),
    ):
        anna.goto(f"{served.address}/cases/{case}")
        boris.goto(f"{served.address}/cases/{case}")
        expect(anna.locator("#present")).to_contain_text("boris", timeout=20_000)
        anna.goto(f"{served.address}/worklist?view=all")
        expect(anna.locator(f"tr[data-case={case}]")).to_contain_text("boris", timeout=20_000)
        # Boris begins; Anna, who comes later, is told so, and nothing of hers is lost.
        begin(boris, served, case)
        boris.goto(f"{served.address}/cases/{case}")
        served.office.cases.assign(
            ANNA, number_of("C", case), "account:anna",
            version=served.office.cases.after_change(ANNA, number_of("C", case)).case.version,
        )  # fmt: skip
        expect(boris.locator("#present")).to_contain_text("changed this case", timeout=20_000)
        boris.get_by_text("Change the status").first.click()
        boris.get_by_label("New status").select_option("pending_documents")
        boris.locator("#s-reason").fill("the register is closed this week")
        boris.locator("form[action$='/steps/status'] button").click()
        expect(boris.get_by_role("alert").first).to_contain_text("Somebody else was quicker")
        expect(boris.locator("#s-reason")).to_have_value("the register is closed this week")
    with somebody(browser, served, "chen", faults=("409",)) as (chen, _):
        chen.goto(f"{served.address}/cases/{case}")
        chen.get_by_role("button", name="Compare S-").click()
        expect(chen.get_by_role("heading", level=1)).to_have_text("This can't be done now")
        expect(chen.locator("main")).to_contain_text("Somebody else is comparing")


def test_photos_are_aligned_by_turning_scaling_and_moving_alone(browser: Browser, served: DeskServed) -> None:
    """Whatever the photo's size and turn, eyes come to the same places, and the matrix is a similarity."""
    with somebody(browser, served, "anna") as (page, _):
        found = page.evaluate(
            """async () => {
              const { aligned } = await import("/static/panes.js");
              const face = [[0.62, 0.4], [0.56, 0.41], [0.38, 0.4], [0.44, 0.41], [0.5, 0.55]];
              const turned = face.map(([x, y]) => [1 - y, x]);
              const photos = [[{ width: 400, height: 500 }, face], [{ width: 1000, height: 800 }, turned]];
              return photos.map(([image, points]) => {
                const m = aligned({ image, points }, 600, 750);
                const eye = (a, b) => m.transformPoint({ x: image.width * (points[a][0] + points[b][0]) / 2,
                                                         y: image.height * (points[a][1] + points[b][1]) / 2 });
                const [right, left] = [eye(0, 1), eye(2, 3)];
                return [m.a, m.b, m.c, m.d, left.x, left.y, right.x, right.y];
              });
            }"""
        )
        for a, b, c, d, *eyes in found:
            assert (a, b) == pytest.approx((d, -c))
            assert eyes == pytest.approx([228, 330, 372, 330])
