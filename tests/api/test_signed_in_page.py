"""Signing in, searching and signing out in a real headless Chromium."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from matcher.accounts.roles import Role
from matcher.drawn import photo_bytes
from tests.api.attacks.parts import PASSWORD, Served, guarded
from tests.api.test_page import Seen, browser

__all__ = ["browser"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, networks: Path) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("signed-in")
    (home / "networks").symlink_to(networks)
    with guarded(home) as served:
        served.accounts.register.add("new", frozenset({Role.OFFICER}), PASSWORD)
        yield served


@pytest.mark.long
def test_an_officer_changes_the_first_password_searches_and_signs_out(browser: Browser, served: Served) -> None:
    context = browser.new_context()
    page = context.new_page()
    seen = Seen(page)
    page.goto(served.address)
    _sign_in(page, "new", "not the password")
    expect(page.get_by_role("alert")).to_contain_text("wrong")
    _sign_in(page, "new", PASSWORD)
    expect(page).to_have_url(f"{served.address}/account")
    page.get_by_label("Present password").fill(PASSWORD)
    chosen = "words of my very own 3"
    page.get_by_label("New password").fill(chosen)
    page.get_by_label("The new one again").fill(chosen)
    page.get_by_role("button", name="Change it").click()
    expect(page).to_have_url(f"{served.address}/worklist")
    page.get_by_role("link", name="Search").click()
    photo = {"name": "probe.jpg", "mimeType": "image/jpeg", "buffer": photo_bytes(3, 2)}
    page.locator("#file").set_input_files(photo)
    expect(page.locator("#said h2")).to_contain_text("Nobody")
    page.get_by_role("link", name="Account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{served.address}/signin")
    page.goto(served.address)
    expect(page).to_have_url(f"{served.address}/signin")
    context.close()
    # The refused sign-in is a fault of the network to the browser's console, and the only one.
    assert [fault for fault in seen.faults if "401" not in fault] == []
    assert all(address.startswith((served.address, "blob:")) for address in seen.asked)


@pytest.mark.long
def test_a_page_whose_session_has_ended_leads_to_the_sign_in(browser: Browser, served: Served) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(served.address)
    _sign_in(page, "officer", PASSWORD)
    page.get_by_role("link", name="Search").click()
    expect(page.get_by_role("link", name="Account")).to_be_visible()
    expect(page.locator("#galleries")).to_contain_text("0 people")
    served.accounts.register.set_roles("officer", frozenset({Role.OFFICER, Role.AUDITOR}))
    photo = {"name": "probe.jpg", "mimeType": "image/jpeg", "buffer": photo_bytes(3, 2)}
    page.locator("#file").set_input_files(photo)
    expect(page).to_have_url(f"{served.address}/signin")
    context.close()


def _sign_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
