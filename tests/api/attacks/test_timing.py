"""A sign-in takes as long for a name that there is as for one that there is not."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from scipy.stats import mannwhitneyu
from sqlalchemy import update

from matcher.accounts.faults import SignInFailed
from matcher.accounts.roles import Role
from matcher.accounts.signing_in import SignIn
from matcher.records.account_tables import account
from matcher.records.sqlite import url_in
from tests.accounts.parts import GOOD, OTHER, Desk, desk_over

ROUNDS = 150
NAMES = ("known", "disabled", "locked", "unknown")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_over(url_in(tmp_path)) as desk:
        for name in NAMES[:3]:
            desk.register.add(name, frozenset({Role.OFFICER}), GOOD, must_change=False)
        desk.register.add("root", frozenset({Role.ADMINISTRATOR}), GOOD)
        desk.register.disable("disabled")
        with desk.database.writing() as connection:
            locked = account.c.name == "locked"
            connection.execute(update(account).where(locked).values(failures=9, locked_until=2**40))
        yield desk


def took(sign_in: SignIn, name: str) -> int:
    """Processor time of this thread: what others do on this machine is not in it."""
    started = time.thread_time_ns()
    with pytest.raises(SignInFailed):
        sign_in.with_password(name, OTHER)
    return time.thread_time_ns() - started


def test_known_and_unknown_names_take_as_long(desk: Desk) -> None:
    """Interleaved in random order; a guesser who could tell them apart would show as an area far from a half.

    The work outside the hash is what could differ, so that the hash is made as quick as it can be: with that of the
    service, a thousand times longer, differences would be lost in it all the more.
    """
    rounds = random.Random(7)
    times: dict[str, list[int]] = {name: [] for name in NAMES}
    took(desk.sign_in, "unknown")
    for _ in range(ROUNDS):
        # The clock of the test goes on, so that "known" is never locked.
        desk.clock.at += 4_000
        for name in rounds.sample(NAMES, len(NAMES)):
            times[name].append(took(desk.sign_in, name))
    for name in NAMES[:3]:
        found = mannwhitneyu(times[name], times["unknown"])
        area = found.statistic / ROUNDS**2
        assert 0.2 < area < 0.8, (name, area, found.pvalue)


def test_unknown_names_cost_a_hash_and_an_entry(desk: Desk) -> None:
    before = len(desk.entries())
    for name in NAMES:
        with pytest.raises(SignInFailed):
            desk.sign_in.with_password(name, OTHER)
    made = desk.entries()[before:]
    assert [entry["action"] for entry in made] == ["sign_in_failed"] * len(NAMES)
