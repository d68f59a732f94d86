"""The backlog's pages in a real Chromium: a folder is sent, watched and gone through; and cases behind the gate."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from matcher.accounts.roles import RIGHTS, Right, Role
from matcher.drawn import photo_bytes
from tests.api.attacks.parts import PASSWORD, Served, csrf, guarded, sign_in
from tests.api.serving import enroll
from tests.api.test_jobs import packed, work
from tests.api.test_page import Seen, browser

__all__ = ["browser"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, networks: Path) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("backlogs")
    (home / "networks").symlink_to(networks)
    with guarded(home) as served:
        served.accounts.register.add("second", frozenset({Role.OFFICER}), PASSWORD, must_change=False)
        with served.browser() as client:
            client.headers.update(_program(served, "supervisor"))
            for number in range(3):
                assert enroll(client, number).status_code == 201
            assert enroll(client, 4, gallery="abroad").status_code == 201
        with served.browser() as client:
            sign_in(client, "administrator")
            for gallery, is_foreign in (("main", False), ("abroad", True)):
                terms = {
                    "kind": "register",
                    "supplier": "a ministry",
                    "country": "USA",
                    "is_foreign": is_foreign,
                    "legal_basis": "agreement 7",
                }
                stated = client.put(f"/v1/galleries/{gallery}", json=terms, headers=csrf(client))
                assert stated.status_code == 200, stated.text
        yield served


@pytest.mark.long
def test_an_officer_sends_a_folder_and_goes_through_it(browser: Browser, served: Served, tmp_path: Path) -> None:
    folder = tmp_path / "my folder"
    (folder / "more" / ("n" * 120)).mkdir(parents=True)
    (folder / "list.csv").write_text(
        f"case_id,photo,deadline\nlate,a.jpg,2026-09-01\nsoon,more/{'n' * 120}/b.jpg,2026-05-01\n", encoding="utf-8"
    )
    (folder / "a.jpg").write_bytes(photo_bytes(1, 2))
    (folder / "more" / ("n" * 120) / "b.jpg").write_bytes(photo_bytes(0, 2))
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    seen = Seen(page)
    page.goto(f"{served.address}/signin")
    page.get_by_label("Name").fill("officer")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Backlogs").click()
    page.get_by_role("button", name="Send").click()
    page.get_by_label("Name of this backlog").fill("spring")
    page.get_by_label("Gallery", exact=True).select_option("main")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#sent")).to_contain_text("Choose a zip file or a folder first.")
    page.locator("#folder").set_input_files(folder)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="spring")).to_be_visible()
    expect(page.locator("#said")).to_contain_text("No worker is at it")
    _shot(page, "backlog-waiting")
    assert work(served.home) == 2
    expect(page.locator("#far")).to_contain_text("done")
    expect(page.locator("tbody tr").first).to_contain_text("soon")
    expect(page.locator("tbody tr").first).to_contain_text("candidates found")
    # How many times likelier: the person was found.
    expect(page.locator("tbody tr").first.locator("td").nth(4)).to_have_text(re.compile(r"(at least )?[0-9,]{3,}"))
    page.get_by_role("link", name="best photos").click()
    expect(page.get_by_role("link", name="best photos")).to_have_attribute("aria-current", "page")
    qualities = [int(text) for text in page.locator("tbody tr td:nth-last-child(2)").all_inner_texts()]
    assert qualities == sorted(qualities, reverse=True)
    page.get_by_label("Priority").fill("4")
    page.get_by_role("button", name="Change").click()
    expect(page.locator("#prioritised")).to_contain_text("Changed")
    _shot(page, "backlog-done")
    with page.expect_download() as download:
        page.get_by_role("link", name="Table of candidates (CSV)").click()
    assert "drawn-000001" in Path(download.value.path()).read_text(encoding="utf-8")
    page.get_by_role("link", name="Backlogs").first.click()
    expect(page.get_by_role("link", name="spring")).to_be_visible()
    _shot(page, "backlogs")
    context.close()
    assert seen.faults == []


@pytest.mark.long
def test_cases_are_searched_for_who_made_the_job_and_no_others(served: Served) -> None:
    mine, other = _program(served, "officer"), _program(served, "supervisor")
    with httpx.Client(base_url=served.address, timeout=60) as client:
        claim = {"name": "X"}
        cases = [
            client.post("/v1/cases", json={"country": "CHN", "claim": claim}, headers=who).json()["id"]
            for who in (mine, mine, other)
        ]
        for gallery in ("abroad", "main"):
            put = {"gallery": gallery, "country": "USA", "basis": "agreement 7"}
            assert client.post(f"/v1/cases/{cases[0]}/galleries", json=put, headers=mine).status_code == 200
        twin = {"photo": ("p.jpg", photo_bytes(1, 5), "image/jpeg")}
        assert client.post(f"/v1/cases/{cases[1]}/photos", files=twin, headers=mine).status_code == 201
        numbered = list(enumerate([*cases, "C-00000-00001"]))
        listing = "case_id,photo\n" + "".join(f"{case},{number}.jpg\n" for number, case in numbered)
        photos = {"list.csv": listing.encode(), **{f"{number}.jpg": photo_bytes(1, 2) for number, _ in numbered}}
        ended = {}
        for gallery in ("abroad", "main"):
            asked = {"name": "in cases", "kind": "cases", "gallery": gallery}
            job = client.post("/v1/jobs", json=asked, headers=mine).json()["id"]
            sent = client.put(f"/v1/jobs/{job}/photos", content=packed(photos), headers=mine)
            assert sent.status_code == 200, sent.text
            work(served.home)
            listed = client.get(f"/v1/jobs/{job}/photos", headers=mine).json()["photos"]
            ended[gallery] = {one["case_id"]: (one["outcome"], one["code"], one["reason"]) for one in listed}
            # Another officer's protected case is told as one that is not there.
            assert ended[gallery][cases[2]] == ended[gallery]["C-00000-00001"]
            assert ended[gallery][cases[2]][:2] == ("not_searched", "not_found")
        # What may not leave for another country's gallery does not, nor does its photo enter the case for it.
        assert ended["abroad"][cases[0]][:2] == ("not_searched", "confidential")
        assert ended["main"][cases[0]][:2] == ("candidates", "")
        assert ended["main"][cases[1]][:2] == ("not_searched", "not_now")
        searches = client.get(f"/v1/cases/{cases[0]}/searches", headers=mine).json()["searches"]
        assert [search["outcome"] for search in searches] == ["candidates"]
        assert client.get(f"/v1/cases/{cases[1]}/searches", headers=mine).json()["searches"] == []
        # The photo that the job brought was compared with the other cases.
        twins = client.get(f"/v1/cases/{cases[0]}/duplicates", headers=mine).json()["duplicates"]
        assert [one["case"] for one in twins] == [cases[1]]
        # Candidates are the reviewers'; the job has none of them, nor tells who is strong.
        photos_of = f"/v1/jobs/{job}/photos"
        assert client.get(photos_of, params={"sort": "strength"}, headers=mine).status_code == 422
        assert client.get(photos_of, params={"sort": "quality"}, headers=mine).status_code == 200
        assert "drawn-000001" not in client.get(f"/v1/jobs/{job}/results", headers=mine).text
        assert client.get(f"/v1/jobs/{job}", headers=other).status_code == 200
        stranger = _program(served, "second")
        assert client.get(f"/v1/jobs/{job}", headers=stranger).status_code == 404
        assert client.get("/v1/jobs", headers=stranger).json() == {"jobs": [], "next": ""}


def _program(served: Served, account: str) -> dict[str, str]:
    role = Role.OFFICER if account == "second" else Role(account)
    never = {Right.OWN_ACCOUNT, Right.MANAGE_ACCOUNTS}
    return served.program(account, *(RIGHTS[role] - never))


def _shot(page: object, name: str) -> None:
    folder = os.environ.get("MATCHER_SCREENSHOTS")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)  # type: ignore[attr-defined]
