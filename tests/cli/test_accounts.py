"""``matcher accounts``, and what ``matcher serve`` refuses without them."""

import json
import re
from io import StringIO

import pytest

from api.cli.serve import refuse_unprotected
from matcher.accounts.faults import SignInFailed
from matcher.accounts.opening import open_accounts
from matcher.accounts.roles import Right
from matcher.settings import load_settings
from tests.cli.parts import ROOT, Shell, one_line_of_error


@pytest.fixture
def office(fresh: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A home with no account in which passwords are hashed quickly."""
    monkeypatch.setenv("MATCHER_PASSWORD_KIB", "19456")
    return fresh


def made_password(out: str) -> str:
    (line,) = (line for line in out.splitlines() if line.startswith("Password, shown this once: "))
    return line.rpartition(" ")[2]


def test_an_account_is_made_listed_changed_and_disabled(office: Shell) -> None:
    ended = office("accounts", "add", "Anna", "--role", "administrator", "--role", "auditor")
    assert (ended.code, "anna is administrator, auditor." in ended.out) == (0, True)
    assert office("accounts", "add", "bert", "--role", "officer", "--full-name", "Bert Lam").code == 0
    password = made_password(ended.out)
    with open_accounts(load_settings(office.home)) as accounts:
        assert accounts.sign_in.with_password("anna", password).must_change
    assert office("accounts", "roles", "bert", "--role", "supervisor").code == 0
    assert office("accounts", "disable", "bert").code == 0
    listed = {row["name"]: row for row in office("accounts", "list", "--json").objects}
    assert listed["anna"]["roles"] == ["administrator", "auditor"]
    assert (listed["bert"]["roles"], listed["bert"]["is_disabled"]) == (["supervisor"], True)
    assert "password" not in listed["anna"]
    assert (listed["anna"]["full_name"], listed["bert"]["full_name"]) == ("", "Bert Lam")
    assert "bert is called 林伯." in office("accounts", "call", "bert", "林伯").out
    assert "must change the password" in office("accounts", "list").out
    assert office("accounts", "enable", "bert").code == 0
    renewed = made_password(office("accounts", "reset", "anna").out)
    with open_accounts(load_settings(office.home)) as accounts:
        with pytest.raises(SignInFailed):
            accounts.sign_in.with_password("anna", password)
        assert accounts.sign_in.with_password("anna", renewed).name == "anna"
    shown = office("audit", "show", "--action", "account_changed").out
    assert "account:bert" in shown


def test_a_password_can_come_from_standard_input(office: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("a long enough secret 9\n"))
    ended = office("accounts", "add", "anna", "--role", "officer", "--password-stdin")
    assert ended.code == 0
    assert "secret" not in ended.out + ended.err
    with open_accounts(load_settings(office.home)) as accounts:
        assert accounts.sign_in.with_password("anna", "a long enough secret 9").name == "anna"


def test_tokens_are_shown_once_listed_and_revoked(office: Shell) -> None:
    office("accounts", "add", "import", "--role", "supervisor")
    ended = office("accounts", "token", "add", "import", "--scope", "search", "--scope", "people:write", "--days", 7)
    assert ended.code == 0
    token = ended.out.splitlines()[0]
    with open_accounts(load_settings(office.home)) as accounts:
        assert accounts.tokens.find(token).rights == {Right.SEARCH, Right.WRITE_PEOPLE}
    (listed,) = office("accounts", "token", "list", "--account", "import", "--json").objects
    assert token.split("_")[1] == listed["prefix"]
    assert token not in json.dumps(listed)
    assert listed["prefix"] in office("accounts", "token", "list").out
    assert office("accounts", "token", "revoke", listed["prefix"]).code == 0
    (listed,) = office("accounts", "token", "list", "--json").objects
    assert listed["revoked_at"] > 0


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("add", "anna"), "--role"),
        (("add", "anna", "--role", "king"), "king"),
        (("add", "an na", "--role", "officer"), "name"),
        (("add", "root", "--role", "officer"), "already"),
        (("disable", "root"), "last administrator"),
        (("roles", "root", "--role", "officer"), "last administrator"),
        (("disable", "nobody"), "nobody"),
        (("reset", "nobody"), "nobody"),
        (("token", "add", "root", "--scope", "search"), "search"),
        (("token", "add", "root", "--scope", "accounts:manage"), "accounts:manage"),
        (("token", "add", "root", "--scope", "fly"), "fly"),
        (("token", "revoke", "000000000000"), "000000000000"),
    ],
)
@pytest.mark.long
def test_wrong_use_is_told_in_a_line(office: Shell, arguments: tuple[str, ...], word: str) -> None:
    office("accounts", "add", "root", "--role", "administrator")
    one_line_of_error(office("accounts", *arguments), 2, word)


def test_the_commands_that_the_pages_show(office: Shell) -> None:
    pages = [(ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("accounts.md", "deployment.md")]
    shown = [line for page in pages for line in re.findall(r"^    matcher (accounts .*)$", page, re.MULTILINE)]
    assert len(shown) >= 3
    for line in shown:
        ended = office(*line.split())
        assert ended.code == 0, (line, ended.err)


def test_asking_a_home_that_is_not_there_makes_none(office: Shell) -> None:
    for words in (("list",), ("disable", "a"), ("reset", "a"), ("roles", "a", "--role", "officer"), ("token", "list")):
        one_line_of_error(office("accounts", *words), 4, f"no records in {office.home}")
    one_line_of_error(office("serve"), 2, "no account")
    assert not office.home.exists()


def test_serving_needs_an_account_and_for_others_tls_or_a_proxy(office: Shell) -> None:
    one_line_of_error(office("serve"), 2, "no account", "matcher accounts add", "--without-accounts")
    one_line_of_error(office("serve", "--without-accounts", "--host", "0.0.0.0"), 2, "accounts")
    one_line_of_error(
        office("serve", "--without-accounts", "--behind-proxy", "127.0.0.1", "--hosts", "a.example"), 2, "accounts"
    )
    office("accounts", "add", "root", "--role", "administrator")
    one_line_of_error(office("serve", "--host", "0.0.0.0"), 2, "0.0.0.0", "--tls-cert", "--behind-proxy")
    one_line_of_error(office("serve", "--host", "0.0.0.0", "--hosts", "a.example"), 2, "--tls-cert")
    one_line_of_error(office("serve", "--behind-proxy", "127.0.0.1"), 2, "hosts")
    one_line_of_error(office("serve", "--tls-cert", "x.pem"), 2, "tls_key")
    one_line_of_error(office("serve", "--tls-cert", "x.pem", "--tls-key", "y.pem", "--port", 0), 2, "PEM")


def test_others_are_served_without_a_key_with_a_warning(
    office: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    office("accounts", "add", "root", "--role", "administrator")

    def told(**more: object) -> list[str]:
        capsys.readouterr()
        refuse_unprotected(load_settings(office.home, **more))
        return capsys.readouterr().err.splitlines()

    others = {"host": "0.0.0.0", "behind_proxy": "10.0.0.0/24", "hosts": "a.example"}
    (line,) = told(**others)
    assert "has no key" in line
    assert "matcher keys init" in line
    assert told() == []
    assert told(behind_proxy="10.0.0.0/24", hosts="a.example") == [line]
    assert office("keys", "init", "--out", office.folder / "key").code == 0
    monkeypatch.setenv("MATCHER_KEY_FILE", str(office.folder / "key"))
    assert told(**others) == []
