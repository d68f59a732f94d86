"""The path of a case in a real browser, by mouse in English and by keyboard in Chinese.

Two officers and a supervisor work on it; whoever received its document verifies it; an auditor follows it.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from api.web.audit_words import ACTIONS
from api.web.languages import Language, translations
from matcher.audit.entry import Action
from matcher.casework.numbers import number_of
from matcher.drawn import biography, photo_bytes
from tests.browsing.hands import Hand, Keyboard, Mouse, has_class
from tests.browsing.parts import Watched
from tests.browsing.world import World, world

HANDS = {"en": Mouse, "zh-Hans": Keyboard}
FOLLOWED = (Action.CASE_CHANGED, Action.SEARCH, Action.DECISION, Action.DOCUMENT)
"""What the audit of a case shows, by when it first happened."""


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A service with people, and no case yet."""
    with world(tmp_path_factory.mktemp("path"), people=3) as made:
        yield made


@dataclass(frozen=True, slots=True)
class Somebody:
    """Who works: their browser, and how they work it."""

    watched: Watched
    hand: Hand

    @property
    def page(self) -> Page:
        return self.watched.page

    def step(self, name: str, **fields: str) -> None:
        """Open one of the folded steps of a case's page, fill it in, and send it."""
        self.fills(f"form[action$='/steps/{name}']", **fields)

    def fills(self, form: str, **fields: str) -> None:
        """The same for any form that is folded away."""
        self.hand.press(f"details.step:has({form}) > summary")
        for field, text in fields.items():
            tag = self.page.locator(f"{form} [name={field}]").first.evaluate("(one) => one.tagName")
            (self.hand.pick if tag == "SELECT" else self.hand.write)(f"{form} [name={field}]", text)
        # Whoever goes elsewhere at once takes the form back before it has arrived.
        with self.page.expect_response(lambda answer: answer.request.method == "POST"):
            self.hand.press(f"{form} button.button")

    def loads(self, selector: str) -> bytes:
        """What a link gives to be kept."""
        with self.page.expect_download() as under_way:
            self.hand.press(selector)
        return Path(under_way.value.path()).read_bytes()

    def judges(self, same: int) -> None:
        """Open and judge every candidate; the one at this place of the blind order is the person, -1 for nobody."""
        page, hand = self.page, self.hand
        marks = page.locator("#strip button")
        expect(marks.first).to_be_visible()
        for place in range(marks.count()):
            expect(marks.nth(place)).to_have_attribute("aria-current", "true")
            expect(page.locator("#candidate-said")).to_contain_text("100")
            is_same = place == same
            hand.mark("verdict", "same_person" if is_same else "different_person")
            for feature in ("eyes", "nose"):
                hand.pick(f"#feature-{feature}", "similar" if is_same else "different")
            hand.slide("#confidence")
            hand.press("#save")
            expect(marks.nth(place)).to_have_class(has_class("judged"))

    def ends(self, button: str) -> None:
        """One of the two stages, and says yes to it."""
        self.hand.press(button)
        self.hand.press("#sure-of button[value=yes]")


@contextmanager
def somebody(browser: Browser, made: World, name: str, language: str) -> Iterator[Somebody]:
    watched = Watched(browser, made.address, language=language, theme="light" if language == "en" else "dark")
    watched.sign_in(name)
    yield Somebody(watched, HANDS[language](watched.page))
    watched.must_be_clean()
    watched.close()


def _place_of(made: World, page: Page, name: str, person: int) -> int:
    """Where the drawn person stands in the blind order of the review that is open, as only the test may know it."""
    review = number_of("R", page.url.rpartition("/")[2])
    shown = made.office.reviews.view(made.officer(name), review).candidates
    wanted = biography(person).person_id
    return next(place for place, one in enumerate(shown) if one.candidate.key[1] == wanted)


def _opened(anna: Somebody, person: int) -> str:
    """A new case with a photo; its number."""
    page, hand, papers = anna.page, anna.hand, biography(person)
    anna.watched.look("path-01-worklist")
    hand.press("a[href='/cases/new']")
    hand.mark("protection", "unknown")
    hand.write("#f-name", papers.name)
    hand.write("#f-native_name", papers.native_name)
    hand.write("#f-date_of_birth", papers.date_of_birth)
    hand.write("#f-country", "CHN")
    hand.write("#f-custody_date", "2026-10-01")
    hand.give("#files", photo_bytes(person, 1))
    expect(page.locator("#judged canvas")).to_be_visible()
    hand.pick("#f-gallery", "main")
    hand.write("#f-basis", "agreement of 2008, article 4")
    anna.watched.look("path-02-new-case")
    hand.press("#open")
    expect(page).to_have_url(has_class("cases/C-"))
    return page.url.rpartition("/")[2]


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("language", HANDS)
def test_from_the_photo_to_the_consulates_answer(
    browser: Browser, untouched: World, tmp_path: Path, language: str
) -> None:
    made, person = untouched, untouched.people[0 if language == "en" else 1]
    with somebody(browser, made, "anna", language) as anna:
        page, hand = anna.page, anna.hand
        case = _opened(anna, person)
        expect(page.locator(".photos img")).to_have_count(1)
        # Another country supplied the gallery: nobody can search before two people have lifted the protection.
        expect(page.locator("form[action$='/steps/search']")).to_have_count(0)
        anna.step("ask-to-lift", reason="asked the person and the lawyer: nothing of that kind")
        anna.watched.look("path-03-case")
        with somebody(browser, made, "supervisor", language) as chief:
            chief.watched.go(f"/cases/{case}")
            chief.hand.press("form[action$='/agree-to-lift'] button")
            expect(chief.page.locator(".message.done")).to_be_visible()
        anna.watched.go(f"/cases/{case}")
        hand.press("form[action$='/steps/search'] button")
        expect(page.locator("form[action^='/searches/']")).to_be_visible()
        hand.press("form[action^='/searches/'] button")
        expect(page.locator("#panes")).to_be_visible()
        anna.judges(_place_of(made, page, "anna", person))
        anna.watched.look("path-04-blind")
        anna.ends("#reveal")
        expect(page.locator("#scores")).to_be_visible()
        anna.watched.must_let_everybody_in("path-05-scored")
        anna.ends("#close")
        expect(page.locator("#close")).to_have_count(0)
        with somebody(browser, made, "boris", language) as boris:
            boris.watched.go("/worklist?view=review")
            boris.watched.must_let_everybody_in("path-06-to-review")
            boris.hand.press("form[action^='/searches/'] button")
            expect(boris.page.locator("#panes")).to_be_visible()
            boris.judges(_place_of(made, boris.page, "boris", person))
            boris.ends("#reveal")
            boris.ends("#close")
            expect(boris.page.locator("#close")).to_have_count(0)
            boris.watched.go(f"/cases/{case}")
            expect(boris.page.locator("p.message.done")).to_contain_text(biography(person).person_id)
            boris.watched.must_let_everybody_in("path-07-identified")
            counted = _cases_counted(anna)
            _to_the_consulate_and_back(anna, boris, case, verified=lambda pdf: _verify(made, tmp_path, case, pdf))
        _is_counted(anna, counted)
    with somebody(browser, made, "auditor", language) as auditor:
        _is_followed(auditor, case)


