"""Documents of cases on both databases: made behind the gate, kept, given out, sent, answered, purged."""

import json
import zipfile
from contextlib import closing
from datetime import date
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from pypdf import PdfReader
from sqlalchemy import text

from matcher.accounts.register import new_account
from matcher.accounts.roles import Role
from matcher.audit.asking import Filter, stream
from matcher.casework import erasing
from matcher.casework.answers import AnswerKind, Rejection
from matcher.casework.case import case_id, case_subject
from matcher.casework.document.documents import document_subject
from matcher.casework.document.response import FORMAT, Response
from matcher.casework.document.signing import read_signed
from matcher.casework.document.verifying import verify
from matcher.casework.faults import Confidential, NotAllowed, NotNow
from matcher.casework.statuses import Status
from matcher.errors import BadField, BadSetting, NotFound, RecordsError, RecordsUnavailable
from matcher.person_export import export_person
from matcher.protection import keys
from matcher.protection.master import FILE_VARIABLE, make_key_file
from matcher.protection.sealing import MARK
from matcher.records import case_documents, document_tables
from matcher.records.copying import copy_records
from matcher.records.database import Database
from matcher.records.sqlite import url_in
from tests.casework.document.conftest import Issued
from tests.casework.document.parts import both_files, identified, keys_of, made
from tests.casework.parts import ANNA, AUDITOR, BORIS, CHEN, DORA, FRIDA, Bureau, bureau

TODAY = date(2026, 3, 1)


def _schema(name: str) -> Any:
    source = files("matcher.casework.document").joinpath(f"schemas/{name}.schema.json").read_text(encoding="utf-8")
    return jsonschema_rs.validator_for(json.loads(source))


def _audit(bureau: Bureau, subject: str) -> list[tuple[str, str]]:
    with bureau.database.reading() as connection:
        lines = [json.loads(line.body) for line in stream(connection, Filter(subject=subject))]
    return [(line["action"], line["details"].get("what", "")) for line in lines]


def _response(kept: Any, number: int, /, **fields: str) -> bytes:
    said = {"format": FORMAT, "document": kept.id, "case": case_id(number), "sha256": kept.sha256,
            "answer": "confirmed", "answered_on": "2026-03-01", "answered_by": "Wang Wei", **fields}  # fmt: skip
    return json.dumps(said).encode()


def _sent(bureau: Bureau, number: int, kept: Any) -> None:
    bureau.office.documents.mark_sent(ANNA, number, kept.id, sent_on="2026-03-01", how="courier 7")


def test_the_json_is_of_the_published_schema(issued: Issued) -> None:
    found = json.loads(issued.json)
    _schema("request").validate(found)
    assert [photo["role"] for photo in found["request"]["photos"]] == ["searched", "record", "case", "case"]
    assert all(photo["jpeg"] for photo in found["request"]["photos"])
    for name in ("strength", "comparison", "photos", "proposed"):
        less = {**found, "request": {key: part for key, part in found["request"].items() if key != name}}
        assert not _schema("request").is_valid(less)


def test_people_are_named_in_full_where_their_accounts_say_it(there: Bureau) -> None:
    number = identified(there)
    with there.database.writing() as connection:
        for name, full_name in (("anna", "Анна Линдквист"), ("boris", "")):
            new_account(connection, name, frozenset({Role.OFFICER}), now=1, full_name=full_name)
    pdf, data = both_files(there, made(there, number))
    _schema("request").validate(json.loads(data))
    comparison = read_signed(data)[0]["comparison"]
    assert (comparison["examined"]["name"], comparison["examined"]["full_name"]) == ("anna", "Анна Линдквист")
    assert (comparison["confirmed"]["name"], "full_name" in comparison["confirmed"]) == ("boris", False)
    shown = "".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)
    assert "Анна Линдквист (anna)" in shown


