"""Statistics, supervision, audit and administration as pages: who may, what a form does, who was quicker."""

import csv
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from api.web.setting_words import EFFECTS, GROUPS
from matcher.accounts.roles import RIGHTS, Right, Role
from matcher.audit import signing
from matcher.casework.answers import AnswerKind
from matcher.casework.case import CaseFile, Claim
from matcher.casework.office import Office, open_office
from matcher.casework.officer import officer
from matcher.casework.statuses import Status
from matcher.drawn import biography, photo_bytes
from matcher.settings import Settings
from tests.api.attacks.parts import Served, bearer, csrf, guarded, sign_in, token_in
from tests.api.web.catalogues import translated
from tests.api.web.reading import must_be_a_page

ASKS_FOR_A_PAGE = {"Accept": "text/html"}
OFFICER, SUPERVISOR = officer("account:officer", Role.OFFICER), officer("account:supervisor", Role.SUPERVISOR)
CLAIM = Claim("Lan Ruoming", "岚若明", "1980-05-17", "")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, networks: Path) -> Iterator[Served]:
    """A service with an account of each role and "second", another administrator; a gallery of two people."""
    home = tmp_path_factory.mktemp("offices")
    (home / "networks").symlink_to(networks)
    signing.make_key(home / signing.KEY_NAME)
    with guarded(home) as served:
        served.accounts.register.add("second", frozenset({Role.ADMINISTRATOR}), "a long enough secret 9",
                                     must_change=False)  # fmt: skip
        headers = served.of_role(Role.ADMINISTRATOR)
        for number in range(2):
            person = biography(number)
            fields = {"person_id": person.person_id, "gallery": "main", "name": person.name}
            files = [("photo", ("a.jpg", photo_bytes(number, 0), "image/jpeg"))]
            httpx.post(f"{served.address}/v1/persons", data=fields, files=files, headers=headers).raise_for_status()
        yield served


@pytest.fixture
def office(served: Served) -> Office:
    """Casework over the records of the service."""
    return open_office(served.accounts.database)


@contextmanager
def signed_in(served: Served, name: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.address, timeout=60, headers=ASKS_FOR_A_PAGE) as client:
        sign_in(client, name)
        yield client


def read(client: httpx.Client, path: str, *, lang: str = "en") -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text[-600:]
    must_be_a_page(answer.text, lang=lang)
    return answer.text


def send(client: httpx.Client, page: str, path: str, **fields: str) -> httpx.Response:
    """Send a form that stands on a page, with its token."""
    return client.post(path, data={"csrf": token_in(client.get(page)), **fields}, follow_redirects=True)


def version_of(html: str, action: str, field: str = "version") -> str:
    """The version, or what was seen, that a form carries."""
    found = re.search(rf'action="{re.escape(action)}".*?name="{field}" value="([^"]+)"', html, re.DOTALL)
    assert found, action
    return found[1]


def case_of(office: Office, *, lifted: bool = False) -> CaseFile:
    case = office.cases.open(OFFICER, country="CHN", claim=CLAIM, custody_date="2026-02-01")
    gate = office.confidentiality
    gate.ask_to_lift(OFFICER, case.number, reason="nothing on file <b>", version=version(office, case))
    if lifted:
        gate.agree_to_lift(SUPERVISOR, case.number, version=version(office, case))
    return case


def version(office: Office, case: CaseFile) -> int:
    return office.cases.get(SUPERVISOR, case.number).case.version


def test_every_setting_has_words_for_what_a_change_would_do() -> None:
    names = set(Settings.model_fields) - {"home"}
    assert set(EFFECTS) == names
    grouped = [name for group in GROUPS.values() for name in group]
    assert sorted(grouped) == sorted(names)


