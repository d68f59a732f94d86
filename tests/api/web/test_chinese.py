"""What the program says of itself (findings, kinds and fields of the audit) is said in Chinese on Chinese pages."""

import html
import json
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from api.web.audit_words import FIELDS, WHAT
from api.web.finding_words import ABOUT, PATTERNS, finding_words
from api.web.languages import Language, translations
from api.web.search_words import WORDS
from matcher.accounts.roles import Role
from matcher.casework.office import open_office
from matcher.drawn import photo_bytes
from matcher.own_calibration import data_words
from tests.api.attacks.parts import Served
from tests.api.web.test_offices import OFFICER, case_of, read, send, served, signed_in

__all__ = ["served"]
ROOT = Path(__file__).parents[3]
CHINESE = {"Accept-Language": "zh-CN"}
A, B = "a" * 64, "b" * 64

# As `matcher doctor` says them: one for each pattern, in the order of the patterns.
MESSAGES = (
    "3.11.9 on Linux-6.1-x86_64, /opt/matcher/bin/python", "numpy, faiss-cpu missing; run scripts/setup",
    f"dlib_face.dat sha256 {A}", f"/opt/dlib.dat has sha256 {A}, not {B}; reinstall face_recognition_models 0.3.0",
    "has 8-bit dot products; precision auto, used as eight", "has no 8-bit dot products; precision auto, used as float",
    "the kernel offers large pages",
    "no large pages from the kernel; photos may take several times as long (docs/engines.md)",
    "dlib-resnet@2 found and embedded a drawn face in 1,012 ms",
    "dlib-resnet@2 finds no face in a drawn one; reinstall with scripts/setup",
    "/home/x is not a folder; name another home with --home",
    "/home/x can't be written (no rights); change its rights or name another home with --home", "/home/x is writable",
    "100 MiB are free, 512 are little; free some space", "1,234.5 GiB are free",
    "there are none in /home/x yet; the first enrolment makes them",
    "1 person, 2 photos, 2 of them searchable with dlib-resnet@2; version 2", "Searches use dlib-resnet@2.",
    "No photo was enrolled yet: the first one decides on the engine.",
    "new@1 is being prepared (--switch, --discard): 1,000 of 2,000 photos have its template, 3 no_face, 7 still.",
    "old@1 served before and is kept (--rollback, --discard): 2 of 2 photos have its template, 0 still to try.",
    "old@1 is being removed (--discard goes on): 2 of 2 photos have its template, 0 still to try.",
    "there is no key to sign documents for consulates with; matcher document key new makes one",
    "documents are signed with the key 0123456789abcdef",
    "photos and templates lie in the home as they are: matcher keys init",
    "1,000 photos and templates are plain: matcher keys encrypt",
    "photos and templates are encrypted under key 0123abcd",
    "exact, 1 template, exact, in memory", "exact, 2,000 templates, exact, every file unaltered",
    "compressed, 2,000 templates, measured recall 0.9990, every file unaltered",
    "compressed, 2,000 templates, measured recall 0.9990, in memory", "records and index agree",
    "records and index agree, every kept photo is unaltered",
    "damaged: 1 template leads to no photo; restore the records from a backup",
    "miscounted: the kept counts are not those of the rows; restore from a backup",
    "content_altered: the bytes of photo 7 are not those that were enrolled; restore from a backup",
    "without_template: 1 photo has no template of new@1; run matcher reembed --to new, or enroll again",
    "missing_in_index: the index lacks 2 templates of the records; rebuild it with matcher index rebuild",
    "missing_in_records: the index holds 1 template that the records don't; rebuild it with matcher index rebuild",
    "other_vector: 3 vectors of the index differ from the records; rebuild it with matcher index rebuild",
)  # fmt: skip


def _say(language: Language) -> Callable[..., str]:
    catalogue = translations(language)
    return lambda text, **values: catalogue.gettext(text) % values if values else catalogue.gettext(text)


def test_every_finding_has_its_words_with_its_values() -> None:
    assert len(MESSAGES) == len(PATTERNS)
    for message, (pattern, _) in zip(MESSAGES, PATTERNS, strict=True):
        found = re.fullmatch(pattern, message.rstrip("."))
        assert found, message
        said = finding_words(message, _say(Language.CHINESE))
        assert re.search("[一-鿿]", said), message
        for value in found.groupdict().values():
            assert value in said, message
    assert finding_words("/opt/x can't be read: Input/output error", _say(Language.CHINESE)) == ""


