"""Encryption at rest: nothing readable in the files, nothing movable between rows, the right key or one clear line."""

import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from matcher.errors import AlreadyThere, BadSetting, NotFound, RecordsUnavailable
from matcher.following import InMemory
from matcher.gallery import Gallery
from matcher.index_secret import NAME, guard_index_secret, index_secret, renew_index_secret
from matcher.protection import keys
from matcher.protection.guard import RecordsGuard
from matcher.protection.master import FILE_VARIABLE, VARIABLE, KeyRefused, key_in, make_key_file, master_key
from matcher.protection.sealing import OVERHEAD, Key, NotOpened, number_of
from matcher.records.coding import vector_bytes
from matcher.records.database import Database
from matcher.records.values import TemplateHit
from tests.matcher.gallery_parts import DIMENSION, ENGINE, content, digest, enrolment, vector

PEOPLE = 12


@contextmanager
def opened(home: Path) -> Iterator[tuple[Database, Gallery]]:
    with (
        closing(Database.in_home(home)) as database,
        Gallery(database, InMemory(DIMENSION), engine=ENGINE, dimension=DIMENSION) as gallery,
    ):
        yield database, gallery


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Key:
    """The key of the environment."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "key"))
    return make_key_file(tmp_path / "key")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with people, photos and templates as they are."""
    home = tmp_path / "home"
    with opened(home) as (_, gallery):
        gallery.enroll([enrolment(f"p{number}", number, 100 + number, name=f"n{number}") for number in range(PEOPLE)])
    return home


def found(gallery: Gallery) -> list[tuple[TemplateHit, ...]]:
    return [gallery.search(vector(number), 10) for number in range(5)]


def bytes_of(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file())


def secrets_of(numbers: range) -> list[bytes]:
    return [blob for number in numbers for blob in (content(number) + b"", vector_bytes(vector(number)))]


def leaked(home: Path, numbers: range) -> list[bytes]:
    """What of these photos and templates can be read in the home's files."""
    whole = bytes_of(home)
    # Photo 1 is the beginning of photo 10: the bytes after it tell them apart nowhere, so ends are not looked at.
    return [blob for blob in secrets_of(numbers) if blob in whole]


def all_numbers() -> range:
    return range(PEOPLE)


# A key's own laws


@given(st.binary(max_size=300), st.binary(max_size=30))
def test_what_is_sealed_comes_back_from_its_own_place_only(blob: bytes, place: bytes) -> None:
    key = Key(7, bytes(range(32)))
    (sealed,) = key.seal([blob], [place])
    assert len(sealed) == len(blob) + OVERHEAD
    assert number_of(sealed) == 7
    assert key.open(sealed, place) == blob
    for other_key, other_place in ((key, place + b"x"), (Key(7, bytes(32)), place)):
        with pytest.raises(NotOpened):
            other_key.open(sealed, other_place)


def test_the_same_bytes_are_never_sealed_alike() -> None:
    key = Key(1, bytes(range(32)))
    assert len(set(key.seal([b"same"] * 100, [b""] * 100))) == 100


@given(st.integers(min_value=0))
def test_any_byte_that_changes_spoils_the_seal(place: int) -> None:
    key = Key(1, bytes(range(32)))
    (sealed,) = key.seal([b"a template"], [b"row"])
    spoilt = bytearray(sealed)
    spoilt[12 + place % (len(sealed) - 12)] ^= 1
    with pytest.raises(NotOpened):
        key.open(bytes(spoilt), b"row")


def test_a_key_shows_nothing_of_itself(key: Key) -> None:
    assert key.secret.hex() not in repr(key)
    assert key.fingerprint not in key.secret.hex()


# A home


def test_a_plain_home_is_readable_so_that_these_tests_can_fail(home: Path) -> None:
    assert len(leaked(home, all_numbers())) == 2 * PEOPLE


def test_nothing_is_readable_in_a_home_that_was_encrypted_from_the_start(tmp_path: Path, key: Key) -> None:
    home = tmp_path / "home"
    with closing(Database.in_home(home)) as database:
        keys.begin(database, key)
    with opened(home) as (database, gallery):
        gallery.enroll([enrolment(f"p{number}", number) for number in range(PEOPLE)])
        assert leaked(home, all_numbers()) == []
        assert gallery.photo_content("main", "p3", digest(3)) == content(3)
        assert keys.status(database).waiting_photos == 0
        assert gallery.check(contents=True) == ()
    assert leaked(home, all_numbers()) == []
    assert key.secret not in bytes_of(home)