@pytest.mark.long
def test_statistics_tell_each_role_what_it_may_know(served: Served, office: Office) -> None:
    case_of(office)
    case_of(office, lifted=True)
    with signed_in(served, "officer") as client:
        html = read(client, "/statistics")
        assert "Counted are the cases that you may see." in html
        assert "/statistics/results" not in html
        for path in ("/statistics/results", "/statistics/alarms", "/statistics/officers"):
            assert client.get(path).status_code == 403
        rows = list(csv.DictReader(io.StringIO(client.get("/statistics?format=csv").text)))
        mine = sum(int(row["cases"]) for row in rows if row["what"] == "status")
    with signed_in(served, "auditor") as client:
        assert "Counted are cases whose protection is lifted." in read(client, "/statistics?confidential=yes")
        rows = list(csv.DictReader(io.StringIO(client.get("/statistics?format=csv&confidential=yes").text)))
        assert sum(int(row["cases"]) for row in rows if row["what"] == "status") < mine
        for path in ("/statistics/results", "/statistics/alarms"):
            read(client, path)
        assert client.get("/statistics/officers").status_code == 403
        assert client.get("/statistics?since=2026-13-01").status_code == 422
        assert client.get("/statistics?since=2027-01-01&until=2026-01-01").status_code == 422
    with signed_in(served, "supervisor") as client:
        html = read(client, "/statistics?confidential=yes")
        assert "Don't hand these figures on." in html
        assert '<svg class="chart"' in html
        read(client, "/statistics/officers")


@pytest.mark.long
def test_a_supervisor_lifts_checks_and_gives_cases(served: Served, office: Office) -> None:
    lifted, refused, sent = case_of(office), case_of(office), case_of(office, lifted=True)
    office.cases.move(OFFICER, sent.number, Status.SENT_TO_CONSULATE, reason="sent", version=version(office, sent))
    answer = office.answers.record(
        OFFICER, sent.number, kind=AnswerKind.NO_RECORD, country="CHN", received_on=str(office.files.today)
    )
    with signed_in(served, "supervisor") as client:
        html = read(client, "/supervision")
        assert "nothing on file &lt;b&gt;" in html
        agree = f"/supervision/lifts/{lifted.id}"
        seen = version_of(html, agree)
        done = send(client, "/supervision", agree, version=seen, decision="agree")
        assert f"The protection of case {lifted.id} is lifted." in done.text
        again = send(client, "/supervision", agree, version=seen, decision="agree")
        assert (again.status_code, "Somebody else was quicker" in again.text) == (409, True)
        no = f"/supervision/lifts/{refused.id}"
        empty = send(client, "/supervision", no, version=version_of(html, no), decision="refuse", reason="")
        assert empty.status_code == 422
        done = send(client, "/supervision", no, version=version_of(html, no), decision="refuse", reason="a claim")
        assert f"case {refused.id} is protected" in done.text
        done = send(client, "/supervision", f"/supervision/answers/{sent.id}/{answer}")
        assert "The answer is checked" in done.text
        give = f"/supervision/cases/{lifted.id}/assignee"
        done = send(client, "/supervision", give, version=str(version(office, lifted)), officer="officer")
        assert f"Case {lifted.id} is officer&#39;s now." in done.text
        done = send(client, "/supervision", "/supervision/controls", count="1", country="CHN", gallery="main",
                    **{"officer-officer": "yes"})  # fmt: skip
        assert "1 control case was mixed in." in done.text
        assert send(client, "/supervision", "/supervision/controls", count="999").status_code == 422
    assert not office.cases.get(SUPERVISOR, lifted.number).case.is_confidential
    assert office.cases.get(SUPERVISOR, sent.number).case.status is Status.NOT_CONFIRMED
    assert office.cases.get(SUPERVISOR, lifted.number).case.assignee == "account:officer"


def test_an_auditor_searches_follows_verifies_and_signs(served: Served, office: Office) -> None:
    case = case_of(office)
    with signed_in(served, "auditor") as client:
        html = read(client, f"/audit?case={case.id}&action=case_changed")
        assert html.count(f'href="/audit/cases/{case.id}"') == 2
        assert "No entry is like that" in read(client, f"/audit?case={case.id}&action=purge")
        trail = read(client, f"/audit/cases/{case.id}")
        assert trail.index("Opened") < trail.index("Lifting of protection asked for")
        assert client.get("/audit/cases/C-00000-00001").status_code == 404
        assert client.get("/audit/case", params={"number": case.id}).headers["location"] == f"/audit/cases/{case.id}"
        assert "This is no case&#39;s number" in read(client, "/audit/case?number=nonsense")
        for bad in ("since=2026-02-30", "action=nothing", "case=nonsense", "account=%00"):
            assert client.get(f"/audit?{bad}").status_code == 422, bad
        first = read(client, "/audit/entries/1")
        assert re.search(r'<dd class="code">[0-9a-f]{64}</dd>', first)
        assert client.get("/audit/entries/999999").status_code == 404
        page = "/audit/verification"
        assert "The audit is whole" in send(client, page, page).text
        signed = send(client, page, "/audit/checkpoints")
        assert signed.headers["content-disposition"].startswith('attachment; filename="checkpoint-')
        checked = send(client, page, page, checkpoint=signed.text)
        assert f"checkpoint of entry {json.loads(signed.text)['sequence']}" in checked.text
        forged = send(client, page, page, checkpoint=signed.text.replace('"sequence": ', '"sequence": 1'))
        assert "was altered" in forged.text
        export = re.search(r'href="(/v1/audit/export[^"]*)"', read(client, "/audit?since=2026-01-01&until=2026-01-02"))
        assert export
        assert "since=2026-01-01T00%3A00%3A00Z" in export[1]


