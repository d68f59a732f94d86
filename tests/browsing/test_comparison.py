"""The comparison in a real browser: each tool and its key changes what is drawn as it says; nobody is the person."""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import update

from matcher.casework.decisions import Stage
from matcher.casework.numbers import number_of, number_text
from matcher.drawn import photo_bytes
from matcher.quality import Quality
from matcher.quality.values import Measure, Reason, Verdict
from matcher.records import case_searches
from matcher.records.case_tables import case_candidate
from tests.browsing.hands import has_class
from tests.browsing.parts import Watched
from tests.browsing.world import World

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

BLURRED = Quality({}, 12.0, Verdict.UNFIT, (Reason(Measure.SHARPNESS, "the face is blurred", "photograph again"),))
_DRAWN = """(id) => document.getElementById(id).toDataURL()"""
_KEEP = """([id, name]) => {
  const canvas = document.getElementById(id);
  (window.kept ??= {})[name] = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
}"""
_GREY = """(id) => {
  const { data } = document.getElementById(id).getContext("2d").getImageData(0, 0, 2000, 2000);
  for (let at = 0; at < data.length; at += 4) if (data[at] !== data[at + 1] || data[at] !== data[at + 2]) return false;
  return true;
}"""
# The mean difference of two kept pictures in their middles, the second moved back by a share of the size.
_APART = """([one, other, x, y]) => {
  const [a, b] = [window.kept[one], window.kept[other]];
  const [dx, dy] = [Math.round(x * a.width), Math.round(y * a.height)];
  let [sum, count] = [0, 0];
  for (let row = a.height >> 2; row < (3 * a.height) >> 2; row += 1)
    for (let column = a.width >> 2; column < (3 * a.width) >> 2; column += 1)
      for (let channel = 0; channel < 3; channel += 1) {
        const [at, there] = [4 * (row * a.width + column), 4 * ((row + dy) * a.width + column + dx)];
        sum += Math.abs(a.data[at + channel] - b.data[there + channel]);
        count += 1;
      }
  return sum / count;
}"""
_SAME_PART = """([one, other, from, to]) => {
  const [a, b] = [window.kept[one], window.kept[other]];
  for (let row = 0; row < a.height; row += 1)
    for (let column = Math.ceil(from * a.width); column < to * a.width; column += 1)
      for (let channel = 0; channel < 4; channel += 1) {
        const at = 4 * (row * a.width + column) + channel;
        if (a.data[at] !== b.data[at]) return false;
      }
  return true;
}"""