def test_encrypting_a_home_changes_no_answer_and_leaves_nothing_readable(home: Path, key: Key) -> None:
    with opened(home) as (_, gallery):
        before = found(gallery)
    with opened(home) as (database, gallery):
        keys.begin(database, key)
        assert keys.encrypt(database) == 4 * PEOPLE
        assert found(gallery) == before
        assert keys.encrypt(database) == 0
        assert keys.status(database).complete
    assert leaked(home, all_numbers()) == []
    with opened(home) as (_, gallery):
        assert found(gallery) == before
        assert gallery.check(contents=True) == ()


def test_a_process_that_knows_of_no_key_yet_finds_out_by_itself(home: Path, key: Key) -> None:
    with opened(home) as (_, gallery), closing(Database.in_home(home)) as other:
        before = found(gallery)
        assert gallery.vectors_by_person([("main", "p1")])
        keys.begin(other, key)
        gallery.enroll([enrolment("new", 500)])
        assert content(500) not in bytes_of(home)
        keys.encrypt(other)
        assert [hits[0] for hits in found(gallery)] == [hits[0] for hits in before]
        assert np.array_equal(gallery.vectors_by_person([("main", "new")])["main", "new"], [vector(500)])
        assert gallery.photo_content("main", "p3", digest(3)) == content(3)


def test_encrypting_is_gone_on_with_after_it_was_interrupted(home: Path, key: Key) -> None:
    def stop(done: int, _total: int) -> None:
        if done >= 2 * PEOPLE:
            raise KeyboardInterrupt

    with closing(Database.in_home(home)) as database:
        keys.begin(database, key)
        with pytest.raises(KeyboardInterrupt):
            keys.encrypt(database, told=stop)
        now = keys.status(database)
        assert (now.waiting_templates, now.waiting_photos, now.complete) == (0, 2 * PEOPLE, False)
        assert keys.encrypt(database) == 2 * PEOPLE
        assert keys.status(database).complete


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE template SET vector = (SELECT vector FROM template WHERE id = 1) WHERE id = 2",
        "UPDATE template SET vector = CAST(x'c6' || substr(vector, 2) AS BLOB) WHERE id = 2",
        "UPDATE template SET vector = CAST(substr(vector, 1, 40) || x'00' || substr(vector, 42) AS BLOB) WHERE id = 2",
        "UPDATE template SET vector = x'" + "00000000" * DIMENSION + "' WHERE id = 2",
        "UPDATE data_key SET wrapped = zeroblob(80)",
    ],
)
def test_templates_that_were_moved_altered_or_put_there_plain_are_refused(home: Path, key: Key, statement: str) -> None:
    with closing(Database.in_home(home)) as database:
        keys.begin(database, key)
        keys.encrypt(database)
        with database.writing() as connection:
            assert connection.execute(text(statement)).rowcount == 1
    with pytest.raises(RecordsUnavailable, match=r"altered|not encrypted"), opened(home) as (_, gallery):
        gallery.vectors_by_person([("main", f"p{number}") for number in range(PEOPLE)])


def test_a_photo_can_not_be_put_in_anothers_place(home: Path, key: Key) -> None:
    swap = (
        "UPDATE photo_content SET content = (SELECT content FROM photo_content WHERE photo_id = 1) WHERE photo_id = 3"
    )
    with closing(Database.in_home(home)) as database:
        keys.begin(database, key)
        keys.encrypt(database)
        with database.writing() as connection:
            connection.execute(text(swap))
    with opened(home) as (_, gallery), pytest.raises(RecordsUnavailable, match="moved from another row"):
        gallery.photo_content("main", "p1", digest(1))


# Keys that are missing, wrong, replaced


def test_without_the_right_key_one_line_says_which_is_needed(
    home: Path, key: Key, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Database.in_home(home)) as database:
        keys.begin(database, key)
        keys.encrypt(database)
    monkeypatch.delenv(FILE_VARIABLE)
    with pytest.raises(KeyRefused, match=key.fingerprint), opened(home):
        pass
    make_key_file(tmp_path / "other")
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "other"))
    with pytest.raises(KeyRefused, match="the one given is"), opened(home):
        pass
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(BadSetting, match="nowhere"), opened(home):
        pass


