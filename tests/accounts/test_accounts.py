"""Accounts: made, changed, disabled, signed in; every one of these leaves its entry in the audit."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.accounts.account import checked_name, roles_of, roles_text
from matcher.accounts.actor import SignedIn
from matcher.accounts.faults import NotSignedIn, SignInFailed
from matcher.accounts.roles import RIGHTS, WITHOUT_ACCOUNTS, Right, Role, rights_of, roles_named
from matcher.accounts.signing_in import FIRST_LOCK_SECONDS, FREE_FAILURES, LONGEST_LOCK_SECONDS, lock_seconds
from matcher.errors import AlreadyThere, BadField, NotFound
from matcher.seen import ChangedMeanwhile
from tests.accounts.parts import GOOD, OTHER, Desk

ADMINISTRATOR, OFFICER = frozenset({Role.ADMINISTRATOR}), frozenset({Role.OFFICER})


def test_an_account_is_made_signed_in_and_led_through_its_first_change(desk: Desk) -> None:
    assert desk.register.is_empty()
    made = desk.register.add(" Anna ", OFFICER, GOOD)
    assert (made.name, made.roles, made.must_change, desk.register.is_empty()) == ("anna", OFFICER, True, False)
    found = desk.sign_in.with_password("ANNA", GOOD)
    session = desk.sessions.begin(found, SignedIn.PASSWORD)
    assert session.actor.must_change_password
    assert session.actor.rights == {Right.OWN_ACCOUNT}
    desk.register.change_password("anna", GOOD, OTHER)
    with pytest.raises(NotSignedIn):
        desk.sessions.find(session.secret)
    with pytest.raises(SignInFailed):
        desk.sign_in.with_password("anna", GOOD)
    renewed = desk.sessions.begin(desk.sign_in.with_password("anna", OTHER), SignedIn.PASSWORD)
    assert desk.sessions.find(renewed.secret).actor.rights == RIGHTS[Role.OFFICER]
    assert desk.actions() == ["account_changed", "sign_in", "account_changed", "sign_in_failed", "sign_in"]
    assert GOOD not in str(desk.entries())


def test_a_name_is_taken_once(desk: Desk) -> None:
    desk.register.add("anna", OFFICER, GOOD)
    with pytest.raises(AlreadyThere, match="anna"):
        desk.register.add("Anna", ADMINISTRATOR, GOOD)
    with pytest.raises(NotFound, match="bert"):
        desk.register.account("bert")


def test_accounts_are_listed_page_by_page(desk: Desk) -> None:
    names = ["anna", "bert", "cleo", "dora", "emil"]
    for name in reversed(names):
        desk.register.add(name, OFFICER, GOOD)
    listed: list[str] = []
    while page := desk.register.page(after=listed[-1] if listed else "", limit=2):
        listed += [account.name for account in page]
    assert listed == names


def test_a_holder_is_called_by_a_full_name_in_any_script(desk: Desk) -> None:
    made = desk.register.add("anna", OFFICER, GOOD, full_name="  Анна   Линдквист ", must_change=False)
    assert made.full_name == "Анна Линдквист"
    session = desk.sessions.begin(desk.sign_in.with_password("anna", GOOD), SignedIn.PASSWORD)
    assert desk.register.call("anna", "岚安娜", seen=made.seen).full_name == "岚安娜"
    # Nobody is signed out by it, and whoever read the account before is told.
    assert desk.sessions.find(session.secret).actor.name == "anna"
    with pytest.raises(ChangedMeanwhile):
        desk.register.call("anna", "", seen=made.seen)
    for wrong in ("x" * 129, "Anna\x07"):
        with pytest.raises(BadField, match="full_name"):
            desk.register.call("anna", wrong)
    assert desk.register.account("anna").full_name == "岚安娜"
    assert desk.register.call("anna", "").full_name == ""


@pytest.mark.parametrize("change", ["disable", "roles", "reset"])
def test_every_change_of_rights_ends_sessions(desk: Desk, change: str) -> None:
    desk.register.add("root", ADMINISTRATOR, GOOD)
    anna = desk.register.add("anna", OFFICER, GOOD, must_change=False)
    sessions = [desk.sessions.begin(anna, SignedIn.PASSWORD) for _ in range(2)]
    assert desk.sessions.find(sessions[1].secret).actor.name == "anna"
    if change == "disable":
        desk.register.disable("anna")
    elif change == "roles":
        desk.register.set_roles("anna", frozenset({Role.AUDITOR}))
    else:
        desk.register.reset("anna", OTHER)
    for session in sessions:
        with pytest.raises(NotSignedIn):
            desk.sessions.find(session.secret)
    # A session that is begun with what was known before the change is of the past, too.
    with pytest.raises(NotSignedIn):
        desk.sessions.find(desk.sessions.begin(anna, SignedIn.PASSWORD).secret)


def test_the_last_administrator_stays(desk: Desk) -> None:
    desk.register.add("root", ADMINISTRATOR, GOOD)
    with pytest.raises(BadField, match="last administrator"):
        desk.register.disable("root")
    with pytest.raises(BadField, match="last administrator"):
        desk.register.set_roles("root", OFFICER)
    desk.register.add("second", ADMINISTRATOR, GOOD)
    assert desk.register.disable("root").is_disabled
    with pytest.raises(BadField, match="last administrator"):
        desk.register.disable("second")


def test_a_disabled_account_can_do_nothing_until_it_is_enabled(desk: Desk) -> None:
    desk.register.add("anna", OFFICER, GOOD, must_change=False)
    token, _ = desk.tokens.add("anna", frozenset({Right.SEARCH}), days=1)
    desk.register.disable("anna")
    with pytest.raises(SignInFailed):
        desk.sign_in.with_password("anna", GOOD)
    with pytest.raises(NotSignedIn):
        desk.tokens.find(token)
    desk.register.enable("anna")
    assert desk.sign_in.with_password("anna", GOOD).name == "anna"
    with pytest.raises(NotSignedIn):
        desk.tokens.find(token)


def test_failures_lock_for_longer_and_longer_and_success_ends_it(desk: Desk) -> None:
    desk.register.add("anna", OFFICER, GOOD, must_change=False)
    for _ in range(FREE_FAILURES):
        with pytest.raises(SignInFailed):
            desk.sign_in.with_password("anna", OTHER)
    # Locked: the right password does not help, and is not counted.
    for _ in range(3):
        with pytest.raises(SignInFailed):
            desk.sign_in.with_password("anna", GOOD)
    assert desk.register.account("anna").failures == FREE_FAILURES
    desk.clock.at += FIRST_LOCK_SECONDS - 1
    with pytest.raises(SignInFailed):
        desk.sign_in.with_password("anna", GOOD)
    desk.clock.at += 1
    with pytest.raises(SignInFailed):
        desk.sign_in.with_password("anna", OTHER)
    desk.clock.at += 2 * FIRST_LOCK_SECONDS - 1
    with pytest.raises(SignInFailed):
        desk.sign_in.with_password("anna", GOOD)
    desk.clock.at += 1
    assert desk.sign_in.with_password("anna", GOOD).name == "anna"
    assert desk.register.account("anna").failures == 0
    whys = [entry["details"]["why"] for entry in desk.entries() if entry["action"] == "sign_in_failed"]
    assert whys.count("wrong password") == FREE_FAILURES + 1
    assert whys.count("locked") == 5


def test_an_administrator_ends_a_lock(alone: Desk) -> None:
    alone.register.add("anna", OFFICER, GOOD, must_change=False)
    for _ in range(FREE_FAILURES):
        with pytest.raises(SignInFailed):
            alone.sign_in.with_password("anna", OTHER)
    alone.register.enable("anna")
    assert alone.sign_in.with_password("anna", GOOD).name == "anna"


def test_many_tries_at_once_meet_the_lock(desk: Desk) -> None:
    """Guesses that are sent together count as if they had come one after the other."""
    desk.register.add("anna", OFFICER, GOOD, must_change=False)

    def tried(password: str) -> bool:
        try:
            desk.sign_in.with_password("anna", password)
        except SignInFailed:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert not any(pool.map(tried, [f"{OTHER}{number}" for number in range(24)]))
    assert desk.register.account("anna").failures == FREE_FAILURES
    assert not tried(GOOD)


@given(st.integers(0, 10_000))
def test_locks_only_grow_and_never_beyond_an_hour(failures: int) -> None:
    assert 0 <= lock_seconds(failures) <= lock_seconds(failures + 1) <= LONGEST_LOCK_SECONDS
    assert bool(lock_seconds(failures)) is (failures >= FREE_FAILURES)


def test_all_refusals_sound_alike(desk: Desk) -> None:
    desk.register.add("root", ADMINISTRATOR, GOOD)
    desk.register.add("anna", OFFICER, GOOD, must_change=False)
    desk.register.add("gone", OFFICER, GOOD, must_change=False)
    desk.register.disable("gone")
    said = set()
    for name, password in (("anna", OTHER), ("gone", GOOD), ("nobody", GOOD), ("'; drop table account; --", GOOD)):
        with pytest.raises(SignInFailed) as fault:
            desk.sign_in.with_password(name, password)
        said.add(str(fault.value))
    assert len(said) == 1
    # What was typed where no account is meant may be a password; it is nowhere.
    assert "nobody" not in str(desk.entries())
    assert "drop table" not in str(desk.entries())


def test_no_role_has_rights_that_belong_to_others() -> None:
    assert set(RIGHTS) == set(Role)
    everything = rights_of(Role)
    assert everything == set(Right)
    assert not RIGHTS[Role.AUDITOR] & {Right.SEARCH, Right.READ_PEOPLE, Right.WRITE_PEOPLE, Right.WORK_CASES}
    assert not RIGHTS[Role.ADMINISTRATOR] & {Right.SEARCH, Right.WORK_CASES, Right.SUPERVISE_CASES, Right.READ_AUDIT}
    assert [role for role in Role if Right.MANAGE_ACCOUNTS in RIGHTS[role]] == [Role.ADMINISTRATOR]
    assert not WITHOUT_ACCOUNTS & {Right.WORK_CASES, Right.MANAGE_ACCOUNTS, Right.READ_AUDIT, Right.OWN_ACCOUNT}


@given(st.frozensets(st.sampled_from(Role), min_size=1))
def test_roles_are_kept_as_they_were(roles: frozenset[Role]) -> None:
    assert roles_of(roles_text(roles)) == roles


@pytest.mark.parametrize("name", ["", "-a", "a-", "a b", "a/b", "a\nb", "ä", "a" * 65, "a:b", "'", "<b>", "a\0"])
def test_names_that_can_be_no_accounts(name: str) -> None:
    with pytest.raises(BadField) as fault:
        checked_name(name)
    assert fault.value.field == "name"
    assert "\n" not in str(fault.value)


def test_roles_that_there_are_not() -> None:
    for names in ([], ["king"], ["officer", ""]):
        with pytest.raises(BadField):
            roles_named(names)