def test_a_document_says_what_two_people_found_and_nothing_else(both: Bureau) -> None:
    number = identified(both)
    kept = made(both, number)
    pdf, data = both_files(both, kept)
    request, _ = read_signed(data)
    assert pdf.startswith(b"%PDF-1.7")
    assert request["to"] == {"country": "CHN", "name": {"en": "China", "zh": "中国"}, "basis": "article 3"}
    assert request["case"] == {"reference": case_id(number), "reply_wanted_by": "2026-07-31"}
    assert [request["comparison"][who]["name"] for who in ("examined", "confirmed")] == ["anna", "boris"]
    compared = request["comparison"]["confirmed"]["compared"]
    assert [(one["feature"], one["seen"]) for one in compared] == [("ears", "similar"), ("nose", "similar")]
    assert compared[0]["feature_in_words"] == {"en": "ears", "zh": "耳朵"}
    assert (request["proposed"]["register_number"], request["proposed"]["household_registration"]) == (
        "p1",
        "画省绘山市荷塘区",
    )
    assert request["strength"]["log10_likelihood_ratio"] is None
    assert "not calibrated" in request["strength"]["ratio_in_words"]["en"]
    # What officers said to themselves stays with them.
    assert "confidence" not in json.dumps(request["comparison"])
    assert both.office.documents.documents(ANNA, number) == (kept,)


@pytest.mark.long
def test_the_records_photo_has_its_date_in_the_format_of_before(both: Bureau) -> None:
    number = identified(both)
    undated = both_files(both, made(both, number))
    both.date("main", 1, "2019-05-17")
    dated = both_files(both, made(both, number))
    for (pdf, data), day in ((undated, ""), (dated, "2019-05-17")):
        found = json.loads(data)
        _schema("request").validate(found)
        assert [photo["taken_on"] for photo in found["request"]["photos"]] == ["2026-02-02", day]
        for file in (pdf, data):
            assert verify(file, keys_of(both).public()).request["version"] == 1
    texts = ["".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages) for pdf, _ in (undated, dated)]
    assert ["date not known 日期不详" in text for text in texts] == [True, False]
    assert ["2019-05-17" in text for text in texts] == [False, True]


def test_nothing_of_a_protected_case_goes_into_a_document(both: Bureau) -> None:
    number = identified(both)
    kept, documents, name = made(both, number), both.office.documents, ""
    name = kept.id
    version = both.now_is(ANNA, number).version
    both.office.confidentiality.protect(ANNA, number, reason="a letter", version=version)
    for refused in (
        lambda: documents.make(ANNA, number),
        lambda: documents.preview(ANNA, number),
        lambda: documents.pdf_of(ANNA, number, name),
        lambda: documents.json_of(DORA, number, name),
        lambda: documents.mark_sent(ANNA, number, name, sent_on="2026-03-01", how="courier"),
    ):
        with pytest.raises(Confidential):
            refused()
    # To whoever may not see the case, it is not there.
    for stranger in (lambda: documents.documents(CHEN, number), lambda: documents.pdf_of(CHEN, number, name)):
        with pytest.raises(NotFound, match="no such case"):
            stranger()
    with pytest.raises(NotAllowed):
        documents.documents(AUDITOR, number)
    assert len(documents.documents(ANNA, number)) == 1


def test_a_case_of_unknown_protection_has_no_document(there: Bureau) -> None:
    there.register("main", 1, 2, 3)
    case = there.case(person=1, gallery="main")
    search, _ = there.desk.searches.search(ANNA, case.number, gallery="main")
    for who in (ANNA, DORA):
        there.review(who, search.number, 1)
    assert len(there.office.reviews.identifications(ANNA, case.number)) == 1
    with pytest.raises(Confidential, match="unknown"):
        made(there, case.number)
    there.lift(case.number)
    assert made(there, case.number).country == "CHN"


@pytest.mark.long
def test_without_an_identification_by_two_there_is_no_document(there: Bureau) -> None:
    there.register("main", 1, 2, 3)
    case = there.case(person=1, gallery="main")
    there.lift(case.number)
    search, _ = there.desk.searches.search(ANNA, case.number, gallery="main")
    there.review(ANNA, search.number, 1)
    with pytest.raises(NotNow, match="two people"):
        made(there, case.number)
    with pytest.raises(NotFound):
        there.office.documents.make(ANNA, case.number, identification="I-00000-00001")


