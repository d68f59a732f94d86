"""Once there are accounts, what people decide at the command line is done with one of them: nobody is two people."""

import re
from io import StringIO
from pathlib import Path

import pytest

from matcher.audit.acting import acting
from tests.cli.parts import Ended, Shell, one_line_of_error

_SECRET = "a long enough secret 9"


@pytest.fixture
def office(fresh: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A home with a supervisor and an officer, whose passwords are in files named like them."""
    monkeypatch.setenv("MATCHER_PASSWORD_KIB", "19456")
    for name, role in (("anna", "supervisor"), ("boris", "officer")):
        monkeypatch.setattr("sys.stdin", StringIO(f"{_SECRET} of {name}0\n"))
        assert fresh("accounts", "add", name, "--role", role, "--password-stdin").code == 0
        (fresh.folder / name).write_text(f"{_SECRET} of {name}\n")
    return fresh


def _changed(office: Shell, *names: str) -> None:
    """These accounts have their first change of password behind them."""
    from matcher.accounts.opening import open_accounts
    from matcher.settings import load_settings

    with open_accounts(load_settings(office.home)) as accounts:
        for name in names:
            found = accounts.sign_in.with_password(name, f"{_SECRET} of {name}0")
            accounts.register.change_password(found.name, f"{_SECRET} of {name}0", f"{_SECRET} of {name}")


def _by(office: Shell, monkeypatch: pytest.MonkeyPatch, name: str, *arguments: object) -> Ended:
    monkeypatch.setenv("MATCHER_PASSWORD_FILE", str(office.folder / name))
    return office("--as", name, *arguments)


def _case(ended: Ended) -> str:
    found = re.search(r"C-[0-9A-Z]{5}-[0-9A-Z]{5}", ended.out)
    assert found is not None, ended.err
    return found[0]


def test_whoever_has_a_shell_and_an_account_is_one_person(office: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    _changed(office, "anna", "boris")
    case = _case(_by(office, monkeypatch, "boris", "cases", "add", "--country", "CHN"))
    ask = ("cases", "protection", "ask-to-lift", case, "--reason", "nothing on file")
    with acting("os:anna"):
        one_line_of_error(office(*ask), 2, "os:anna", "--as NAME")
        one_line_of_error(office("galleries", "ask-to-release", "main", "--basis", "order 1"), 2, "--as NAME")
    assert _by(office, monkeypatch, "boris", *ask).code == 0
    lift = ("cases", "protection", "lift", case)
    with acting("os:boris"):
        one_line_of_error(office(*lift), 2, "--as NAME")
    # Signed in, an account has its own rights, and no others.
    one_line_of_error(_by(office, monkeypatch, "boris", *lift), 2, "cases:supervise")
    with acting("os:boris"):
        assert case in office("cases", "list").out
    assert _by(office, monkeypatch, "anna", "cases", "list").code == 0
    assert _by(office, monkeypatch, "anna", *lift).code == 0
    shown = office("audit", "show", "--actor", "account:anna").out
    assert case in shown


def test_who_signs_in_shows_the_password(office: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    one_line_of_error(_by(office, monkeypatch, "anna", "cases", "list"), 2, "name or password is wrong")
    (office.folder / "anna").write_text(f"{_SECRET} of anna0\n")
    one_line_of_error(_by(office, monkeypatch, "anna", "cases", "list"), 2, "change the password first")
    _changed(office, "anna")
    monkeypatch.delenv("MATCHER_PASSWORD_FILE")
    monkeypatch.setattr("sys.stdin", StringIO(f"{_SECRET} of anna\nmore\n"))
    assert office("--as", "Anna", "cases", "list").code == 0
    monkeypatch.setenv("MATCHER_PASSWORD_FILE", str(office.folder / "none"))
    one_line_of_error(office("--as", "anna", "cases", "list"), 2, "MATCHER_PASSWORD_FILE")
    one_line_of_error(office("--as", "anna", "stats"), 2, "--as goes with cases")


def test_without_accounts_the_system_says_who_it_is(fresh: Shell, tmp_path: Path) -> None:
    case = _case(fresh("cases", "add", "--country", "CHN"))
    with acting("os:anna"):
        assert fresh("cases", "protection", "ask-to-lift", case, "--reason", "nothing on file").code == 0
    with acting("os:anna müller"):
        one_line_of_error(fresh("cases", "protection", "lift", case), 2, "can't be told from other names")
    with acting("os:boris"):
        assert fresh("cases", "protection", "lift", case).code == 0
    one_line_of_error(fresh("--as", "anna", "cases", "list"), 2, "no accounts here")