def test_another_master_key_opens_everything_and_the_old_one_nothing(
    home: Path, key: Key, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(home) as (database, gallery):
        before = found(gallery)
        keys.begin(database, key)
        keys.encrypt(database)
    new = make_key_file(tmp_path / "new")
    with closing(Database.in_home(home)) as database:
        with pytest.raises(KeyRefused):
            keys.rotate(database, new, key)
        assert keys.rotate(database, key, new) == 1
    with pytest.raises(KeyRefused), opened(home):
        pass
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "new"))
    with opened(home) as (_, gallery):
        assert found(gallery) == before


def test_a_new_data_key_replaces_the_old_one_throughout(home: Path, key: Key) -> None:
    with opened(home) as (database, gallery):
        keys.begin(database, key)
        keys.encrypt(database)
        before = found(gallery)
        with database.reading() as connection:
            old = connection.execute(text("SELECT vector FROM template ORDER BY id")).scalars().all()
        keys.replace(database, key)
        assert not keys.status(database).complete
        assert keys.encrypt(database) == 4 * PEOPLE
        assert (keys.status(database).keys, keys.status(database).complete) == (1, True)
        with database.reading() as connection:
            new = connection.execute(text("SELECT vector FROM template ORDER BY id")).scalars().all()
        assert {number_of(blob) for blob in old} == {1}
        assert {number_of(blob) for blob in new} == {2}
        assert found(gallery) == before


def test_a_second_first_key_and_keys_that_are_not_there_are_refused(home: Path, key: Key) -> None:
    with closing(Database.in_home(home)) as database:
        for act in (keys.encrypt, lambda database: keys.rotate(database, key, key)):
            with pytest.raises(NotFound, match="keys init"):
                act(database)
        keys.begin(database, key)
        with pytest.raises(AlreadyThere):
            keys.begin(database, key)


def test_keys_come_as_base64_or_hexadecimal_and_nothing_else(key: Key, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, key.secret.hex())
    given = master_key()
    assert given is not None
    assert given.fingerprint == key.fingerprint
    for wrong in ("short", "x" * 64, key.secret.hex()[:-2]):
        monkeypatch.setenv(VARIABLE, wrong)
        with pytest.raises(BadSetting, match="32 bytes") as refusal:
            master_key()
        assert wrong not in str(refusal.value)


def test_a_key_file_is_its_owners_alone(key: Key, tmp_path: Path) -> None:
    path = tmp_path / "key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(BadSetting, match="there already"):
        make_key_file(path)
    path.chmod(0o644)
    with pytest.raises(BadSetting, match="chmod"):
        key_in(path)


# The index's secret


def test_the_indexs_secret_is_sealed_and_stays_the_same(home: Path, key: Key) -> None:
    folder = home / "index"
    with closing(Database.in_home(home)) as database:
        guard = RecordsGuard(database)
        secret = index_secret(folder, guard)
        assert (folder / NAME).read_bytes() == secret
        keys.begin(database, key)
        keys.encrypt(database, beside=lambda: guard_index_secret(folder, guard))
        assert secret not in bytes_of(home)
        assert index_secret(folder, guard) == secret
        renew_index_secret(folder, guard)
        assert index_secret(folder, guard) != secret
        assert index_secret(folder, guard) not in bytes_of(home)


def test_a_copy_of_the_home_without_the_key_is_of_no_use(
    home: Path, key: Key, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Database.in_home(home)) as database:
        keys.begin(database, key)
        keys.encrypt(database)
    copy = tmp_path / "copy"
    shutil.copytree(home, copy)
    monkeypatch.delenv(FILE_VARIABLE)
    with closing(sqlite3.connect(copy / "records.sqlite3")) as connection:
        blobs = [
            row[0] for row in connection.execute("SELECT vector FROM template UNION SELECT content FROM photo_content")
        ]
    assert len(blobs) == 4 * PEOPLE
    assert all(number_of(blob) == 1 for blob in blobs)
    # What is left without the key: who is in it, and that the audit is whole.
    with closing(Database.in_home(copy)) as database, database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM person")).scalar_one() == PEOPLE
