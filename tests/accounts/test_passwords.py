"""What may be a password, and that it is kept as argon2id of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.accounts.passwords import Passwords, check_password, new_password
from matcher.errors import BadField
from tests.accounts.parts import GOOD, OTHER

QUICK = Passwords(memory_kib=64)


@pytest.mark.parametrize(
    "password",
    [
        "", "short one 1", "x" * 257, "aaaaaaaaaaaaaaaa", "abababababababab", "password1234", "Password1234",
        "qwertyuiop123", "123456789012", "abcdefghijklm", "zyxwvutsrqponm", "anna-consul", "Anna-Consul!1",
        "identitymatcher", "correcthorsebatterystaple",
    ],
)  # fmt: skip
def test_passwords_that_are_refused(password: str) -> None:
    with pytest.raises(BadField) as fault:
        check_password(password, name="anna-consul")
    assert fault.value.field == "password"
    assert not password or password not in str(fault.value)


@pytest.mark.parametrize(
    "password", [GOOD, OTHER, "correct horse battery!", "пароль-и-ещё-слова", "岚若明的密码很长的一个字串"]
)
def test_passwords_that_are_taken(password: str) -> None:
    check_password(password, name="anna")


def test_made_passwords_are_good_and_never_twice() -> None:
    made = {new_password() for _ in range(200)}
    assert len(made) == 200
    for password in made:
        check_password(password, name="anna")


@settings(max_examples=30, deadline=None)
@given(st.text(min_size=1, max_size=60), st.text(min_size=1, max_size=60))
def test_only_the_password_itself_is_verified(password: str, other: str) -> None:
    import unicodedata

    kept = QUICK.hash(password)
    assert kept.startswith("$argon2id$v=19$m=64,t=3,p=1$")
    assert QUICK.verify(kept, password)
    same = unicodedata.normalize("NFKC", password) == unicodedata.normalize("NFKC", other)
    assert QUICK.verify(kept, other) is same


def test_one_password_is_kept_differently_each_time() -> None:
    assert QUICK.hash(GOOD) != QUICK.hash(GOOD)


def test_composed_characters_are_the_same_password() -> None:
    assert QUICK.verify(QUICK.hash("café au lait, bitte"), "cafe\u0301 au lait, bitte")


@pytest.mark.parametrize("kept", ["", "$argon2id$nonsense", "plain"])
def test_nothing_is_verified_against_no_hash(kept: str) -> None:
    assert not QUICK.verify(kept, "")
    assert not QUICK.verify(kept, kept)


def test_a_hash_of_other_parameters_is_outdated_and_verifies_still() -> None:
    stronger = Passwords(memory_kib=128)
    kept = QUICK.hash(GOOD)
    assert stronger.verify(kept, GOOD)
    assert stronger.is_outdated(kept)
    assert not QUICK.is_outdated(kept)
    assert not QUICK.is_outdated("")
