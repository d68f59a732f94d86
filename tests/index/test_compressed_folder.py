"""What a folder adds: it survives, is shared by processes, and refuses what is damaged or not its own."""

import errno
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from index.base import DuplicateId, IndexDamaged, IndexFault, IndexForeign, IndexUnwritable, Where, WrongRequest
from index.compressed import log as logs
from index.compressed import manifest as manifests
from index.compressed.compaction import Limits
from index.compressed.index import CompressedIndex
from index.compressed.rotation import Rotation
from index.opening import Backend, open_index
from tests.index.contract import CLOSE, drawn, numbered

DIMENSION, NAMES = 16, ("group",)
KEY = b"sixteen secret bytes"
LIMITS = Limits(flush_rows=50, bulk_rows=100, coded_rows=2_000, worn_rows=10)


def opened(folder: Path, **settings) -> CompressedIndex:
    given = {"tag": "drawn@1", "key": KEY, "limits": LIMITS, "background": False, "dimension": DIMENSION, **settings}
    return CompressedIndex(folder, attribute_names=NAMES, **given)


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a segment with codes and removed rows, a segment without, and changes in the log."""
    folder = tmp_path_factory.mktemp("master") / "index"
    with opened(folder) as index:
        index.add(np.arange(3_000), drawn(3_000), position=1)
        index.add(np.arange(3_000, 3_200), drawn(200, seed=1), position=2)
        index.remove(np.arange(100, 105), position=3)
        index._compactor.run()
        index.add(numbered(9_000), drawn(1, seed=2), position=4)
        index.remove(numbered(3_000), position=5)
        assert index.stats().details["coded_segments"] == 1
        assert index.stats().details["segments"] == 2
    return folder


@pytest.fixture
def folder(master: Path, tmp_path: Path) -> Path:
    shutil.copytree(master, tmp_path / "index")
    return tmp_path / "index"


def test_everything_is_there_after_opening_again(folder: Path) -> None:
    with opened(folder) as index:
        assert len(index) == 3_195
        assert index.position == 5
        assert index.search(drawn(1, seed=2), 1).ids[0, 0] == 9_000
        assert not np.isin(index.ids(), [100, 104, 3_000]).any()
        index.verify()


def test_stored_vectors_are_not_the_callers(tmp_path: Path) -> None:
    """Another key, other files; and no vector stands in them as it was given."""
    contents = []
    for key in (KEY, KEY[::-1]):
        with opened(tmp_path / key.hex(), key=key) as index:
            index.add(np.arange(200), drawn(200))
            np.testing.assert_allclose(index.vectors(numbered(7))[0], drawn(200)[7], atol=CLOSE)
        contents.append(next((tmp_path / key.hex()).glob("segment-*/vectors.bin")).read_bytes())
    assert contents[0] != contents[1]
    assert drawn(200)[7].tobytes() not in contents[0]


def test_a_rotation_is_orthogonal_and_lasts() -> None:
    rotation = Rotation(KEY, 32)
    vectors = drawn(50, dimension=32)
    np.testing.assert_allclose(
        np.linalg.norm(rotation.apply(vectors), axis=1), np.linalg.norm(vectors, axis=1), rtol=1e-5
    )
    np.testing.assert_allclose(rotation.undo(rotation.apply(vectors)), vectors, atol=CLOSE)
    # Written down when the format was made: files must stay readable.
    np.testing.assert_allclose(rotation.apply(np.eye(32, dtype=np.float32)[:1])[0, :3], EXPECTED_TURN, atol=1e-6)
    assert "sixteen" not in repr(rotation)
    with pytest.raises(WrongRequest, match="key"):
        Rotation(b"short", 32)


EXPECTED_TURN = [-0.0529322, -0.1823770, -0.2277950]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"tag": "other@2"}, "drawn@1"),
        ({"key": KEY[::-1]}, "key"),
        ({"dimension": DIMENSION + 1}, "dimension"),
    ],
)
def test_another_engine_key_or_dimension_is_refused(folder: Path, settings: dict, words: str) -> None:
    with pytest.raises(IndexForeign, match=words):
        opened(folder, **settings)


def test_a_later_format_is_refused(folder: Path) -> None:
    path = folder / manifests.NAME
    text = path.read_text().replace('"version": 2', '"version": 3').rpartition("\nsha256 ")[0]
    path.write_text(f"{text}\nsha256 {manifests._digest(text)}\n")
    with pytest.raises(IndexForeign, match="version 3"):
        opened(folder)


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")


def test_every_altered_byte_is_noticed(folder: Path) -> None:
    """One flipped bit anywhere: in the middle, at the start and at the end of every file."""
    for path in files_of(folder):
        content = path.read_bytes()
        for at in {0, len(content) // 2, len(content) - 2}:
            path.write_bytes(content[:at] + bytes([content[at] ^ 0x10]) + content[at + 1 :])
            if path.name.startswith("log-") and logs.LENGTH_AT + logs.LENGTH.size <= at < logs.START:
                continue
            with pytest.raises(IndexDamaged, match="records"):
                opened(folder).close()
        path.write_bytes(content)
    opened(folder).close()


def test_every_cut_or_missing_file_is_noticed(folder: Path) -> None:
    for path in files_of(folder):
        content = path.read_bytes()
        for left in (0, len(content) // 2, len(content) - 1):
            path.write_bytes(content[:left])
            with pytest.raises(IndexDamaged):
                opened(folder).close()
        path.unlink()
        with pytest.raises(IndexDamaged):
            opened(folder).close()
        path.write_bytes(content)
    opened(folder).close()


def test_an_altered_large_file_is_noticed_by_verify(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of large files only both ends are read at opening; here everything counts as large."""
    monkeypatch.setattr("index.compressed.files.WHOLE", 0)
    monkeypatch.setattr("index.compressed.files.END", 64)
    folder = tmp_path / "index"
    with opened(folder) as index:
        index.add(np.arange(200), drawn(200))
        index.verify()
    path = next(folder.glob("segment-*/vectors.bin"))
    content = path.read_bytes()
    path.write_bytes(content[:5_000] + b"\xff\xff" + content[5_002:])
    with opened(folder) as index, pytest.raises(IndexDamaged, match="checksum"):
        index.verify()
    path.write_bytes(b"\xff\xff" + content[2:])
    with pytest.raises(IndexDamaged, match="checksum"):
        opened(folder)