class Panes:
    """What the two panes show. Keys are pressed with the focus at the candidate's photo, in no field."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.locator("#candidate").focus()

    def drawn(self) -> tuple[str, str]:
        """Of the person in custody and of the candidate."""
        return self.page.evaluate(_DRAWN, "probe"), self.page.evaluate(_DRAWN, "candidate")

    def key(self, key: str) -> tuple[str, str]:
        self.page.keyboard.press(key)
        return self.drawn()

    def click(self, button: str) -> tuple[str, str]:
        self.page.locator(button).click()
        return self.drawn()

    def keep(self, name: str, canvas: str = "probe") -> None:
        self.page.evaluate(_KEEP, [canvas, name])


@pytest.fixture
def comparing(browser: Browser, furnished: World) -> Iterator[Watched]:
    """Anna with a review of her own of four candidates, of whom one is open."""
    anna = furnished.officer("anna")
    search = furnished.search(anna, furnished.case(anna, furnished.people[4]))
    watched = Watched(browser, furnished.address)
    watched.sign_in("anna")
    watched.go(f"/reviews/{furnished.office.reviews.begin(anna, search).id}")
    for said in ("#candidate-said", "#probe-said"):
        expect(watched.page.locator(said)).to_contain_text("of 100")
    yield watched
    # This test reads canvases, which the page itself never does twice.
    watched.must_be_clean("willReadFrequently")
    watched.close()


def test_each_tool_changes_what_is_drawn_and_takes_it_back(comparing: Watched) -> None:
    panes = Panes(comparing.page)
    plain = panes.drawn()
    for key, toggle, both in (
        ("f", "flip", False), ("g", "grey", True), ("e", "equal", True), ("l", "points", True), ("r", "grid", True),
    ):  # fmt: skip
        changed = panes.key(key)
        # Only the candidate is flipped: both the same way round would tell nothing.
        assert (changed[0] != plain[0], changed[1] != plain[1]) == (both, True), toggle
        expect(comparing.page.locator(f"[data-toggle={toggle}]")).to_have_attribute("aria-pressed", "true")
        if toggle == "grey":
            assert comparing.page.evaluate(_GREY, "probe")
            assert comparing.page.evaluate(_GREY, "candidate")
        # Its button does what the key does, and twice is as it was.
        assert panes.click(f"[data-toggle={toggle}]") == plain, toggle
    assert not comparing.page.evaluate(_GREY, "candidate")


def test_both_photos_are_zoomed_and_moved_alike(comparing: Watched) -> None:
    page, panes = comparing.page, Panes(comparing.page)
    plain = panes.drawn()
    larger = panes.key("+")
    assert larger[0] != plain[0]
    assert larger[1] != plain[1]
    assert panes.click("[data-zoom=out]") == plain
    assert panes.click("[data-zoom=in]") == larger
    for canvas in ("probe", "candidate"):
        panes.keep(f"{canvas} before", canvas)
    for way, key, back, x, y in (
        ("left", "Shift+ArrowLeft", "right", 0.05, 0), ("right", "Shift+ArrowRight", "left", -0.05, 0),
        ("up", "Shift+ArrowUp", "down", 0, 0.05), ("down", "Shift+ArrowDown", "up", 0, -0.05),
    ):  # fmt: skip
        moved = panes.click(f"[data-move={way}]")
        for canvas in ("probe", "candidate"):
            panes.keep(f"{canvas} after", canvas)
            there = page.evaluate(_APART, [f"{canvas} before", f"{canvas} after", x, y])
            elsewhere = page.evaluate(_APART, [f"{canvas} before", f"{canvas} after", -x, -y])
            assert there < 0.5 * elsewhere, (way, canvas)
        panes.click(f"[data-move={back}]")
        assert panes.key(key) == moved
        panes.click(f"[data-move={back}]")
    assert panes.key("0") == plain
    # Dragged by the mouse, and enlarged by the wheel.
    box = page.locator("#probe").bounding_box()
    assert box
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    page.mouse.wheel(0, -200)
    page.wait_for_function(f"(before) => ({_DRAWN})('probe') !== before", arg=plain[0])
    wheeled = panes.drawn()
    assert wheeled[1] != plain[1]
    page.mouse.down()
    page.mouse.move(middle[0] + 40, middle[1] + 30)
    page.mouse.up()
    dragged = panes.drawn()
    assert dragged[0] != wheeled[0]
    assert dragged[1] != wheeled[1]
    page.mouse.move(*middle)
    assert panes.drawn() == dragged, "moves with no button pressed"


def test_two_fingers_enlarge_and_nothing_jumps(comparing: Watched) -> None:
    page, panes = comparing.page, Panes(comparing.page)
    plain = panes.drawn()
    box = page.locator("#probe").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    hand = comparing.context.new_cdp_session(page)

    def touch(kind: str, *apart: float) -> tuple[str, str]:
        points = [{"x": x + one, "y": y, "id": place} for place, one in enumerate(apart)]
        hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return panes.drawn()

    assert touch("touchStart", -30) == plain
    assert touch("touchStart", -30, 30) == plain
    spread = touch("touchMove", -60, 60)
    assert spread[0] != plain[0]
    assert spread[1] != plain[1]
    # One finger is lifted: the other goes on from where it is.
    assert touch("touchMove", -60) == spread
    assert touch("touchMove", -40) != spread
    touch("touchEnd")
    panes.click("[data-zoom=reset]")
    assert panes.drawn() == plain


def test_flicker_blend_and_wipe_show_one_over_the_other(comparing: Watched) -> None:
    page, panes = comparing.page, Panes(comparing.page)
    panes.key("2")
    comparing.look("comparison-flicker")
    for caption in ("#probe-said", "#candidate-said"):
        expect(page.locator(caption)).to_be_visible()
        expect(page.locator(caption)).to_contain_text("of 100")
    seen = {page.evaluate(_DRAWN, "probe")}
    page.wait_for_function(f"(before) => ({_DRAWN})('probe') !== before", arg=next(iter(seen)))
    seen.add(page.evaluate(_DRAWN, "probe"))
    panes.key("3")
    mix = page.locator("#mix")
    half = page.evaluate(_DRAWN, "probe")
    mix.fill("0")
    probe = page.evaluate(_DRAWN, "probe")
    panes.keep("probe")
    panes.key("f")
    # Nothing of the candidate is in it, who alone is flipped.
    assert page.evaluate(_DRAWN, "probe") == probe
    panes.key("f")
    mix.fill("100")
    candidate = page.evaluate(_DRAWN, "probe")
    panes.keep("candidate")
    assert {probe, candidate} == seen
    assert half not in seen
    page.locator("#candidate-name").click()
    panes.page.locator("#mix").fill("50")
    assert page.evaluate(_DRAWN, "probe") == half
    page.locator("[data-mode=wipe]").click()
    panes.keep("wiped")
    assert page.evaluate(_SAME_PART, ["wiped", "probe", 0, 0.48])
    assert page.evaluate(_SAME_PART, ["wiped", "candidate", 0.52, 1])
    assert not page.evaluate(_SAME_PART, ["wiped", "candidate", 0, 0.48])
    before = page.evaluate(_DRAWN, "probe")
    page.keyboard.press("]")
    expect(mix).to_have_value("55")
    assert page.evaluate(_DRAWN, "probe") != before
    page.keyboard.press("[")
    assert page.evaluate(_DRAWN, "probe") == before
    page.keyboard.press("1")
    expect(page.locator("#mix-of")).to_be_hidden()
    expect(page.locator("#candidate")).to_be_visible()


def test_next_and_previous_show_another_candidate_beside_the_same_person(comparing: Watched) -> None:
    page, panes = comparing.page, Panes(comparing.page)
    first = panes.drawn()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#candidate-name")).to_have_text("Candidate 2 of 4")
    expect(page.locator("#candidate-said")).to_contain_text("of 100")
    second = panes.drawn()
    assert second[0] == first[0]
    assert second[1] != first[1]
    page.locator("#previous").click()
    expect(page.locator("#candidate-name")).to_have_text("Candidate 1 of 4")
    assert panes.drawn() == first
    page.locator("#next").click()
    expect(page.locator("#candidate-name")).to_have_text("Candidate 2 of 4")
    assert panes.drawn() == second


def test_nobody_of_these_is_said_after_all_were_opened(comparing: Watched, furnished: World) -> None:
    page = comparing.page
    page.locator("#nobody").click(force=True)
    expect(page.locator("#nobody-of")).to_be_hidden()
    expect(page.locator("#left")).to_contain_text("not opened yet")
    for place in range(4):
        page.locator("#strip button").nth(place).click()
        expect(page.locator("#strip button").nth(place)).to_have_class(has_class("opened"))
    page.locator("#nobody").click()
    # What differs has to be named.
    page.locator("#nobody-yes").click()
    expect(page.locator("#nobody-wrong")).to_be_visible()
    comparing.must_let_everybody_in("comparison-nobody")
    page.locator("[name=differs][value=ears]").check()
    page.locator("#nobody-yes").click()
    for place in range(4):
        expect(page.locator("#strip button").nth(place)).to_have_class(has_class("different_person"))
    page.locator("#reveal").click()
    page.locator("#sure-of button[value=yes]").click()
    expect(page.locator("#scores")).to_be_visible()
    comparing.look("comparison-scored")
    page.locator("#close").click()
    page.locator("#sure-of button[value=yes]").click()
    expect(page.get_by_text("This review is handed in")).to_be_visible()
    comparing.must_let_everybody_in("comparison-handed-in")
    # One search in five is looked at by a second person although nobody was found, who must not know that.
    case = number_of("C", page.locator("main a[href^='/cases/']").first.get_attribute("href").rpartition("/")[2])
    anna = furnished.officer("anna")
    (search,) = furnished.desk.searches.searches(anna, case)
    assert search.stage is (Stage.SECOND if search.second_look else Stage.SETTLED)
    if search.second_look:
        furnished.review(furnished.officer("boris"), search.number, None)
    settled = [event for event in furnished.office.cases.get(anna, case).events if event.kind == "search settled"]
    assert [event.after for event in settled] == [f"{search.id}: nobody"]
    assert furnished.office.reviews.identifications(anna, case) == ()


def test_whoever_compares_is_seen_at_the_case(comparing: Watched, browser: Browser, furnished: World) -> None:
    case = comparing.page.locator("main nav a[href^='/cases/']").inner_text()
    boris = Watched(browser, furnished.address)
    boris.sign_in("boris")
    boris.go(f"/cases/{case}/photos/new")
    expect(boris.page.locator("#present")).to_contain_text("anna")
    expect(comparing.page.locator("#present")).to_contain_text("boris")
    comparing.look("comparison-two-at-once")
    boris.must_be_clean()
    boris.close()
    expect(comparing.page.locator("#present")).to_be_hidden()


def test_what_a_search_says_of_itself_stands_with_the_scores(browser: Browser, furnished: World) -> None:
    anna, person = furnished.officer("anna"), furnished.people[5]
    case = furnished.case(anna, person).number
    (photo,) = furnished.office.cases.get(anna, case).photos
    prepared = replace(furnished.matcher.prepare(photo_bytes(person, 1)), quality=BLURRED)
    search, _ = furnished.desk.searches.search(
        anna, case, gallery="main", photo=photo.sha256, top=2, anyway=True, prepared=prepared
    )
    review = furnished.review(anna, search.number, None, close=False)
    # As a joined engine would have left it, which needs a larger gallery than this one.
    with furnished.office.files.database.writing() as connection:
        for one in case_searches.candidates(connection, search.number):
            told = json.dumps(asdict(replace(one.scores, agreement="disagree")))
            connection.execute(update(case_candidate).where(case_candidate.c.id == one.number).values(scores=told))
    watched = Watched(browser, furnished.address)
    watched.sign_in("anna")
    page = watched.go(f"/reviews/{number_text('R', review)}")
    expect(page.locator("#candidate-said")).to_contain_text("of 100")
    for word in ("blurred", "engines", "rest on"):
        assert word not in page.content(), word
    furnished.office.reviews.reveal(anna, review)
    page.reload()
    expect(page.locator("#scores .message.warn")).to_contain_text("the face is blurred")
    expect(page.locator("#scores")).to_contain_text("The two engines disagree")
    page.locator("#scores summary").click()
    expect(page.locator("#scores details")).to_contain_text("Probabilities hold for a search among")
    watched.must_let_everybody_in("comparison-told")
    # The page of searches has a line for it, where an answer says it.
    page = watched.go("/search")
    said = page.evaluate(
        """async () => {
          const { candidateItem } = await import("/static/view.js");
          const person = { person_id: "p1", name: "A", gallery: "main", nationality: "", sex: "" };
          const candidate = { rank: 1, person, score: 3, photos: 1, confidence: null, meaning: "", best_photo: "0" };
          return ["", "disagree"].map((agreement) => candidateItem({ ...candidate, agreement }, {}).textContent);
        }"""
    )
    assert "engines" not in said[0]
    assert "The two engines disagree" in said[1]
    watched.close()
