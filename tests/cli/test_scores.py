"""calibrate, audit-gallery and --fpir on the command line."""

import json
from pathlib import Path
from typing import Any

import pytest

from matcher.build import open_gallery
from matcher.drawn import DemoSet
from matcher.faces import Template
from matcher.person import Person
from matcher.records.values import Enrolment, ReferencePhoto
from matcher.settings import load_settings
from tests.cli.parts import Shell, one_line_of_error, read_csv
from tests.cli.test_audit import of_kind
from tests.matcher.scoring_people import another_photo, strangers


def a_case(drawn: DemoSet) -> tuple[Path, str]:
    """A case photo of somebody who is enrolled, and who it is."""
    truth = next(row for row in read_csv(drawn.answers) if row["person_id"])
    manifest = {row["case_id"]: row["photo"] for row in read_csv(drawn.backlog)}
    return drawn.backlog.parent / manifest[truth["case_id"]], truth["person_id"]


def _calibrations(shell: Shell) -> list[dict[str, Any]]:
    """What the audit says of calibrations that were made."""
    return [one for one in of_kind(shell, "threshold_changed") if "calibration" in one["details"]]


def test_calibrating_says_what_is_missing(asking: Shell) -> None:
    one_line_of_error(asking("calibrate"), 2, "12 people", "320 people are needed")


@pytest.mark.long
def test_a_calibration_is_kept_in_the_home_and_told(fresh: Shell) -> None:
    people = strangers(330, seed=51)
    second = another_photo(people, seed=52)
    with open_gallery(load_settings(fresh.home)) as gallery:
        entries = []
        for place in range(330):
            photos = [
                ReferencePhoto(f"{place * 2 + number:064x}", Template(gallery.engine, vectors[place]))
                for number, vectors in enumerate((people, second))
            ]
            entries.append(Enrolment(Person(f"p{place}"), photos))
        gallery.enroll(entries)
    # Where the file can't be written, the audit has the calibration already: never the other way round.
    in_the_way = fresh.home / "calibrations"
    in_the_way.write_text("not a folder")
    assert fresh("calibrate", "--gallery", "main").code != 0
    assert len(_calibrations(fresh)) == 1
    in_the_way.unlink()
    ended = fresh("calibrate", "--gallery", "main")
    assert ended.code == 0, ended.err
    assert len(_calibrations(fresh)) == 2
    assert "on 330 people" in ended.out
    with_cases = fresh("calibrate", "--with-cases")
    assert with_cases.code == 0
    assert "0 photos of the person, 0 of another one" in with_cases.err
    (kept,) = (fresh.home / "calibrations").iterdir()
    assert json.loads(kept.read_text())["source"]["people"] == 330
    kept.write_text("{}")
    one_line_of_error(fresh("audit-gallery"), 2, kept.name, "calibrate again")


@pytest.mark.long
def test_the_audit_lists_one_person_under_two_ids(shell: Shell, drawn: DemoSet) -> None:
    assert json.loads(shell("audit-gallery", "--json").out)["people"] == 12
    photo, truth = a_case(drawn)
    folder = shell.folder / "again"
    folder.mkdir()
    (folder / f"under-another-id{photo.suffix}").write_bytes(photo.read_bytes())
    assert shell("enroll", folder).code == 0
    ended = shell("audit-gallery", "--expected", "0.1")
    assert ended.code == 0
    assert "under-another-id" in ended.out
    assert truth in ended.out


@pytest.mark.long
def test_a_stricter_target_lists_fewer_and_says_nobody(asking: Shell, drawn: DemoSet) -> None:
    photo, _ = a_case(drawn)
    lists = []
    for target in ("0.9", "0.1", "0.001"):
        ended = asking("identify", photo, "--json", "--fpir", target)
        (answer,) = ended.objects
        assert answer["scoring"]["mode"] == "identification"
        assert answer["scoring"]["fpir"] == float(target)
        lists.append([candidate["person_id"] for candidate in answer["candidates"]])
    assert lists[0][: len(lists[1])] == lists[1]
    assert lists[1][: len(lists[2])] == lists[2]
    one_line_of_error(asking("identify", photo, "--fpir", "1e-15"), 2, "strictest")
    one_line_of_error(asking("identify", photo, "--fpir", "0"), 2, "fpir")


@pytest.mark.long
def test_enrolling_tells_of_a_photo_that_is_unlike_the_others(shell: Shell, drawn: DemoSet) -> None:
    photo, truth = a_case(drawn)
    stranger = next(row for row in read_csv(drawn.answers) if not row["person_id"])
    manifest = {row["case_id"]: row["photo"] for row in read_csv(drawn.backlog)}
    folder = shell.folder / "more" / truth
    folder.mkdir(parents=True)
    (folder / photo.name).write_bytes(photo.read_bytes())
    assert "unlike the others" not in shell("enroll", folder.parent).err
    other = drawn.backlog.parent / manifest[stranger["case_id"]]
    (folder / f"other{other.suffix}").write_bytes(other.read_bytes())
    ended = shell("enroll", folder.parent)
    assert f"{truth}: one of" in ended.err
    assert "unlike the others" in ended.err