def test_a_search_of_the_audit_is_made_again(served: Served) -> None:
    headers = served.of_role(Role.SUPERVISOR)
    with httpx.Client(base_url=served.address, headers=headers, timeout=60) as program:
        photo = {"photo": ("a.jpg", photo_bytes(0, 0), "image/jpeg")}
        program.post("/v1/identify", files=photo).raise_for_status()
    with signed_in(served, "auditor") as client:
        listed = read(client, "/audit?action=search")
        number = re.search(r'href="/audit/entries/(\d+)"', listed)
        assert number
        path = f"/audit/entries/{number[1]}"
        assert "the result is the same to the last bit" in send(client, path, f"{path}/replay").text


def test_an_administrator_makes_and_changes_accounts(served: Served) -> None:
    with signed_in(served, "administrator") as client, signed_in(served, "second") as other:
        made = send(client, "/administration", "/administration/accounts", name="New.One", **{"role-officer": "yes"})
        must_be_a_page(made.text)
        password = re.search(r'id="secret">([^<]+)<', made.text)
        assert password
        served.accounts.sign_in.with_password("new.one", password[1])
        assert password[1] not in read(client, "/administration")
        wrong = send(client, "/administration", "/administration/accounts", name="no roles")
        assert (wrong.status_code, "can&#39;t be an account&#39;s" in wrong.text) == (422, True)
        page = "/administration/accounts/new.one"
        seen = version_of(read(other, page), f"{page}/roles", "seen")
        done = send(client, page, f"{page}/roles", seen=seen, **{"role-auditor": "yes"})
        assert "must sign in again" in done.text
        late = send(other, page, f"{page}/roles", seen=seen, **{"role-administrator": "yes"})
        assert (late.status_code, "Somebody else was quicker" in late.text) == (409, True)
        assert served.accounts.register.account("new.one").roles == {Role.AUDITOR}
        seen = version_of(read(client, page), f"{page}/full-name", "seen")
        assert "is changed" in send(client, page, f"{page}/full-name", seen=seen, full_name="岚安娜").text
        refused = send(client, page, f"{page}/full-name", full_name="x" * 129)
        assert (refused.status_code, "shorten it" in refused.text) == (422, True)
        assert "岚安娜" in read(client, "/administration")
        patched = client.patch("/v1/accounts/new.one", json={"full_name": "Anna Lam"}, headers=csrf(client))
        assert (patched.status_code, patched.json()["full_name"]) == (200, "Anna Lam")
        assert served.accounts.register.account("new.one").roles == {Role.AUDITOR}
        token = send(client, page, f"{page}/tokens", days="7", label="x", **{"scope-audit:read": "yes"})
        secret = re.search(r'id="secret">(matcher_([0-9a-f]{12})_[^<]+)<', token.text)
        assert secret
        assert httpx.get(f"{served.address}/v1/audit", headers=bearer(secret[1])).status_code == 200
        beyond = send(client, page, f"{page}/tokens", days="7", **{"scope-cases:work": "yes"})
        assert beyond.status_code == 422
        assert "is revoked" in send(client, page, f"{page}/tokens/{secret[2]}/revocation").text
        assert httpx.get(f"{served.address}/v1/audit", headers=bearer(secret[1])).status_code == 401
        seen = version_of(read(client, page), f"{page}/state", "seen")
        assert "is disabled" in send(client, page, f"{page}/state", seen=seen, state="disabled").text
        again = send(client, page, f"{page}/password", seen=seen)
        assert again.status_code == 409
    account = served.accounts.register.account("new.one")
    assert account.is_disabled


