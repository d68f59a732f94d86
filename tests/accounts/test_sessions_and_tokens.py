"""Sessions and tokens end when they should, and nothing in the records gives them away."""

import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import select

from matcher.accounts.actor import SignedIn
from matcher.accounts.faults import NotSignedIn
from matcher.accounts.roles import Right, Role
from matcher.accounts.sessions import ABSOLUTE_SECONDS, IDLE_SECONDS, csrf_of
from matcher.errors import BadField, NotFound
from matcher.records.account_tables import account_session, account_token
from tests.accounts.parts import GOOD, Desk

OFFICER = frozenset({Role.OFFICER})
SEARCH = frozenset({Right.SEARCH})


def test_a_session_ends_when_it_stands_idle(desk: Desk) -> None:
    session = desk.sessions.begin(desk.register.add("anna", OFFICER, GOOD, must_change=False), SignedIn.PASSWORD)
    for _ in range(4):
        desk.clock.at += IDLE_SECONDS - 61
        assert desk.sessions.find(session.secret).actor.name == "anna"
    desk.clock.at += IDLE_SECONDS
    with pytest.raises(NotSignedIn):
        desk.sessions.find(session.secret)


def test_a_session_ends_at_last_however_busy(desk: Desk) -> None:
    session = desk.sessions.begin(desk.register.add("anna", OFFICER, GOOD, must_change=False), SignedIn.PASSWORD)
    for _ in range(ABSOLUTE_SECONDS // 1_200 - 1):
        desk.clock.at += 1_200
        desk.sessions.find(session.secret)
    desk.clock.at += 1_200
    with pytest.raises(NotSignedIn):
        desk.sessions.find(session.secret)


def test_signing_out_ends_it_here_and_signing_in_never_keeps_what_was_brought(desk: Desk) -> None:
    anna = desk.register.add("anna", OFFICER, GOOD, must_change=False)
    first = desk.sessions.begin(anna, SignedIn.PASSWORD)
    second = desk.sessions.begin(anna, SignedIn.PASSWORD, instead_of=first.secret)
    assert first.secret != second.secret
    with pytest.raises(NotSignedIn):
        desk.sessions.find(first.secret)
    desk.sessions.end(second.secret)
    desk.sessions.end(second.secret)
    with pytest.raises(NotSignedIn):
        desk.sessions.find(second.secret)
    assert desk.actions().count("sign_out") == 1


def test_ended_sessions_leave_the_records(alone: Desk) -> None:
    anna = alone.register.add("anna", OFFICER, GOOD, must_change=False)
    for _ in range(3):
        alone.sessions.begin(anna, SignedIn.PASSWORD)
        alone.clock.at += IDLE_SECONDS + 1
    alone.sessions.begin(anna, SignedIn.PASSWORD)
    with alone.database.reading() as connection:
        assert len(connection.execute(select(account_session)).all()) == 1


def test_neither_secrets_nor_passwords_are_in_the_records(alone: Desk) -> None:
    anna = alone.register.add("anna", OFFICER, GOOD, must_change=False)
    session = alone.sessions.begin(anna, SignedIn.PASSWORD)
    token, _ = alone.tokens.add("anna", SEARCH, days=1)
    with closing(sqlite3.connect(alone.database.place)) as connection:
        dump = "\n".join(connection.iterdump())
    for secret in (session.secret, session.csrf, token, token.rpartition("_")[2], GOOD):
        assert secret not in dump
        assert secret.encode().hex() not in dump.lower()
    assert token.split("_")[1] in dump


@pytest.mark.parametrize("secret", ["", "x", "\0", "é", "\ud800", "a" * 100_000, "' or 1=1 --"])
def test_forged_sessions_are_nobodys(alone: Desk, secret: str) -> None:
    alone.sessions.begin(alone.register.add("anna", OFFICER, GOOD, must_change=False), SignedIn.PASSWORD)
    with pytest.raises(NotSignedIn):
        alone.sessions.find(secret)


def test_the_form_token_is_bound_to_its_session() -> None:
    assert csrf_of("a") == csrf_of("a") != csrf_of("b")


def test_a_token_has_what_it_was_made_for_and_its_account_still_has(desk: Desk) -> None:
    desk.register.add("anna", frozenset({Role.SUPERVISOR}), GOOD, must_change=False)
    token, about = desk.tokens.add("anna", frozenset({Right.SEARCH, Right.WRITE_PEOPLE}), days=30, label="import")
    actor = desk.tokens.find(token)
    assert actor.rights == {Right.SEARCH, Right.WRITE_PEOPLE}
    assert (actor.account, actor.audit_name) == ("account:anna", f"account:anna/token:{about.prefix}")
    desk.register.set_roles("anna", OFFICER)
    assert desk.tokens.find(token).rights == {Right.SEARCH}
    desk.register.set_roles("anna", frozenset({Role.AUDITOR}))
    assert desk.tokens.find(token).rights == frozenset()
    assert token not in str(desk.entries())


def test_a_token_ends_with_its_day_or_when_it_is_revoked(desk: Desk) -> None:
    desk.register.add("anna", OFFICER, GOOD)
    first, _ = desk.tokens.add("anna", SEARCH, days=1)
    second, about = desk.tokens.add("anna", SEARCH, days=2)
    desk.clock.at += 86_400
    with pytest.raises(NotSignedIn):
        desk.tokens.find(first)
    assert desk.tokens.find(second).name == "anna"
    desk.tokens.revoke(about.prefix)
    desk.tokens.revoke(about.prefix)
    with pytest.raises(NotSignedIn):
        desk.tokens.find(second)
    assert [entry["details"]["what"] for entry in desk.entries()].count("token revoked") == 1


def test_a_token_can_have_no_more_than_its_account_and_never_the_account_itself(alone: Desk) -> None:
    alone.register.add("anna", frozenset({Role.OFFICER, Role.ADMINISTRATOR}), GOOD)
    for scopes in ({Right.READ_AUDIT}, {Right.MANAGE_ACCOUNTS}, {Right.OWN_ACCOUNT}, {Right.SEARCH, Right.READ_AUDIT}):
        with pytest.raises(BadField, match="scopes"):
            alone.tokens.add("anna", frozenset(scopes), days=1)
    with pytest.raises(BadField, match="scopes"):
        alone.tokens.add("anna", frozenset(), days=1)
    for days in (0, -1, 367):
        with pytest.raises(BadField, match="days"):
            alone.tokens.add("anna", SEARCH, days=days)


def test_tokens_are_of_one_account_and_listed_by_page(alone: Desk) -> None:
    for name in ("anna", "bert"):
        alone.register.add(name, OFFICER, GOOD)
        for _ in range(3):
            alone.tokens.add(name, SEARCH, days=1)
    mine = alone.tokens.page(name="anna")
    assert [token.account for token in mine] == ["anna"] * 3
    assert len(alone.tokens.page(limit=4)) == 4
    with pytest.raises(NotFound):
        alone.tokens.revoke(mine[0].prefix, name="bert")
    with pytest.raises(NotFound):
        alone.tokens.page(name="nobody")


def test_tampered_tokens_are_nobodys(alone: Desk) -> None:
    alone.register.add("anna", OFFICER, GOOD)
    token, about = alone.tokens.add("anna", SEARCH, days=1)
    other, _ = alone.tokens.add("anna", SEARCH, days=1)
    _, prefix, secret = token.split("_", 2)
    swapped = f"matcher_{prefix}_{other.split('_', 2)[2]}"
    for forged in ("", token[:-1], f"{token}A", token.upper(), f"matcher_{prefix}_{'A' * 43}", swapped, secret, "\0"):
        with pytest.raises(NotSignedIn):
            alone.tokens.find(forged)
    with alone.database.reading() as connection:
        row = connection.execute(select(account_token).where(account_token.c.prefix == about.prefix)).one()
    with pytest.raises(NotSignedIn):
        alone.tokens.find(f"matcher_{prefix}_{bytes(row.hash).hex()[:43]}")
