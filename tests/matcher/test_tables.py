"""CSV files: what is read is what was meant, and what is written is harmless and whole."""

import csv
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.errors import BadField, BadManifest
from matcher.person import Person
from matcher.tables import cell, path_cell, read_table, write_table, writing_whole

_FORMULA = (*"=+-@\t\r\n", *"\uff1d\uff0b\uff0d\uff20")
_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1).map(str.strip)


def _read(path: Path, text: str | bytes, *, columns: str = "a,b") -> list[tuple[int, dict[str, str], str]]:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    names = columns.split(",")
    table = read_table(path, required=names[:1], allowed=names)
    return [(row.line, row.cells, row.fault) for row in table.rows]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_delimiters_line_ends_and_quotes(tmp_path: Path, delimiter: str, end: str) -> None:
    lines = [
        f"a{delimiter}B ",
        f'"1{delimiter}x"{delimiter} two ',
        "",
        f'"two{end}lines"{delimiter}""',
        f"3{delimiter}y",
    ]
    assert _read(tmp_path / "t.csv", end.join(lines)) == [
        (2, {"a": f"1{delimiter}x", "b": "two"}, ""),
        (4, {"a": f"two{end}lines", "b": ""}, ""),
        (6, {"a": "3", "b": "y"}, ""),
    ]


def test_a_row_of_another_length_is_that_rows_fault(tmp_path: Path) -> None:
    (_, _, short), (_, _, long), (_, _, right) = _read(tmp_path / "t.csv", "a,b\n1\n1,2,3\n1,2\n")
    assert "1 cells" in short
    assert "3 cells" in long
    assert right == ""


def test_encodings_are_named_where_they_are_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("a,b\n1,溪岚张伟\n".encode("gb18030"))
    with pytest.raises(BadManifest, match="gb18030"):
        read_table(path, required=["a"], allowed=["b"])
    table = read_table(path, required=["a"], allowed=["b"], encoding="gb18030")
    assert next(table.rows).cells["b"] == "溪岚张伟"
    for wrong in ("no-such", "base64", "ascii", "utf-8"):
        with pytest.raises(BadManifest, match=wrong):
            read_table(path, required=["a"], allowed=["b"], encoding=wrong)
    path.write_bytes(b"\xef\xbb\xbfa,b\n1,x\n")
    assert read_table(path, required=["a"], allowed=["b"]).columns == ("a", "b")


@given(st.lists(st.tuples(_TEXT, _TEXT), min_size=1, max_size=5))
def test_what_is_written_is_read_again(rows: list[tuple[str, str]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        write_table(path, ("a", "b"), rows)
        kept = [{"a": a, "b": b} for a, b in rows if a or b]
        assert [row.cells for row in read_table(path, required=["a"], allowed=["b"]).rows] == kept


@given(st.text(max_size=20))
def test_no_cell_of_text_begins_like_a_formula(text: str) -> None:
    assert not cell(text).startswith(_FORMULA)
    assert not path_cell(text).startswith(_FORMULA)
    assert cell(text).endswith(text)


@given(st.text(max_size=20))
def test_every_id_is_exact_in_a_table(text: str) -> None:
    try:
        person_id = Person(text).person_id
    except BadField:
        return
    assert cell(person_id) == person_id


@pytest.mark.parametrize(
    "marked", ["=1+1", "@SUM(A1)", "-1+cmd|' /C calc'!A0", '+HYPERLINK("x")', "\t=1", "\uff1d1+1", "-17", "+49 30"]
)
def test_what_could_run_is_marked(marked: str) -> None:
    assert cell(marked) == "'" + marked


def test_a_file_that_fails_leaves_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    write_table(path, ("a",), [("1",)])

    def rows() -> Iterator[tuple[str]]:
        yield ("half",)
        raise RuntimeError("midway")

    with pytest.raises(RuntimeError, match="midway"):
        write_table(path, ("a",), rows())
    assert [entry.name for entry in tmp_path.iterdir()] == ["t.csv"]
    with path.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["a"], ["1"]]


def test_names_that_are_not_text_are_shown_by_their_bytes(tmp_path: Path) -> None:
    write_table(tmp_path / "t.csv", ("a",), [("x\udcff",)])
    assert (tmp_path / "t.csv").read_text(encoding="utf-8") == "a\nx\\udcff\n"


def test_a_fault_of_the_disk_names_the_file_that_was_meant(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    # A device that is always full: the system's fault names no file.
    with (
        Path("/dev/full").open("wb", buffering=0) as device,
        pytest.raises(OSError, match="No space left") as fault,
        writing_whole(path),
    ):
        device.write(b"x")
    assert fault.value.filename == str(path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(FileNotFoundError) as fault:
        write_table(tmp_path / "gone" / "t.csv", ("a",), [])
    assert fault.value.filename == str(tmp_path / "gone" / "t.csv")