@pytest.mark.long
def test_an_examination_is_in_chinese(served: Served) -> None:
    with signed_in(served, "administrator") as client:
        client.headers.update(CHINESE)
        found = send(client, "/administration/health", "/administration/health").text
    (table,) = re.findall(r"<tbody>(.*?)</tbody>", found, re.DOTALL)
    rows = re.findall(r'<th scope="row">(.*?)</th>.*?</td>(<td.*?</td>)', table)
    assert len(rows) >= 12
    known = {_say(Language.CHINESE)(text) for text in ABOUT.values()}
    assert {html.unescape(about) for about, _ in rows} <= known
    # The names and versions of packages are the same in every language; all else is said.
    left = [cell for about, cell in rows if 'lang="en"' in cell and about != "软件包"]
    assert left == []
    assert "记录与索引一致" in table


def test_every_kind_that_the_program_writes_into_the_audit_has_words() -> None:
    written = re.compile(r'"what": "([^"]+)"|happened\(\s*"([^"]+)"|(?<!\w)_entry\((?:\w+, )?"([^"]+)"|'
                         r'record\(change, kept, "([^"]+)"|_changing\([^")]*"([^"]+)"|what="([^"]+)"|'
                         r'note_statistics\(files, who, "([^"]+)"')  # fmt: skip
    sources = [*(ROOT / "matcher").rglob("*.py"), *(ROOT / "api").rglob("*.py")]
    said = {word: path.name for path in sources for match in written.finditer(path.read_text(encoding="utf-8"))
            for word in match.groups() if word}  # fmt: skip
    assert len(said) > 50
    assert {word: place for word, place in said.items() if word not in WHAT} == {}


def test_the_audit_is_read_in_chinese(served: Served) -> None:
    office = open_office(served.accounts.database)
    case = case_of(office, lifted=True)
    office.cases.get(OFFICER, case.number)
    headers = served.of_role(Role.SUPERVISOR)
    with httpx.Client(base_url=served.address, headers=headers, timeout=60) as program:
        program.post("/v1/identify", files={"photo": ("a.jpg", photo_bytes(0, 0), "image/jpeg")}).raise_for_status()
    with signed_in(served, "auditor") as client:
        client.headers.update(CHINESE)
        listed = read(client, "/audit", lang="zh-Hans")
        assert not re.findall(r'<span class="quiet" lang="en">(.*?)</span>', listed)
        numbers = [int(number) for number in re.findall(r'href="/audit/entries/(\d+)"', listed)]
        unknown = set()
        for number in range(1, max(numbers) + 1):
            entry = read(client, f"/audit/entries/{number}", lang="zh-Hans")
            unknown |= set(re.findall(r'<dt lang="en">(.*?)</dt>', entry))
            raw = html.unescape(re.findall(r'<pre class="code" lang="en">(.*?)</pre>', entry, re.DOTALL)[0])
            assert all(_say(Language.CHINESE)(FIELDS[name]) in html.unescape(entry) for name in json.loads(raw))
        assert unknown == set()


@pytest.mark.parametrize(
    ("where", "several", "confirmed"),
    [("all galleries", 30, 0), ("the gallery visas", 1_234, 1), ("the gallery a", 50, 7)],
)
def test_what_a_calibration_of_ones_own_rests_on_is_known_to_the_page(where: str, several: int, confirmed: int) -> None:
    """The script takes the English apart with this pattern, which means the same in both languages of programs."""
    found = re.fullmatch(_in_script(r"OWN_DATA = /(.*)/;"), data_words(where, several=several, confirmed=confirmed))
    assert found
    gallery = where.removeprefix("the gallery ") if where != "all galleries" else None
    assert found.groups() == (where, gallery, f"{several:,}", str(confirmed) if confirmed else None)


def test_what_the_shipped_calibration_rests_on_is_known_to_the_page(served: Served) -> None:
    headers = served.of_role(Role.SUPERVISOR)
    with httpx.Client(base_url=served.address, headers=headers, timeout=60) as program:
        photo = {"photo": ("a.jpg", photo_bytes(0, 0), "image/jpeg")}
        scoring = program.post("/v1/identify", files=photo).json()["scoring"]
    found = re.fullmatch(_in_script(r"CALIBRATED = /(.*)/;"), scoring["calibration"])
    assert found
    assert found[3] == _in_script(r'SHIPPED_DATA = "(.*)";') == WORDS["shippedData"]


def _in_script(pattern: str) -> str:
    found = re.search(pattern, (ROOT / "api/web/static/view.js").read_text(encoding="utf-8"))
    assert found, pattern
    return found[1]