def _to_the_consulate_and_back(anna: Somebody, boris: Somebody, case: str, verified: Callable[[bytes], None]) -> None:
    """The document is made, verified, sent and answered; another person checks the answer."""
    page, documents = anna.page, f"form[action='/cases/{case}/documents']"
    anna.watched.go(f"/cases/{case}")
    anna.hand.press(f"a[href='/cases/{case}/documents']")
    anna.hand.press(f"{documents} button")
    expect(page.locator(".message.done").first).to_be_visible()
    anna.watched.must_let_everybody_in("path-08-document")
    verified(anna.loads("a[href$='/pdf']"))
    anna.fills("form[action$='/sent']", sent_on="2026-11-10", how="courier 7")
    expect(page.locator("form[action$='/typed']")).to_have_count(1)
    anna.fills("form[action$='/typed']", answer="confirmed", answered_on="2026-11-20", answered_by="Wang Wei")
    anna.watched.go(f"/cases/{case}")
    # Whoever wrote it down does not check it.
    expect(page.locator("form[action$='/check-answer']")).to_have_count(0)
    boris.watched.go(f"/cases/{case}")
    boris.hand.press("form[action$='/check-answer'] button")
    expect(boris.page.locator(".heading .badge.good").first).to_be_visible()
    boris.watched.must_let_everybody_in("path-09-confirmed")


def _verify(made: World, folder: Path, case: str, pdf: bytes) -> None:
    """As the recipient does: the file, the public key, and nothing of the service."""
    file, key = folder / "request.pdf", folder / "public.pem"
    file.write_bytes(pdf)
    key.write_text(httpx.get(f"{made.address}/v1/documents/keys").json()["keys"][0]["pem"])
    asked = [sys.executable, "-m", "api.cli", "document", "verify", str(file), "--key", str(key)]
    asked += ["--home", str(folder / "none")]
    told = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    for said in (case, "examined by anna, confirmed by boris", "not a decision"):
        assert said in told.stdout
    file.write_bytes(pdf.replace(b"Pages", b"pages", 1))
    assert subprocess.run(asked, capture_output=True, check=False).returncode == 1


def _cases_counted(somebody: Somebody) -> int:
    """How many confirmed cases the statistics show; 0 where there is no case yet."""
    somebody.watched.go("/worklist")
    somebody.hand.press(".places a[href='/statistics']")
    expect(somebody.page).to_have_url(has_class("statistics"))
    with somebody.page.expect_download() as under_way:
        somebody.hand.press(".heading a[download]")
    rows = [line.split(",") for line in Path(under_way.value.path()).read_text().splitlines()]
    return sum(int(count) for what, name, count in rows if (what, name) == ("status", "confirmed"))


def _is_counted(anna: Somebody, before: int) -> None:
    assert _cases_counted(anna) == before + 1
    anna.watched.must_let_everybody_in("path-10-statistics")


def _is_followed(auditor: Somebody, case: str) -> None:
    """Everything that was done to the case, in the order in which it was done; and the chain is whole."""
    page, hand = auditor.page, auditor.hand
    auditor.watched.go("/audit")
    hand.press("a[href='/audit/case']")
    hand.write("main [name=number]", case)
    hand.press("main form button.button")
    expect(page).to_have_url(f"{auditor.watched.address}/audit/cases/{case}")
    auditor.watched.must_let_everybody_in("path-11-audit-of-the-case")
    steps = page.locator("ol.steps strong").all_inner_texts()
    while page.locator("a[rel=next]").count():
        before = page.url
        hand.press("a[rel=next]")
        expect(page).not_to_have_url(before)
        steps += page.locator("ol.steps strong").all_inner_texts()
    language = Language(auditor.watched.language)
    order = [translations(language).gettext(ACTIONS[action]) for action in FOLLOWED]
    assert set(order) <= set(steps), steps
    assert sorted(order, key=steps.index) == order, steps
    hand.press("a[href='/audit/verification']")
    hand.press("form[action='/audit/verification'] button.button")
    expect(page.locator(".message.done h2")).to_be_visible()
    auditor.watched.must_let_everybody_in("path-12-chain-verified")