@pytest.mark.parametrize("cut", [1, 3, 40, 60])
def test_the_torn_end_of_a_log_is_cut_off(folder: Path, cut: int) -> None:
    """A writer died while writing: what it had acknowledged stays, its half record goes."""
    path = max(folder.glob("log-*"))
    whole = path.read_bytes()
    with opened(folder) as index:
        index.add(numbered(9_001), drawn(1, seed=3))
    longer = path.read_bytes()
    # The record as far as it came, under the acknowledged length of before.
    path.write_bytes(whole + longer[len(whole) : -cut])
    with opened(folder) as index:
        assert index.position == 5
        assert 9_001 not in index.ids()
        assert path.stat().st_size == len(whole)
        index.add(numbered(9_002), drawn(1, seed=4))
        assert index.search(drawn(1, seed=4), 1).ids[0, 0] == 9_002
    with opened(folder) as index:
        assert 9_002 in index.ids()


def test_a_whole_record_that_was_not_acknowledged_is_kept(folder: Path) -> None:
    """After a power cut the acknowledged length may be older than the records that were."""
    path = max(folder.glob("log-*"))
    start = path.read_bytes()[: logs.START]
    with opened(folder) as index:
        index.add(numbered(9_001), drawn(1, seed=3))
    path.write_bytes(start + path.read_bytes()[logs.START :] + b"chng and a torn piece")
    with opened(folder) as index:
        assert 9_001 in index.ids()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("mine")
    with pytest.raises(IndexForeign, match=r"letters\.txt"):
        opened(tmp_path)
    assert (tmp_path / "letters.txt").read_text() == "mine"


def test_a_disk_that_refuses_keeps_the_index_as_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fdatasync
    with opened(folder) as index:

        def full(_: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "fdatasync", full)
        with pytest.raises(IndexUnwritable, match="full"):
            index.add(numbered(9_001), drawn(1, seed=3), position=6)
        assert index.position == 5
        assert 9_001 not in index.ids()
        monkeypatch.setattr(os, "fdatasync", real)
        index.add(numbered(9_001), drawn(1, seed=3), position=6)
        assert 9_001 in index.ids()


def test_a_compaction_that_fails_changes_nothing_and_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise IndexUnwritable(f"can't write {path}: the disk is full")

    with opened(folder) as index:
        monkeypatch.setattr("index.compressed.building.seal", refuse)
        index.add(np.arange(10_000, 10_060), drawn(60, seed=5))
        index._in_background.run()
        assert "full" in str(index.stats().details["last_compaction_error"])
        assert len(index) == 3_255
        monkeypatch.undo()
        index.compact()
        assert index.stats().details["segments"] == 1
        assert len(index) == 3_255
    assert len(list(folder.glob("segment-*"))) == 1
    assert len(list(folder.glob("log-*"))) == 1


def test_leavings_of_a_crash_are_removed(folder: Path) -> None:
    (folder / "segment-00000777").mkdir()
    (folder / "segment-00000777" / "vectors.bin").write_bytes(b"half")
    (folder / "log-00000778").write_bytes(b"")
    (next(folder.glob("segment-*")) / "dead-00000779.bin").write_bytes(b"")
    with opened(folder) as index:
        index.compact()
    names = {path.name for path in folder.iterdir()}
    assert not names & {"segment-00000777", "log-00000778"}


def test_a_removed_id_that_comes_back_in_bulk_stays(folder: Path) -> None:
    """The log still holds its removal, which must not reach the newer segment when it is read again."""
    with opened(folder) as index:
        index.remove(np.arange(0, 3))
        index.add(np.arange(0, 3), drawn(3, seed=6))
        index.remove(np.arange(0, 3))
        index.add(np.concatenate([np.arange(0, 3), np.arange(20_000, 20_200)]), drawn(203, seed=7), position=6)
        index.remove(numbered(20_000))
    for _ in range(2):
        with opened(folder) as index:
            assert index.position == 6
            assert len(index) == 3_195 - 3 + 203 - 1
            assert index.search(drawn(203, seed=7)[:3], 1).ids[:, 0].tolist() == [0, 1, 2]
            index.compact()


