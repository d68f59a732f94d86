"""Pages: what every one has, faults as pages for browsers and as JSON for programs, language and theme."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from jinja2 import UndefinedError
from starlette.requests import Request

from api.auth.permissions import PERMISSIONS
from api.web.languages import Language
from api.web.navigation import ENTRIES
from api.web.pages import Page
from api.web.preferences import Preferences, local_path
from api.web.rendering import TEMPLATES, environment
from matcher.accounts.actor import SignedIn, person
from matcher.accounts.roles import RIGHTS, Role
from tests.api.attacks.parts import PASSWORD, Served, csrf, guarded, sign_in
from tests.api.web.reading import must_be_a_page

ASKS_FOR_A_PAGE = {"Accept": "text/html,application/xhtml+xml"}
SPECIMEN = (Path(__file__).parent / "specimen.html").read_text(encoding="utf-8")
# Its own layout, as programs' files and the page for services without accounts have, or a stream that stays open.
NO_PAGES = (
    *("/v1", "/static", "/healthz", "/readyz", "/metrics", "/openapi.json", "/preferences", "/signin/openid"),
    "/worklist/live",
)


def a_page(language: Language = Language.ENGLISH) -> Page:
    scope = {"type": "http", "path": "/x", "query_string": b"a=<1>", "headers": [], "server": ("127.0.0.1", 80)}
    officer = person("1", "officer", frozenset({Role.OFFICER}), SignedIn.PASSWORD)
    return Page(Request({**scope, "scheme": "http"}), Preferences(language), officer, "0" * 64)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, networks: Path) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("pages")
    (home / "networks").symlink_to(networks)
    with guarded(home) as served:
        served.accounts.register.add("everything", frozenset(Role), PASSWORD, must_change=False)
        yield served


@pytest.mark.parametrize("language", Language)
def test_the_specimen_is_a_page(language: Language) -> None:
    page = a_page(language)
    html = environment(language).from_string(SPECIMEN).render(page=page, messages=[])
    must_be_a_page(html, lang=language)


def test_a_value_enters_as_text_and_a_missing_one_is_a_fault() -> None:
    made = environment(Language.ENGLISH)
    assert made.from_string("{{ given }}").render(given="<b>") == "&lt;b&gt;"
    with pytest.raises(UndefinedError):
        made.from_string("{{ forgotten }}").render()


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_templates_keep_the_policy_and_stand_in_the_layout(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle=|\son[a-z]+=|<style|\|\s*safe\b|autoescape", text), "no style, script or raw HTML"
    for script in re.findall(r"<script\b[^>]*>", text):
        assert "src=" in script or 'type="application/json"' in script, script
    is_part = path.name in ("layout.html", "parts.html", "search.html") or path.name.startswith("_")
    framed = re.match(r'\{% extends "(layout|\w+/_\w+|desk/compare)\.html" %\}', text)
    assert is_part or framed, "begin with the layout, or name a part _part.html"


@pytest.mark.parametrize("role", Role)
@pytest.mark.long
def test_the_navigation_shows_what_a_role_may(served: Served, role: Role) -> None:
    with served.browser() as client:
        sign_in(client, role.value)
        html = client.get("/nowhere", headers=ASKS_FOR_A_PAGE).text
        for entry in ENTRIES:
            assert (f'<li><a href="{entry.path}"' in html) is (entry.right in RIGHTS[role])
            assert ("GET", entry.path) in PERMISSIONS


@pytest.mark.long
def test_every_page_without_placeholders_is_whole_in_every_language(served: Served) -> None:
    with served.browser() as client:
        sign_in(client, "everything")
        for method, path in PERMISSIONS:
            if method != "GET" or "{" in path or path.startswith(NO_PAGES):
                continue
            for language in Language:
                headers = {**ASKS_FOR_A_PAGE, "Accept-Language": language}
                answer = client.get(path, headers=headers, follow_redirects=True)
                assert answer.status_code == 200, (path, answer.status_code)
                if 'href="/static/layout.css"' in answer.text:
                    must_be_a_page(answer.text, lang=language)
                    assert "trusted-types 'none'" in answer.headers["content-security-policy"]


def test_a_fault_is_a_page_for_browsers_and_json_for_programs(served: Served) -> None:
    with served.browser() as client:
        sign_in(client, "officer")
        program = client.get("/nowhere")
        assert program.json()["error"]["code"] == "not_found"
        shown = client.get("/nowhere", headers=ASKS_FOR_A_PAGE)
        assert (shown.status_code, shown.headers["content-type"]) == (404, "text/html; charset=utf-8")
        must_be_a_page(shown.text)
        assert "There is nothing here" in shown.text
        chinese = client.get("/nowhere", headers={**ASKS_FOR_A_PAGE, "Accept-Language": "zh-CN"})
        must_be_a_page(chinese.text, lang="zh-Hans")
        assert "这里没有内容" in chinese.text
        api = client.get("/v1/nowhere", headers=ASKS_FOR_A_PAGE)
        assert api.json()["error"]["code"] == "not_found"
        forged = client.post("/signout", headers=ASKS_FOR_A_PAGE)
        assert forged.status_code == 403
        must_be_a_page(forged.text)


def test_another_sites_request_is_refused_with_a_page_too(served: Served) -> None:
    with served.browser() as client:
        answer = client.get("/signin", headers={**ASKS_FOR_A_PAGE, "Origin": "https://elsewhere.example"})
        assert answer.status_code == 403
        must_be_a_page(answer.text)
        assert answer.headers["x-frame-options"] == "DENY"


@pytest.mark.long
def test_too_many_requests_say_when_to_come_again(tmp_path: Path, networks: Path) -> None:
    (tmp_path / "networks").symlink_to(networks)
    with guarded(tmp_path, rate_per_minute=3) as served, served.browser() as client:
        sign_in(client, "officer")
        answers = [client.get("/account", headers=ASKS_FOR_A_PAGE) for _ in range(5)]
        assert answers[-1].status_code == 429
        must_be_a_page(answers[-1].text)
        assert int(answers[-1].headers["retry-after"]) > 0


def test_language_and_theme_are_kept_and_lead_back(served: Served) -> None:
    with served.browser() as client:
        answer = client.get("/preferences", params={"language": "zh-Hans", "theme": "dark", "back": "/x?a=1"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/x?a=1")
        assert all("HttpOnly" in cookie for cookie in answer.headers.get_list("set-cookie"))
        sign_in(client, "officer")
        html = client.get("/nowhere", headers={**ASKS_FOR_A_PAGE, "Accept-Language": "en"}).text
        assert '<html lang="zh-Hans" data-theme="dark">' in html
        assert client.get("/preferences", params={"language": "xx"}).status_code == 422


@pytest.mark.parametrize("address", ["https://x.example", "//x.example", "/\\x.example", "x", "", "/a\nb", "/é"])
def test_nobody_is_led_elsewhere(address: str) -> None:
    assert local_path(address) == "/"


def test_what_was_done_is_said_once(served: Served) -> None:
    with served.browser() as client:
        sign_in(client, "officer")
        client.cookies.set("matcher-said", "%5B%22%3Cb%3Edone%22%2C%20%22done%22%5D", domain="127.0.0.1")
        first = client.get("/nowhere", headers=ASKS_FOR_A_PAGE)
        assert '<p class="message done" role="status">&lt;b&gt;done</p>' in first.text
        client.cookies.set("matcher-said", "nonsense", domain="127.0.0.1")
        assert client.get("/nowhere", headers=ASKS_FOR_A_PAGE).status_code == 404


def test_pages_are_not_for_programs(served: Served) -> None:
    with served.browser() as client:
        sign_in(client, "officer")
        assert httpx.get(f"{served.address}/nowhere", headers=served.of_role(Role.OFFICER)).status_code == 404
        assert csrf(client)
