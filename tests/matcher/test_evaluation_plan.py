"""The list of an evaluation: what is wrong with it is named, with the line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.errors import BadManifest
from matcher.evaluation.plan import Kind, photo_digests, read_plan

HEADER = "photo,person_id,role,probe_kind,group\n"
GOOD = (
    "a1.jpg,ann,gallery,,north",
    "b1.jpg,bob,gallery,,",
    "a2.jpg,ann,probe,mated,north",
    "c1.jpg,cy,probe,non-mated,",
)


def written(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "list.csv"
    path.write_text(header + "".join(row + "\n" for row in rows), encoding="utf-8")
    return path


def test_rows_go_where_they_belong(tmp_path: Path) -> None:
    plan = read_plan(written(tmp_path, *GOOD))
    assert [entry.person_id for entry in plan.gallery] == ["ann", "bob"]
    assert [(entry.line, entry.kind, entry.group) for entry in plan.probes] == [
        (4, Kind.MATED, "north"),
        (5, Kind.NON_MATED, ""),
    ]
    assert plan.gallery[0].path == str(tmp_path / "a1.jpg")


def test_an_own_gallery_needs_no_rows_of_it(tmp_path: Path) -> None:
    path = written(tmp_path, *GOOD[2:])
    with pytest.raises(BadManifest, match=r"no gallery photos.*--gallery"):
        read_plan(path)
    assert read_plan(path, own_gallery=True).gallery == ()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("d.jpg,dan,searcher,,", "line 6: the role 'searcher' is not known; write gallery or probe"),
        ("d.jpg,dan,probe,,", "line 6: the probe_kind '' is not known; write mated or non-mated"),
        ("d.jpg,dan,probe,mate,", "line 6: the probe_kind 'mate'"),
        ("d.jpg,dan,gallery,mated,", "line 6: a gallery row has the probe_kind"),
        ("d.jpg,dan,probe,mated,", "line 6: person_id 'dan' is mated but has no gallery photo"),
        ("a3.jpg,ann,probe,non-mated,north", "line 6: person_id 'ann' is non-mated here and gallery in line 2"),
        ("./a1.jpg,ann,gallery,,north", r"line 6: the same photo is in line 2 \('a1.jpg'\); remove one"),
        ("a1.jpg,dan,gallery,,", "line 6: the same photo is in line 2"),
        ("a3.jpg,ann,probe,mated,south", "line 6: person_id 'ann' has the group 'south', in line 2 'north'"),
        (",dan,gallery,,", "line 6: the row names no photo"),
        ("d.jpg,,gallery,,", "line 6: person_id is empty"),
        ("d.jpg,dan,gallery,", "line 6: the row has 4 cells"),
        ("d.jpg,dan,gallery,," + "g" * 41, "line 6: the group"),
    ],
)
def test_a_wrong_row_is_refused_with_its_line(tmp_path: Path, row: str, said: str) -> None:
    with pytest.raises(BadManifest, match=said):
        read_plan(written(tmp_path, *GOOD, row))


def test_a_missing_column_and_a_missing_kind_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadManifest, match="no column probe_kind"):
        read_plan(written(tmp_path, "a1.jpg,ann,gallery", header="photo,person_id,role\n"))
    with pytest.raises(BadManifest, match="no non-mated probes; without them false alarms can't be counted"):
        read_plan(written(tmp_path, *GOOD[:3]))
    with pytest.raises(BadManifest, match="no mated probes"):
        read_plan(written(tmp_path, *GOOD[:2], GOOD[3]))
    with pytest.raises(BadManifest, match="can't be read"):
        read_plan(tmp_path / "gone.csv")


def test_the_same_photo_under_two_names_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    plan = read_plan(written(tmp_path, *GOOD))
    for place, name in enumerate(("a1", "b1", "a2", "c1")):
        (tmp_path / f"{name}.jpg").write_bytes(bytes([place % 3]))
    with pytest.raises(BadManifest, match=r"line 5: the same content of the photo is in line 2 \('a1.jpg'\)"):
        photo_digests(plan, [*plan.gallery, *plan.probes])
    (tmp_path / "c1.jpg").unlink()
    with pytest.raises(BadManifest, match=r"line 5: the photo 'c1.jpg' can't be read"):
        photo_digests(plan, [*plan.gallery, *plan.probes])
    (tmp_path / "c1.jpg").write_bytes(b"another")
    assert len(set(photo_digests(plan, [*plan.gallery, *plan.probes]).values())) == 4


@given(st.permutations(GOOD))
def test_the_order_of_rows_decides_nothing_but_lines(rows: list[str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        plan = read_plan(written(Path(folder), *rows))
    assert {entry.person_id for entry in plan.gallery} == {"ann", "bob"}
    assert [entry.line for entry in plan.probes] == sorted(entry.line for entry in plan.probes)
