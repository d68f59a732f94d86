"""Pages and states that are seldom seen are for everybody too: faults, dialogs, refused forms, secrets, empty lists."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from api.app import create_app
from matcher.settings import Settings
from tests.api.attacks.parts import QUICK
from tests.api.serving import serving
from tests.browsing.parts import Watched
from tests.browsing.world import EVERYTHING, World

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]


@pytest.fixture
def there(browser: Browser, furnished: World) -> Iterator[Watched]:
    """Somebody who may do everything, with half of it in the dark."""
    watched = Watched(browser, furnished.address, theme="dark")
    watched.sign_in(EVERYTHING)
    yield watched
    watched.close()


def test_pages_of_faults_shut_nobody_out(there: Watched, browser: Browser, furnished: World) -> None:
    there.go("/cases/C-00000-00000")
    there.must_have_been_told("404")
    there.must_let_everybody_in("seldom-not-found")
    anna = Watched(browser, furnished.address)
    anna.sign_in("anna")
    anna.go("/administration")
    anna.must_have_been_told("403")
    anna.must_let_everybody_in("seldom-forbidden")
    anna.close()


def test_coming_back_from_a_provider_shuts_nobody_out(browser: Browser, tmp_path: Path) -> None:
    provider = {"openid_issuer": "http://127.0.0.1:9", "openid_client_id": "matcher", "openid_roles": "clerks=officer"}
    with serving(create_app(Settings(home=tmp_path, **QUICK, **provider))) as address:
        watched = Watched(browser, address)
        watched.go("/signin/openid/callback?state=nobodys&code=none")
        watched.must_have_been_told("401")
        expect(watched.page.get_by_role("link", name="Go on")).to_be_visible()
        watched.must_let_everybody_in("seldom-not-signed-in")
        watched.close()


def test_dialogs_of_the_comparison_shut_nobody_out(there: Watched, furnished: World) -> None:
    page = there.go(f"/reviews/{furnished.ids['review']}")
    expect(page.locator("#candidate-said")).to_contain_text("of 100")
    page.locator("#help").click()
    expect(page.locator("#keys-of")).to_be_visible()
    there.must_let_everybody_in("seldom-keys")
    page.keyboard.press("Escape")
    page.locator("#reveal").click()
    expect(page.locator("#sure-of")).to_be_visible()
    there.must_let_everybody_in("seldom-sure")
    page.keyboard.press("Escape")


def test_refused_forms_and_secrets_shut_nobody_out(there: Watched) -> None:
    page = there.go("/cases/new")
    page.locator("[name=protection][value=unknown]").check()
    page.locator("#f-country").fill("CHN")
    page.locator("#f-date_of_birth").fill("1985-13")
    page.locator("#open").click()
    expect(page.locator("#f-date_of_birth[aria-invalid=true]")).to_be_focused()
    there.must_have_been_told("422")
    there.must_let_everybody_in("seldom-new-case-refused")
    page = there.go("/administration")
    page.locator("form[action='/administration/accounts'] [name=name]").fill("no such name")
    page.locator("form[action='/administration/accounts'] button.button").click()
    expect(page.locator("[aria-invalid=true], .message.fault").first).to_be_visible()
    there.faults.clear()
    there.must_let_everybody_in("seldom-account-refused")
    page.locator("form[action='/administration/accounts'] [name=name]").fill("newcomer")
    page.locator("form[action='/administration/accounts'] [name=role-officer]").check()
    page.locator("form[action='/administration/accounts'] button.button").click()
    expect(page.locator("#secret").first).to_be_visible()
    there.must_let_everybody_in("seldom-secret")


def test_an_empty_worklist_shuts_nobody_out(there: Watched) -> None:
    there.go("/worklist?view=all&status=out+of+jurisdiction")
    there.must_let_everybody_in("seldom-empty-worklist")