def test_another_object_sees_changes_at_once(folder: Path) -> None:
    with opened(folder) as writer, opened(folder) as reader:
        for number in range(5):
            vector = drawn(1, seed=50 + number)
            writer.add(numbered(30_000 + number), vector, position=10 + number)
            assert reader.search(vector, 1).ids[0, 0] == 30_000 + number
            assert reader.position == 10 + number
            if number == 2:
                writer.compact()
        writer.remove(numbered(30_000))
        assert reader.search(drawn(1, seed=50), 1).ids[0, 0] != 30_000
        with pytest.raises(DuplicateId):
            reader.add(numbered(30_001), drawn(1))


READER = """
import sys, numpy as np
from pathlib import Path
from tests.index.test_compressed_folder import opened
with opened(Path(sys.argv[1])) as index:
    print("ready", flush=True)
    for line in sys.stdin:
        query = np.array(line.split(), dtype=np.float32)
        print(index.search(query[None], 1).ids[0, 0], flush=True)
"""


def test_another_process_sees_an_addition_at_its_next_search(folder: Path) -> None:
    command = [sys.executable, "-c", READER, str(folder)]
    root = Path(__file__).parents[2]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=root, stdin=pipe, stdout=pipe, text=True) as reader, opened(folder) as index:
        assert reader.stdin
        assert reader.stdout
        assert reader.stdout.readline() == "ready\n"
        for number in range(5):
            vector = drawn(1, seed=70 + number)
            index.add(numbered(40_000 + number), vector)
            reader.stdin.write(" ".join(map(str, vector[0].tolist())) + "\n")
            reader.stdin.flush()
            assert reader.stdout.readline() == f"{40_000 + number}\n"
        reader.stdin.close()


@pytest.mark.long
def test_searches_go_on_while_many_threads_change_and_compact(tmp_path: Path) -> None:
    """Two objects, as of two processes; writers own disjoint ids, so that each knows what must be there."""
    folder, wrong = tmp_path / "index", []
    with opened(folder, background=True) as one, opened(folder, background=True) as other:
        one.add(np.arange(LIMITS.coded_rows), drawn(LIMITS.coded_rows))
        assert one.stats().details["coded_entries"] == LIMITS.coded_rows

        def change(index: CompressedIndex, first: int) -> None:
            rng = np.random.default_rng(first)
            try:
                for turn in range(12):
                    ids = np.arange(first + 100 * turn, first + 100 * turn + int(rng.integers(1, 40)))
                    vectors = drawn(len(ids), seed=first + turn) + 20
                    index.add(ids, vectors)
                    if other.search(vectors, 1).ids[:, 0].tolist() != ids.tolist():
                        wrong.append(("not found", first, turn))
                    index.remove(ids[::2])
                    if np.isin(one.search(vectors[::2], 5).ids, ids[::2]).any():
                        wrong.append(("found", first, turn))
            except IndexFault as fault:
                wrong.append(fault)

        threads = [
            threading.Thread(target=change, args=(index, 10_000 * (number + 1)))
            for number, index in enumerate((one, other, one, other))
        ]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            assert (other.search(drawn(5), 1).ids[:, 0] == np.arange(5)).all()
        for thread in threads:
            thread.join()
        assert wrong == []
        np.testing.assert_array_equal(one.ids(), other.ids())


def test_closing_stops_a_compaction_under_way(tmp_path: Path) -> None:
    index = opened(tmp_path / "index", background=True)
    index.add(np.arange(90), drawn(90))
    started = time.monotonic()
    index.close()
    assert time.monotonic() - started < 30
    with opened(tmp_path / "index") as again:
        assert len(again) == 90


def test_the_opener_makes_each_backend(tmp_path: Path) -> None:
    with open_index(Backend.EXACT, 4, tag="t") as index:
        assert index.stats().kind == "exact"
    with open_index(Backend.COMPRESSED, 4, ("a",), tag="t", folder=tmp_path / "index", key=KEY) as index:
        assert index.stats().kind == "compressed"
        assert index.search(drawn(1, dimension=4), 1, where=Where(equals={"a": [1]})).ids.tolist() == [[-1]]
    with pytest.raises(WrongRequest, match="folder"):
        open_index(Backend.COMPRESSED, 4, tag="t", key=KEY)


def test_the_recall_target_has_bounds(tmp_path: Path) -> None:
    for target in (0.2, 1.0):
        with pytest.raises(WrongRequest, match="recall"):
            opened(tmp_path / "index", recall_target=target)


def test_manifests_come_back_as_they_were(folder: Path) -> None:
    manifest = manifests.read(folder)
    manifests.write(folder, replace(manifest, position=77))
    assert manifests.read(folder) == replace(manifest, position=77)


@pytest.fixture(autouse=True)
def no_threads_left() -> Iterator[None]:
    yield
    assert not [thread for thread in threading.enumerate() if thread.name == "compaction"]