@pytest.mark.long
def test_the_database_itself_keeps_protected_cases_out(both: Bureau) -> None:
    number = identified(both)
    kept = made(both, number)
    columns = "case_id, identification_id, country, sha256, key, request, pdf, made_by, made_at"
    copy = f"INSERT INTO case_document (id, {columns}) SELECT :id, {columns} FROM case_document"
    other = both.case(person=2).number
    for statement in (
        "UPDATE case_document SET sha256 = key",
        "UPDATE case_document SET country = 'VNM'",
        "UPDATE case_document SET made_by = 'account:zoe'",
        f"UPDATE case_document SET case_id = {other}",
        "UPDATE document_key SET made_by = 'os:zoe', made_at = 5",
        "DELETE FROM document_key",
    ):
        with pytest.raises(RecordsError), both.database.writing() as connection:
            connection.execute(text(statement))
    version = both.now_is(ANNA, number).version
    both.office.confidentiality.protect(ANNA, number, reason="a letter", version=version)
    for statement in (copy, "UPDATE case_document SET sent_by = 'account:anna', sent_on = '2026-03-01'"):
        with pytest.raises(RecordsError, match="a rule of the database"), both.database.writing() as connection:
            connection.execute(text(statement), {"id": 5} if statement is copy else {})
    assert both.office.documents.documents(ANNA, number) == (kept,)


def test_from_the_document_to_the_consulates_answer(both: Bureau) -> None:
    number = identified(both)
    kept, office, name = made(both, number), both.office, ""
    name = kept.id
    with pytest.raises(NotNow, match="never sent"):
        office.responses.respond(ANNA, number, name, _response(kept, number))
    _sent(both, number, kept)
    assert both.now_is(ANNA, number).status is Status.SENT_TO_CONSULATE
    with pytest.raises(NotNow, match="was sent on 2026-03-01"):
        _sent(both, number, kept)
    with pytest.raises(RecordsError), both.database.writing() as connection:
        connection.execute(text("UPDATE case_document SET sent_on = '2026-04-01'"))
    content = _response(kept, number, reference="CG-2026-114", remarks="found in the register")
    answer = office.responses.respond(ANNA, number, name, content)
    assert both.now_is(ANNA, number).status is Status.SENT_TO_CONSULATE
    with pytest.raises(NotAllowed, match="another person"):
        office.answers.check(ANNA, number, answer)
    office.answers.check(BORIS, number, answer)
    assert both.now_is(ANNA, number).status is Status.CONFIRMED
    ((number_of_answer, said),) = office.responses.responses(BORIS, number, name)
    assert number_of_answer == answer
    assert json.loads(said) == json.loads(content)
    (kept_answer,) = office.answers.answers(ANNA, number)
    assert (kept_answer.identification, kept_answer.reference) == (kept.identification, "CG-2026-114")
    assert [what for _, what in _audit(both, document_subject(name))] == ["made", "sent", "answered", "responses read"]
    assert ("case_changed", "document made") in _audit(both, case_subject(number))


