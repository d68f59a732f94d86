"""Documents at the command line: made and sent by the office, verified with the public key alone, answered."""

import json
from pathlib import Path

import pytest

from matcher.casework.document.signing import read_signed
from matcher.drawn import photo_bytes
from tests.cli.parts import Shell, one_line_of_error
from tests.cli.test_cases import _by, _number, _reviewed
from tests.cli.test_cases import _shown as shown
from tests.pdfa import findings


def identified(shell: Shell, folder: Path) -> str:
    """A case that is lifted, and whose person two people identified."""
    probe = folder / "probe.jpg"
    probe.write_bytes(photo_bytes(3, 2))
    case = _number(_by(shell, "anna", "cases", "add", probe, "--country", "CHN", "--name", "Lan Ruoming"), "C")
    terms = ("--supplier", "a ministry", "--country", "CHN", "--basis", "agreement 7")
    assert _by(shell, "frida", "galleries", "state", "main", "--kind", "register", *terms).code == 0
    basis = ("--country", "CHN", "--basis", "article 4")
    assert _by(shell, "anna", "cases", "put-to", case, "main", *basis).code == 0
    assert _by(shell, "anna", "cases", "protection", "ask-to-lift", case, "--reason", "nothing on file").code == 0
    assert _by(shell, "dora", "cases", "protection", "lift", case).code == 0
    search = _number(_by(shell, "anna", "cases", "search", case, "--gallery", "main", "--top", 3), "S")
    for who in ("anna", "boris"):
        _reviewed(shell, who, search, folder / who, photo_bytes(3, 0))
    return case


@pytest.mark.long
def test_made_sent_verified_elsewhere_and_answered(shell: Shell, tmp_path: Path) -> None:
    case = identified(shell, tmp_path)
    out = tmp_path / "out"
    one_line_of_error(_by(shell, "anna", "cases", "document", case, "--out", out), 2, "matcher document key new")
    made_key = shell("document", "key", "new")
    assert made_key.code == 0, made_key.err
    one_line_of_error(shell("document", "key", "new"), 2, "--replace")
    assert _by(shell, "anna", "cases", "document", case, "--preview", "--out", out).code == 0
    assert findings((out / f"{case}-preview.pdf").read_bytes()) == []
    made = _by(shell, "anna", "cases", "document", case, "--out", out)
    document = _number(made, "D")
    pdf, data = out / f"{document}.pdf", out / f"{document}.json"
    assert (pdf.stat().st_mode & 0o777, findings(pdf.read_bytes())) == (0o600, [])
    assert document in _by(shell, "boris", "cases", "documents", case).out
    before = pdf.read_bytes()
    assert _by(shell, "boris", "cases", "export-document", case, document, "--out", out).code == 0
    assert pdf.read_bytes() == before

    # What a consulate has: the files and the public key; no home.
    public, nowhere = tmp_path / "public.pem", tmp_path / "nowhere"
    assert shell("document", "key", "export", "--out", public).code == 0
    for file in (pdf, data):
        verified = shell("document", "verify", file, "--key", public, home=nowhere)
        assert verified.code == 0, verified.err
        for said in (document, case, "Lan Ruoming", "examined by anna, confirmed by boris", "drawn-000003",
                     "not a decision"):  # fmt: skip
            assert said in verified.out
    assert not nowhere.exists()
    short = read_signed(data.read_bytes())[1].short()
    assert shell("document", "verify", "--qr", short, "--key", public, home=nowhere).code == 0
    told = shell("document", "verify", data, "--qr", short, "--key", public, "--json", home=nowhere).objects[0]
    assert (told["genuine"], told["document"]) == (True, document)
    assert "these records made it" in shell("document", "verify", pdf).out
    altered = bytearray(before)
    altered[len(altered) // 3] ^= 4
    (out / "altered.pdf").write_bytes(altered)
    for where in (("--key", public), ()):
        refused = shell("document", "verify", out / "altered.pdf", *where)
        one_line_of_error(refused, 1, "not genuine", "altered")

    sent = ("--on", "2026-03-01", "--how", "courier 7")
    assert _by(shell, "anna", "cases", "sent", case, document, *sent).code == 0
    one_line_of_error(_by(shell, "anna", "cases", "sent", case, document, *sent), 2, "was sent on 2026-03-01")
    response = {"format": "identity-matcher verification response 1", "document": document, "case": case,
                "sha256": told["sha256"], "answer": "confirmed", "answered_on": "2026-03-01",
                "answered_by": "Wang Wei"}  # fmt: skip
    (tmp_path / "response.json").write_text(json.dumps(response))
    answered = _by(shell, "anna", "cases", "response", case, document, "--file", tmp_path / "response.json")
    assert _by(shell, "boris", "cases", "check-answer", case, _number(answered, "A")).code == 0
    assert json.loads(shell("cases", "show", case, "--json").out)["status"] == "confirmed"

    assert shell("document", "key", "new", "--replace").code == 0
    assert len(shell("document", "key", "list").out.splitlines()) == 3
    assert shell("document", "verify", pdf).code == 0
    assert shell("document", "verify", pdf, "--key", public, home=nowhere).code == 0
    assert shell("audit", "verify").code == 0


@pytest.mark.parametrize("name", ["request", "response"])
def test_schemas_are_printed(fresh: Shell, name: str) -> None:
    assert json.loads(fresh("document", "schema", name).out)["title"].startswith(
        f"identity-matcher verification {name}"
    )


def test_what_can_not_be_used_is_told_in_one_line(fresh: Shell, tmp_path: Path) -> None:
    one_line_of_error(fresh("document", "schema", "other"), 2, "request, response")
    one_line_of_error(fresh("document", "verify"), 2, "--qr")
    one_line_of_error(fresh("document", "verify", tmp_path / "none.pdf"), 2, "can't be read")
    one_line_of_error(fresh("document", "verify", "--qr", "IMD1"), 1, "not genuine")
    (tmp_path / "no.pem").write_text("no key")
    one_line_of_error(fresh("document", "verify", "--qr", "IMD1", "--key", tmp_path / "no.pem"), 2, "not a public key")
    one_line_of_error(fresh("document", "key", "export", "--out", tmp_path / "x"), 2, "matcher document key new")
    one_line_of_error(fresh("cases", "response", "C-00000-00001", "D-00000-00001"), 2, "--file", "--answer")


@pytest.mark.parametrize("arguments", shown("documents.md"), ids=" ".join)
def test_commands_of_the_documentation_are_understood(fresh: Shell, arguments: list[str]) -> None:
    """They name cases and files that are not there: what is wrong is said of these, not of the command."""
    ended = fresh(*arguments)
    assert "no such" in ended.err.lower() or "can't be read" in ended.err or ended.code == 0, ended.err
    assert "option" not in ended.err.lower()
