"""Training as a new officer meets it: the whole path by mouse in English, by keyboard in Chinese."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from matcher.accounts.roles import Role
from matcher.training.course import Course
from matcher.training.exercise import Exercise, exercise
from tests.api.attacks.parts import PASSWORD
from tests.browsing.parts import Watched
from tests.browsing.world import World


@pytest.fixture
def newcomer(browser: Browser, furnished: World, request: pytest.FixtureRequest) -> Iterator[Watched]:
    """Somebody whose account was made today."""
    name = f"new{abs(hash(request.node.name)) % 10**8}"
    furnished.app.state.desk.accounts().register.add(name, frozenset({Role.OFFICER}), PASSWORD, must_change=False)
    language = request.param
    watched = Watched(browser, furnished.address, language=language, theme="light" if language == "en" else "dark")
    watched.sign_in(name)
    yield watched
    watched.must_be_clean()
    watched.close()


def _exercise(furnished: World, watched: Watched) -> Exercise:
    """The exercise that is under way, as only the test may know it."""
    name = watched.page.locator(".who").inner_text()
    found = Course(furnished.office.files.database).under_way(furnished.officer(name))
    assert found is not None
    return exercise(found.exercise.grade, found.exercise.seed)


def _judge(page: Page, place: int, *, is_same: bool) -> None:
    """One candidate, with the mouse."""
    page.locator("#strip button").nth(place).click()
    expect(page.locator("#strip button").nth(place)).to_have_attribute("aria-current", "true")
    expect(page.locator("#candidate-said")).to_contain_text("of 100")
    page.locator(f"#verdict [name=verdict][value={'same_person' if is_same else 'different_person'}]").check()
    for feature in ("eyes", "nose"):
        page.locator(f"#feature-{feature}").select_option("similar" if is_same else "different")
    page.locator("#confidence").fill("80")
    page.locator("#save").click()
    expect(page.locator("#strip button").nth(place)).to_have_class(_has("judged"))


def _has(word: str) -> re.Pattern[str]:
    return re.compile(rf"\b{word}\b")


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("newcomer", ["en"], indirect=True)
def test_a_new_officer_practises_the_whole_path_by_mouse(newcomer: Watched, furnished: World) -> None:
    page = newcomer.page
    page.get_by_role("link", name="Training").click()
    newcomer.look("training-1-overview")
    page.get_by_role("button", name=re.compile("Begin.*First steps")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("The case")
    newcomer.must_let_everybody_in("training-2-case")
    made = _exercise(furnished, newcomer)
    page.locator(f"[name=protection][value={made.protection.value}]").check()
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".photo img")).to_have_count(2)
    newcomer.must_let_everybody_in("training-3-photo")
    # In one exercise in some, no face is found in the first photo, and it can't be searched with.
    page.locator("form[action$='/photo'] button:not([disabled])").first.click()
    expect(page.locator("#strip button")).to_have_count(len(made.entries))
    expect(page.locator("#probe-said")).to_contain_text("of 100")
    newcomer.look("training-4-blind")
    for place, entry in enumerate(made.entries):
        _judge(page, place, is_same=entry.is_same)
    page.locator("#reveal").click()
    page.locator("#sure-of button[value=yes]").click()
    expect(page.locator("#scores")).to_contain_text("searches of people who are not in this gallery")
    newcomer.must_let_everybody_in("training-5-scored")
    page.locator("#close").click()
    page.locator("#sure-of button[value=yes]").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("The second review")
    newcomer.must_let_everybody_in("training-6-second")
    page.locator("main form button.button").click()
    if page.get_by_role("heading", level=1).inner_text().startswith("The document"):
        newcomer.must_let_everybody_in("training-7-document")
        page.locator(f"[name=sending][value={made.sending.value}]").check()
        page.get_by_role("button", name="Decide").click()
    if page.get_by_role("heading", level=1).inner_text().startswith("The answer"):
        newcomer.must_let_everybody_in("training-8-answer")
        page.locator("[name=kind]").select_option("rejected")
        page.get_by_role("button", name="Go on").click()
        expect(page.locator(".wrong")).to_contain_text("A rejection has a reason")
        expect(page.locator("[name=kind]")).to_have_value("rejected")
        newcomer.must_have_been_told("422")
        page.locator("[name=reason]").select_option("another_person")
        page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("What was true")
    expect(page.locator("main .message").nth(1)).to_contain_text("Your outcome was right")
    newcomer.must_let_everybody_in("training-9-feedback")
    page.get_by_role("link", name="Next exercise").click()
    expect(page.locator("#g-first").locator("..")).to_contain_text("Outcome right")


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("newcomer", ["zh-Hans"], indirect=True)
def test_the_keyboard_alone_is_enough_and_chinese_throughout(newcomer: Watched, furnished: World) -> None:
    page = newcomer.page

    def press(*keys: str) -> None:
        for key in keys:
            page.keyboard.press(key)

    def tab_to(selector: str) -> None:
        """Go on with the tabulator until this has the focus, as nobody with a mouse would."""
        for _ in range(80):
            press("Tab")
            if page.evaluate("(selector) => document.activeElement?.matches(selector)", selector):
                return
        raise AssertionError(f"{selector} can't be reached by keyboard on {page.url}")

    tab_to("a[href='/training']")
    press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("培训")
    newcomer.look("training-keyboard-1-overview")
    tab_to("form[action='/training'] button")
    press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("案件")
    tab_to("[name=protection]")
    press("ArrowDown")
    tab_to("main form button.button")
    press("Enter")
    expect(page.locator(".photo img")).to_have_count(2)
    newcomer.look("training-keyboard-2-photo")
    tab_to("form[action$='/photo'] button")
    press("Enter")
    made = _exercise(furnished, newcomer)
    marks = page.locator("#strip button")
    expect(marks).to_have_count(len(made.entries))
    for place, entry in enumerate(made.entries):
        expect(marks.nth(place)).to_have_attribute("aria-current", "true")
        expect(marks.nth(place)).not_to_have_class(_has("unopened"))
        press("Escape", "s" if entry.is_same else "d")
        for _ in range(2):
            tab_to("select[data-feature]")
            press("ArrowDown", *(() if entry.is_same else ("ArrowDown",)))
        tab_to("#confidence")
        press("ArrowRight", "ArrowRight", "Control+Enter")
        expect(marks.nth(place)).to_have_class(_has("judged"))
    newcomer.look("training-keyboard-3-blind")
    tab_to("#reveal")
    press("Enter", "Enter")
    expect(page.locator("#close")).to_be_visible()
    newcomer.look("training-keyboard-4-scored")
    tab_to("#close")
    press("Enter", "Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("第二次审查")
    newcomer.look("training-keyboard-5-second")


@pytest.mark.parametrize("newcomer", ["en"], indirect=True)
@pytest.mark.long
def test_supervisors_see_how_officers_stand_and_officers_do_not(
    newcomer: Watched, browser: Browser, furnished: World
) -> None:
    page = newcomer.go("/training")
    expect(page.get_by_role("link", name="How officers stand")).to_have_count(0)
    answer = page.goto(f"{furnished.address}/training/officers")
    assert answer is not None
    assert answer.status == 403
    newcomer.faults.clear()
    chief = Watched(browser, furnished.address)
    chief.sign_in("supervisor")
    chief.go("/training")
    chief.page.get_by_role("link", name="How officers stand").click()
    expect(chief.page.get_by_role("heading", level=1)).to_have_text("How officers stand in training")
    chief.must_let_everybody_in("training-officers")
    chief.close()
