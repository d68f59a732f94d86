"""What goes wrong on a working day: the session ends, the network is lost, two at once, the way back."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.api.attacks.parts import PASSWORD
from tests.browsing.hands import has_class
from tests.browsing.parts import Watched
from tests.browsing.world import OFFICERS, World, world

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("turns"), people=3) as made:
        yield made


@pytest.fixture
def reviewing(browser: Browser, made: World) -> Iterator[Watched]:
    """Anna, with a review of her own open, of which nothing is judged yet."""
    anna = made.officer("anna")
    search = made.search(anna, made.case(anna, made.people[0]))
    watched = Watched(browser, made.address)
    watched.sign_in("anna")
    watched.go(f"/reviews/{made.office.reviews.begin(anna, search).id}")
    expect(watched.page.locator("#strip button").first).to_be_visible()
    expect(watched.page.locator("#candidate-said")).to_contain_text("of 100")
    yield watched
    watched.close()


def _decide(page: Page, place: int) -> None:
    """Fill in and save the verdict of the candidate that is shown."""
    expect(page.locator("#strip button").nth(place)).to_have_attribute("aria-current", "true")
    page.locator("#verdict [name=verdict][value=different_person]").check()
    page.locator("#feature-ears").select_option("different")
    page.locator("#confidence").fill("70")
    page.locator("#save").click()


def test_a_session_that_ends_in_a_review_loses_no_verdict(reviewing: Watched, made: World) -> None:
    page = reviewing.page
    _decide(page, 0)
    expect(page.locator("#strip button").first).to_have_class(has_class("judged"))
    # The session is ended elsewhere, as by a lock or by hours of nothing.
    register = made.app.state.desk.accounts().register
    register.disable("anna")
    register.enable("anna")
    _decide(page, 1)
    expect(page.locator("#line")).to_contain_text("no longer signed in")
    reviewing.look("turn-session-ended")
    page.locator("#line a").click()
    page.locator("main form [name=name]").fill("anna")
    page.locator("main form [name=password]").fill(PASSWORD)
    page.locator("main form button").click()
    expect(page).to_have_url(has_class("reviews/R-"))
    expect(page.locator("#strip button").nth(1)).to_have_class(has_class("judged"))
    reviewing.must_be_clean("401")


def test_a_network_that_is_lost_and_back_loses_no_verdict(reviewing: Watched) -> None:
    page = reviewing.page
    reviewing.context.set_offline(True)
    _decide(page, 0)
    expect(page.locator("#line")).to_contain_text("can not be reached")
    reviewing.look("turn-network-lost")
    reviewing.context.set_offline(False)
    expect(page.locator("#strip button").first).to_have_class(has_class("judged"))
    expect(page.locator("#line")).to_contain_text("Everything is sent")
    reviewing.must_be_clean("ERR_INTERNET_DISCONNECTED", "Failed to fetch")


def test_nothing_can_be_pressed_before_the_page_answers(reviewing: Watched) -> None:
    page = reviewing.page
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    _decide(page, 0)
    page.route("**/static/review.js", hold)
    page.reload(wait_until="commit")
    expect(page.locator("#compare")).to_have_attribute("inert", "")
    expect(page.locator("#help")).to_be_disabled()
    for route in held:
        route.continue_()
    page.locator("#help").click()
    expect(page.locator("#keys-of")).to_be_visible()
    expect(page.locator("#compare[inert]")).to_have_count(0)
    reviewing.must_be_clean()


def test_back_and_forward_show_what_was_decided(reviewing: Watched) -> None:
    page = reviewing.page
    _decide(page, 0)
    expect(page.locator("#strip button").first).to_have_class(has_class("judged"))
    page.get_by_role("link", name="Worklist").first.click()
    expect(page).to_have_url(has_class("worklist"))
    page.go_back()
    expect(page.locator("#strip button").first).to_have_class(has_class("judged"))
    page.go_forward()
    expect(page).to_have_url(has_class("worklist"))
    reviewing.must_be_clean()


def test_two_officers_at_one_case_see_each_other_and_overwrite_nothing(browser: Browser, made: World) -> None:
    case = made.case(made.officer("anna"), made.people[1])
    both = []
    for name in OFFICERS:
        watched = Watched(browser, made.address)
        watched.sign_in(name)
        watched.go(f"/cases/{case.id}")
        both.append(watched)
    anna, boris = both
    expect(anna.page.locator("#present")).to_contain_text("boris")
    anna.look("turn-two-at-once")
    for watched in both:
        form = watched.page.locator("form[action$='/steps/correct']")
        watched.page.locator("details.step:has(form[action$='/steps/correct']) > summary").click()
        form.locator("[name=name]").fill(f"Name of {watched.page.locator('.who').inner_text()}")
        form.locator("[name=reason]").fill("as on the passport")
    boris.page.locator("form[action$='/steps/correct'] button.button").click()
    expect(boris.page.locator("main")).to_contain_text("Name of boris")
    expect(anna.page.locator("#present")).to_contain_text("changed")
    anna.page.locator("form[action$='/steps/correct'] button.button").click()
    expect(anna.page.locator(".message.fault")).to_be_visible()
    # What Anna typed is still there, and what Boris wrote stands.
    expect(anna.page.locator("form[action$='/steps/correct'] [name=name]")).to_have_value("Name of anna")
    assert made.office.cases.get(made.officer("anna"), case.number).case.claim.name == "Name of boris"
    anna.look("turn-outdated")
    anna.must_be_clean("409")
    boris.must_be_clean()
    for watched in both:
        watched.close()


def test_what_a_script_is_refused_is_said_in_the_pages_language(browser: Browser, made: World) -> None:
    anna = made.officer("anna")
    search = made.search(anna, made.case(anna, made.people[2]))
    review = made.office.reviews.begin(anna, search).id
    watched = Watched(browser, made.address, language="zh-Hans", theme="dark")
    watched.sign_in("anna")
    watched.go(f"/reviews/{review}")
    # What the page itself does not let through.
    told = watched.page.evaluate(
        """async (address) => {
          const { ask } = await import("/static/asking.js");
          return ask(address).then(() => "", (fault) => [fault.code, fault.message]);
        }""",
        f"/v1/reviews/{review}/reveal",
    )
    assert told[0] == "not_now"
    assert "没有结论" in told[1]
    watched.must_be_clean("409")
    watched.close()


def test_a_cases_history_names_people_as_colleagues_do(browser: Browser, made: World) -> None:
    watched = Watched(browser, made.address, language="zh-Hans", theme="dark")
    watched.sign_in("anna")
    watched.go(f"/cases/{made.case(made.officer('anna'), made.people[0]).id}")
    expect(watched.page.locator(".history")).to_contain_text("由 anna 申请")
    expect(watched.page.locator("main")).not_to_contain_text("account:")
    watched.close()