def test_two_administrators_release_a_watch_list(served: Served, office: Office) -> None:
    page = "/administration/galleries/main"
    terms = {
        "kind": "watch_list",
        "supplier": "a police",
        "country": "CHN",
        "legal_basis": "an order",
        "foreign": "yes",
    }
    with signed_in(served, "administrator") as client, signed_in(served, "second") as other:
        seen = version_of(read(client, page), page, "seen")
        wrong = send(client, page, page, seen=seen, **{**terms, "country": "Nowhere"})
        assert (wrong.status_code, "a police" in wrong.text) == (422, True)
        assert "is held" in send(client, page, page, seen=seen, **terms).text
        assert send(other, page, page, seen=seen, **terms).status_code == 409
        ask, agree = f"{page}/release", f"{page}/release/agreement"
        send(client, page, ask, seen=version_of(read(client, page), ask, "seen"), basis="court order 17/2026")
        assert "another administrator has to agree" in read(client, page)
        mine = send(client, page, agree)
        assert mine.status_code == 403
        done = send(other, page, agree, seen=version_of(read(other, page), agree, "seen"))
        assert "main is released" in done.text
    assert office.galleries.standing("main").terms.state == "released"


def test_a_rule_is_looked_at_before_it_is_set(served: Served) -> None:
    page = "/administration/retention"
    with signed_in(served, "administrator") as client, signed_in(served, "second") as other:
        html = read(client, page)
        seen = version_of(html, f"{page}/main", "seen")
        assert "kept 30 days after the last change" in read(client, f"{page}/main?days=30&seen={seen}")
        assert "for ever" in read(client, page)
        assert "are due 30 days" in send(client, page, f"{page}/main", days="30", seen=seen).text
        assert send(other, page, f"{page}/main", days="5", seen=seen).status_code == 409
        assert client.get(f"{page}/main?days=0").status_code == 422
        assert client.get(f"{page}/nowhere?days=3").status_code == 404
        person = biography(0).person_id
        bad = send(client, page, "/administration/holds", gallery="main", person_id=person, reason="")
        assert (bad.status_code, person in bad.text) == (422, True)
        done = send(client, page, "/administration/holds", gallery="main", person_id=person, reason="order 17")
        assert "until the hold ends" in done.text
        done = send(client, page, "/administration/holds/release", gallery="main", person_id=person)
        assert "is no longer held" in done.text


def test_the_system_is_shown_and_examined(served: Served) -> None:
    with signed_in(served, "administrator") as client:
        for path in ("engines", "settings", "health"):
            html = read(client, f"/administration/{path}")
        assert "exact: every template is compared" in html
        engines = read(client, "/administration/engines")
        assert "dlib-resnet@2" in engines
        assert "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30" in engines
        (served.home / "settings.toml").write_text("top = 7\n", encoding="utf-8")
        assert "changed since the start" in read(client, "/administration/settings")
        assert "set in settings.toml" in read(client, "/administration/settings")
        (served.home / "settings.toml").unlink()
        assert "set in settings.toml" not in read(client, "/administration/settings")
        found = send(client, "/administration/health", "/administration/health")
        must_be_a_page(found.text)
        assert "records and index agree" in found.text


@pytest.mark.parametrize("role", Role)
def test_forms_are_refused_to_other_roles_and_without_their_token(served: Served, role: Role) -> None:
    forms = {
        "/supervision/controls": Right.SUPERVISE_CASES,
        "/audit/verification": Right.READ_AUDIT,
        "/administration/accounts": Right.MANAGE_ACCOUNTS,
        "/administration/holds": Right.MANAGE_GALLERIES,
    }
    with signed_in(served, role.value) as client:
        for path, right in forms.items():
            forged = client.post(path, data={"csrf": "0" * 64})
            assert forged.status_code == 403
            if right not in RIGHTS[role]:
                assert send(client, "/account", path).status_code == 403


def test_no_translation_has_a_per_cent_sign_that_a_template_would_take_for_a_value() -> None:
    for message in translated()["zh_Hans/offices.po"]:
        for text in message.string if isinstance(message.string, tuple) else (message.string,):
            assert not message.id or not re.search(r"%(?![(%])", text), text
