"""The document for the consulate in the pages: seen, made, downloaded, said to be sent, answered, checked."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from matcher.casework.document.verifying import verify
from matcher.casework.numbers import number_of
from tests.browsing.parts import Watched
from tests.browsing.world import World
from tests.pdfa import findings


def _identified(furnished: World, person: int) -> str:
    """A case of Anna's in which she and Boris found one person; its number."""
    anna, boris = furnished.officer("anna"), furnished.officer("boris")
    case = furnished.case(anna, person)
    search = furnished.search(anna, case)
    for who in (anna, boris):
        furnished.review(who, search, person)
    return case.id


def _downloaded(page: Page, name: str, kind: str = "link") -> bytes:
    with page.expect_download() as under_way:
        if kind == "link":
            page.get_by_role("link", name=name).first.click()
        else:
            page.get_by_role("button", name=name).first.click()
    return Path(under_way.value.path()).read_bytes()


@pytest.mark.long
def test_from_the_identification_to_the_checked_answer(browser: Browser, furnished: World) -> None:
    case = _identified(furnished, furnished.people[4])
    anna = Watched(browser, furnished.address)
    anna.sign_in("anna")
    page = anna.go(f"/cases/{case}")
    page.get_by_role("link", name="Go to the documents").click()
    expect(page.get_by_text("None was made yet.")).to_be_visible()
    seen = _downloaded(page, "See how it would look", "button")
    assert findings(seen) == []
    expect(page.get_by_text("None was made yet.")).to_be_visible()
    page.get_by_role("button", name="Make and sign it").click()
    expect(page.get_by_role("status")).to_contain_text("was made and signed")
    anna.must_let_everybody_in("document-1-made")

    keys = furnished.office.documents.keys.public()
    pdf, data = _downloaded(page, "Download the PDF"), _downloaded(page, "Download the JSON")
    genuine = verify(pdf, keys)
    assert (genuine.case, verify(data, keys).sha256) == (case, genuine.sha256)
    assert findings(pdf) == []

    page.get_by_text("It was sent", exact=True).click()
    page.get_by_label("Sent on").fill("2026-03-01")
    page.get_by_label("By which way, with its reference").fill("courier 7")
    page.get_by_role("button", name="Say that it was sent").click()
    expect(page.get_by_role("status")).to_contain_text("the case is sent to the consulate")

    response = {"format": "identity-matcher verification response 1", "document": genuine.document, "case": case,
                "sha256": "0" * 64, "answer": "confirmed", "answered_on": "2026-03-02",
                "answered_by": "Wang Wei"}  # fmt: skip
    page.get_by_text("An answer came as JSON").click()
    page.get_by_label("The JSON, as it came").fill(json.dumps(response))
    page.get_by_role("button", name="Write the answer down").first.click()
    # It answers another document: it is told, and nothing that was typed is lost.
    expect(page.get_by_role("alert")).to_contain_text("sha256")
    expect(page.get_by_label("The JSON, as it came")).to_have_value(json.dumps(response))
    page.get_by_label("The JSON, as it came").fill(json.dumps({**response, "sha256": genuine.sha256}))
    page.get_by_role("button", name="Write the answer down").first.click()
    expect(page.get_by_role("status")).to_contain_text("Another person has to check it")
    anna.must_be_clean("422")
    anna.close()

    boris = Watched(browser, furnished.address, language="zh-Hans", theme="dark")
    boris.sign_in("boris")
    page = boris.go(f"/cases/{case}/documents")
    expect(page.locator("h1")).to_contain_text("案件文件")
    boris.must_let_everybody_in("document-2-sent")
    page = boris.go(f"/cases/{case}")
    page.get_by_role("button", name="领馆确有此答复").click()
    expect(page.get_by_role("status").filter(has_text=re.compile("."))).to_be_visible()
    assert furnished.office.cases.get(furnished.officer("boris"), number_of("C", case)).case.status == "confirmed"
    boris.must_be_clean()
    boris.close()


@pytest.mark.long
def test_why_there_is_none_is_said(browser: Browser, furnished: World) -> None:
    anna = furnished.officer("anna")
    hidden = furnished.case(anna, furnished.people[5], lifted=False)
    watched = Watched(browser, furnished.address)
    watched.sign_in("anna")
    page = watched.go(f"/cases/{hidden.id}/documents")
    expect(page.get_by_text("protection is not lifted")).to_be_visible()
    expect(page.get_by_role("button", name="Make and sign it")).to_have_count(0)
    watched.must_let_everybody_in("document-3-protected")
    watched.close()
