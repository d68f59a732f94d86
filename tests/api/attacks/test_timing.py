"""A sign-in takes as long for a name that there is as for one that there is not."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import pytest
from scipy.stats import mannwhitneyu
from sqlalchemy import update

from matcher.accounts.faults import SignInFailed
from matcher.accounts.passwords import MEMORY_KIB, Passwords
from matcher.accounts.roles import Role
from matcher.accounts.signing_in import SignIn
from matcher.records.account_tables import account
from matcher.records.sqlite import url_in
from tests.accounts.parts import GOOD, OTHER, Desk, desk_over

ROUNDS = 150
SERVED_ROUNDS = 20
NAMES = ("known", "disabled", "locked", "unknown")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with made(tmp_path, memory_kib=64) as desk:
        yield desk


@contextmanager
def made(folder: Path, *, memory_kib: int) -> Iterator[Desk]:
    with desk_over(url_in(folder), memory_kib=memory_kib) as desk:
        for name in NAMES[:3]:
            desk.register.add(name, frozenset({Role.OFFICER}), GOOD, must_change=False)
        desk.register.add("root", frozenset({Role.ADMINISTRATOR}), GOOD)
        desk.register.disable("disabled")
        with desk.database.writing() as connection:
            locked = account.c.name == "locked"
            connection.execute(update(account).where(locked).values(failures=9, locked_until=2**40))
        yield desk


def took(sign_in: SignIn, name: str) -> int:
    """Processor time of this process: what others do on this machine is not in it."""
    started = time.process_time_ns()
    with pytest.raises(SignInFailed):
        sign_in.with_password(name, OTHER)
    return time.process_time_ns() - started


def sampled(desk: Desk, rounds: int) -> dict[str, list[int]]:
    """Times by name, interleaved in random order; the clock of the test goes on, so that "known" is never locked."""
    chance = random.Random(7)
    times: dict[str, list[int]] = {name: [] for name in NAMES}
    took(desk.sign_in, "unknown")
    for _ in range(rounds):
        desk.clock.at += 4_000
        for name in chance.sample(NAMES, len(NAMES)):
            times[name].append(took(desk.sign_in, name))
    return times


@pytest.mark.long
def test_known_and_unknown_names_take_as_long(tmp_path: Path) -> None:
    """With the hash of the service; by chance alone an area strays from a half by 0.09 in the mean square."""
    with made(tmp_path, memory_kib=MEMORY_KIB) as desk:
        times = sampled(desk, SERVED_ROUNDS)
    for name in NAMES[:3]:
        area = mannwhitneyu(times[name], times["unknown"]).statistic / SERVED_ROUNDS**2
        assert 0.1 < area < 0.9, (name, area)


@pytest.mark.long
def test_what_differs_outside_the_hash_is_lost_in_it(desk: Desk) -> None:
    """A row that is there costs the database some 0.05 ms more to write than one that is not; the hash takes a thousand
    times that. Leaving out the transaction, or the audit's entry, for unknown names would be found here."""
    passwords = Passwords()
    passwords.warm()
    started = time.process_time_ns()
    passwords.verify("", OTHER)
    hashing = time.process_time_ns() - started
    times = sampled(desk, ROUNDS)
    for name in NAMES[:3]:
        assert abs(median(times[name]) - median(times["unknown"])) < hashing / 200, (name, hashing)


def test_unknown_names_cost_a_hash_and_an_entry(desk: Desk) -> None:
    before = len(desk.entries())
    for name in NAMES:
        with pytest.raises(SignInFailed):
            desk.sign_in.with_password(name, OTHER)
    made = desk.entries()[before:]
    assert [entry["action"] for entry in made] == ["sign_in_failed"] * len(NAMES)