def test_an_answer_on_paper_is_typed_in(there: Bureau) -> None:
    number = identified(there)
    kept = made(there, number)
    _sent(there, number, kept)
    typed = there.office.responses.respond_typed
    name = kept.id
    with pytest.raises(BadField, match="reason"):
        typed(ANNA, number, name, answer=AnswerKind.REJECTED, answered_on="2026-03-01", answered_by="Wang Wei")
    answer = typed(ANNA, number, name, answer=AnswerKind.REJECTED, answered_on="2026-03-01", answered_by="Wang Wei",
                   reason=Rejection.ANOTHER_PERSON)  # fmt: skip
    there.office.answers.check(DORA, number, answer)
    assert there.now_is(ANNA, number).status is Status.NOT_CONFIRMED
    ((_, said),) = there.office.responses.responses(ANNA, number, name)
    _schema("response").validate(json.loads(said))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"document": "D-00000-00001"}, "document"),
        ({"case": "C-00000-00001"}, "case"),
        ({"sha256": "0" * 64}, "sha256"),
        ({"answer": "perhaps"}, "answer"),
        ({"answer": "rejected"}, "reason"),
        ({"reason": "other"}, "reason"),
        ({"answered_on": "1 March"}, "answered_on"),
        ({"answered_on": "2036-03-01"}, "answered_on"),
        ({"answered_by": " "}, "answered_by"),
        ({"remarks": "a\x00b"}, "remarks"),
        ({"format": "another"}, "format"),
        ({"extra": "1"}, "response"),
    ],
)
def test_a_response_to_something_else_or_of_another_shape_is_refused(
    issued: Issued, fields: dict[str, str], field: str
) -> None:
    _, signature = read_signed(issued.json)
    Response.read(_response(issued.kept, issued.kept.case), today=TODAY).must_answer(signature)
    with pytest.raises(BadField) as refused:
        Response.read(_response(issued.kept, issued.kept.case, **fields), today=TODAY).must_answer(signature)
    assert refused.value.field == field


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff\xfe", b"[" * 50_000, b'{"format": 5}', b" " * 70_000])
def test_what_is_no_response_is_told(data: bytes) -> None:
    with pytest.raises(BadField):
        Response.read(data, today=TODAY)


def test_a_response_needs_every_field_that_the_schema_needs(issued: Issued) -> None:
    whole = json.loads(_response(issued.kept, issued.kept.case))
    _schema("response").validate(whole)
    for name in whole:
        less = {key: value for key, value in whole.items() if key != name}
        assert not _schema("response").is_valid(less)
        with pytest.raises(BadField):
            Response.read(json.dumps(less).encode(), today=TODAY)


def test_what_was_altered_in_the_records_is_not_given_out(there: Bureau) -> None:
    number = identified(there)
    kept = made(there, number)
    table = document_tables.case_document
    with there.database.writing() as connection:
        pdf = bytearray(connection.execute(table.select()).one().pdf)
        pdf[len(pdf) // 2] ^= 1
        connection.execute(table.update().values(pdf=bytes(pdf)))
    with pytest.raises(RecordsUnavailable, match="altered"):
        there.office.documents.pdf_of(ANNA, number, kept.id)


def test_a_purged_case_takes_its_documents_with_it(tmp_path: Path) -> None:
    from matcher.casework.document.stationery import KEY_NAME, Stationery

    home = tmp_path / "home"
    home.mkdir()
    with bureau(url_in(home), Stationery(home / KEY_NAME)) as opened:
        keys_of(opened).make("os:root")
        number = identified(opened)
        kept = made(opened, number)
        pdf, _ = both_files(opened, kept)
        _sent(opened, number, kept)
        opened.office.responses.respond(ANNA, number, kept.id, _response(kept, number))
        for status in (Status.UNDER_REVIEW, Status.CLOSED):
            version = opened.now_is(ANNA, number).version
            opened.office.cases.move(ANNA, number, status, reason="ended", version=version)
        (home / "copy.pdf").write_bytes(pdf)
        opened.clock.now = opened.clock.now.replace(year=2027)
        found = erasing.purge(opened.office.files, DORA, home, statuses=[Status.CLOSED], days=30)
        # The copy that somebody has put there is found; the records hold nothing any more.
        assert [one.file.name for one in found.found] == ["copy.pdf"]
        with opened.database.reading() as connection:
            for table in (document_tables.case_document, document_tables.case_response):
                assert connection.execute(table.select()).all() == []
        assert len(keys_of(opened).known()) == 1


def test_documents_are_sealed_with_the_home_and_sealed_anew(
    both: Bureau, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = identified(both)
    kept = made(both, number)
    _sent(both, number, kept)
    name = kept.id
    both.office.responses.respond(ANNA, number, name, _response(kept, number))
    before = both_files(both, kept)
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "master"))
    keys.begin(both.database, make_key_file(tmp_path / "master"))
    keys.encrypt(both.database)
    with both.database.reading() as connection:
        row = connection.execute(document_tables.case_document.select()).one()
        response = connection.execute(document_tables.case_response.select()).one()
    assert all(bytes(blob).startswith(MARK) for blob in (row.pdf, row.request, response.content))
    assert both_files(both, kept) == before
    assert len(both.office.responses.responses(ANNA, number, name)) == 1
    second = made(both, number)
    with both.database.reading() as connection:
        rows = connection.execute(document_tables.case_document.select()).all()
    assert all(bytes(row.pdf).startswith(MARK) for row in rows)
    assert both_files(both, second)[0].startswith(b"%PDF")


def test_a_key_is_replaced_and_what_it_signed_stays_genuine(both: Bureau) -> None:
    number = identified(both)
    first = made(both, number)
    before = both_files(both, first)
    replaced = keys_of(both).make("os:root", replace=True)
    assert replaced.replaced == first.key
    second = made(both, number)
    assert second.key == replaced.fingerprint != first.key
    assert both_files(both, first) == before
    for data in before:
        checked = both.office.verification.check(ANNA, data)
        assert (checked.reason, checked.kept) == ("", True)
    known = keys_of(both).known()
    assert [(one.fingerprint, one.retired_at is None) for one in known] == [(second.key, True), (first.key, False)]


@pytest.mark.long
def test_keys_of_others_and_open_keys_sign_nothing(there: Bureau, tmp_path: Path) -> None:
    from matcher.audit.signing import make_key
    from matcher.casework.document.stationery import KEY_NAME
    from matcher.errors import AlreadyThere

    number = identified(there)
    place = tmp_path / KEY_NAME
    assert place.stat().st_mode & 0o777 == 0o600
    with pytest.raises(AlreadyThere, match="--replace"):
        keys_of(there).make("os:root")
    place.chmod(0o644)
    with pytest.raises(BadSetting, match="chmod 600"):
        made(there, number)
    place.unlink()
    with pytest.raises(BadSetting, match="matcher document key new"):
        made(there, number)
    make_key(place)
    with pytest.raises(BadSetting, match="not the one in use"):
        made(there, number)
    # What a killed command has left does not stand in the way.
    keys_of(there).make("os:root", replace=True)
    assert made(there, number).key == keys_of(there).known()[0].fingerprint
    with pytest.raises(NotFound):
        keys_of(there).one("ffff" * 16)


@pytest.mark.long
def test_verifying_is_in_the_audit(there: Bureau) -> None:
    number = identified(there)
    kept = made(there, number)
    pdf, data = both_files(there, kept)
    check = there.office.verification
    assert check.check(ANNA, pdf).kept
    assert check.check_short(ANNA, read_signed(data)[1].short()).reason == ""
    assert "altered" in check.check(ANNA, pdf.replace(b"%%EOF", b"%%EOG")).reason
    name = document_subject(kept.id)
    assert [what for _, what in _audit(there, name)].count("verified") == 2
    with pytest.raises(NotAllowed):
        check.check(FRIDA, pdf)


@pytest.mark.long
def test_documents_are_copied_with_the_records(both: Bureau, tmp_path: Path) -> None:
    """As a backup copies them from a server, and a restore puts them there."""
    number = identified(both)
    kept = made(both, number)
    _sent(both, number, kept)
    both.office.responses.respond(ANNA, number, kept.id, _response(kept, number))
    before, place = both_files(both, kept), url_in(tmp_path / "copy")
    with closing(Database.open(place)) as copy, both.database.reading() as source, copy.writing() as target:
        copy_records(source, target)
    with bureau(place) as again:
        assert both_files(again, kept) == before
        assert len(again.office.responses.responses(ANNA, number, kept.id)) == 1
        with pytest.raises(RecordsError), again.database.writing() as connection:
            connection.execute(text("DELETE FROM document_key"))


def test_a_persons_export_and_purge_name_the_documents(there: Bureau, tmp_path: Path) -> None:
    kept = made(there, identified(there))
    export_person(there.database, "main", "p1", tmp_path / "p1.zip")
    with zipfile.ZipFile(tmp_path / "p1.zip") as archive:
        (told,) = json.loads(archive.read("documents.json"))
    assert (told["document"], told["sha256"]) == (kept.id, kept.sha256)
    assert case_id(kept.case) not in json.dumps(told)
    with there.database.reading() as connection:
        assert case_documents.stating(connection, [("main", "p1")]) == (kept,)
        assert case_documents.stating(connection, [("main", "p2")]) == ()
