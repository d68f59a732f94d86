"""The pages: PDF/A-3, text in both languages that can be selected, a QR code that can be scanned, rare characters."""

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pikepdf
import pypdfium2
import pytest
from pypdf import PdfReader

from matcher.casework.document.signing import read_signed
from matcher.casework.document.stationery import Stationery
from matcher.casework.document.typesetting import characters_not_drawn, pages, preview
from matcher.casework.document.verifying import verify_short
from matcher.errors import BadSetting
from tests.casework.document.conftest import Issued
from tests.pdfa import findings

CJK = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
RARE = "\U00020bb7"


def _text(pdf: bytes) -> str:
    """As PDFium selects it."""
    with pypdfium2.PdfDocument(pdf) as document:
        found = []
        for page in document:
            text = page.get_textpage()
            found.append(text.get_text_bounded())
            text.close()
            page.close()
    return "\n".join(found)


def _pictures(pdf: bytes, scale: float) -> "list[np.ndarray[Any, Any]]":
    with pypdfium2.PdfDocument(pdf) as document:
        shown = []
        for page in document:
            bitmap = page.render(scale=scale)
            shown.append(np.array(bitmap.to_numpy()))
            bitmap.close()
            page.close()
    return shown


def _device_colours(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].Resources.ColorSpace["/Other"] = pikepdf.Name.DeviceCMYK


def _no_font(pdf: pikepdf.Pdf) -> None:
    del pdf.pages[0].Resources["/Font"]


def test_the_document_is_pdf_a(issued: Issued) -> None:
    assert findings(issued.pdf) == []


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda pdf: pdf.Root.__delitem__("/OutputIntents"), "output intent"),
        (lambda pdf: pdf.Root.__delitem__("/Metadata"), "metadata"),
        (lambda pdf: pdf.Root.__delitem__("/AF"), "not associated"),
        (lambda pdf: pdf.Root.__setitem__("/MarkInfo", pikepdf.Dictionary()), "not tagged"),
        (lambda pdf: pdf.Root.__setitem__("/OpenAction", pikepdf.Dictionary(S=pikepdf.Name.JavaScript)), "OpenAction"),
        (lambda pdf: _font(pdf).__delitem__("/ToUnicode"), "ToUnicode"),
        (lambda pdf: _font(pdf).DescendantFonts[0].FontDescriptor.__delitem__("/FontFile3"), "not embedded"),
        (lambda pdf: _font(pdf).DescendantFonts[0].__setitem__("/W", pikepdf.Array([0, 5000, 77])), "wide"),
        (lambda pdf: _font(pdf).ToUnicode.write(b"nothing"), "no Unicode for the codes"),
        (lambda pdf: _font(pdf).DescendantFonts[0].FontDescriptor.CIDSet.write(b"\xff\xff"), "6.2.11.4.2"),
        (lambda pdf: pdf.Root.__setitem__("/Lang", "not a language"), "6.7.4"),
        (lambda pdf: pdf.Root.__setitem__("/Requirements", pikepdf.Array([])), "6.11"),
        (lambda pdf: pdf.Root.Names.__setitem__("/AlternatePresentations", pikepdf.Dictionary()), "6.10"),
        (lambda pdf: pdf.Root.__setitem__("/Long", pikepdf.Name("/" + 128 * "n")), "6.1.13: a name of 128"),
        (lambda pdf: pdf.Root.__setitem__("/Long", pikepdf.String(32_768 * "s")), "6.1.13: a string of 32768"),
        (lambda pdf: pdf.Root.__setitem__("/Large", 2**31), "6.1.13: the number"),
        (lambda pdf: pdf.pages[0].obj.__setitem__("/AA", pikepdf.Dictionary()), "6.5: an object has an action"),
        (lambda pdf: _element(pdf).__setitem__("/S", pikepdf.Name.Nonsense), "6.7.3.4"),
        (_device_colours, "6.2.4: the colour space /DeviceCMYK"),
        (lambda pdf: _profile(pdf).__setitem__("/N", 4), "6.2.4.2"),
        (_no_font, "6.2.2"),
    ],
)
def test_the_check_of_pdf_a_finds_what_is_broken(issued: Issued, damage: Any, said: str) -> None:
    stream = io.BytesIO()
    with pikepdf.open(io.BytesIO(issued.pdf)) as pdf:
        damage(pdf)
        pdf.save(stream)
    assert any(said in one for one in findings(stream.getvalue()))


@pytest.mark.parametrize(
    ("added", "said"),
    [
        (b" 0 0 0 1 k", "6.2.4.3"), (b" /None gs", "6.2.2: /None"), (b" 1 2 nonsense", "the operator nonsense"),
        (b" q" * 29 + b" Q" * 29, "nests graphics states"), (b" /Dark ri", "rendering intent /Dark"),
        (b" 0 0 9 9 re f", "neither tagged"),
        (b" /Artifact BMC BT /%s 9 Tf <0000> Tj ET EMC", "the glyph of what is not there"),
        (b" /Artifact BMC BT /%s 9 Tf <FFF0> Tj ET EMC", "lacks the glyphs [65520]"),
    ],
)  # fmt: skip
def test_the_check_of_pdf_a_finds_what_a_page_must_not_show(issued: Issued, added: bytes, said: str) -> None:
    stream = io.BytesIO()
    with pikepdf.open(io.BytesIO(issued.pdf)) as pdf:
        page = pdf.pages[0]
        (font,) = page.Resources.Font.keys()
        content = added % font[1:].encode() if b"%s" in added else added
        page.contents_add(content, prepend=False)
        pdf.save(stream)
    assert any(said in one for one in findings(stream.getvalue()))


def test_the_check_of_pdf_a_finds_objects_that_are_not_written_as_they_must_be(issued: Issued) -> None:
    broken = issued.pdf.replace(b" 0 obj\n", b" 0 obj ", 1)
    assert any("6.1.9" in one for one in findings(broken))


def _element(pdf: pikepdf.Pdf) -> Any:
    return next(one for one in pdf.objects if isinstance(one, pikepdf.Dictionary) and one.get("/Type") == "/StructElem")


def _profile(pdf: pikepdf.Pdf) -> Any:
    return next(space[1] for space in pdf.pages[0].Resources.ColorSpace.values() if space[0] == "/ICCBased")


def _font(pdf: pikepdf.Pdf) -> Any:
    return next(one for one in pdf.objects if isinstance(one, pikepdf.Dictionary) and "/DescendantFonts" in one)


def test_both_languages_can_be_selected(issued: Issued) -> None:
    request, signature = read_signed(issued.json)
    for text in (_text(issued.pdf), "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(issued.pdf)).pages)):
        flat = "".join(text.split())
        for said in ("Verification request", "身份核实请求", "岚若明", "画省绘山市荷塘区", "11010119800517002X", "anna",
                     "boris", "耳朵", "鼻子", "p1", signature.document, signature.case, signature.sha256,
                     "Office of Documents, Section 4", "2026-02-02", "article 3", request["statement"]["en"],
                     request["statement"]["zh"], request["strength"]["error"]["zh"], "即此人"):  # fmt: skip
            assert "".join(said.split()) in flat, said
        assert "\ufffd" not in text


def test_the_qr_code_can_be_scanned(issued: Issued) -> None:
    page = _pictures(issued.pdf, 3)[0]
    # OpenCV's readers miss some codes at one size that they read at another: the first alone missed 5 of 150 at every
    # size, both together none of 110. What they read is the text.
    scales = (1, 0.75, 1.5, 0.5, 2)
    sizes = [cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) for scale in scales]
    readers = (cv2.QRCodeDetector(), cv2.QRCodeDetectorAruco())
    text = next(filter(None, (reader.detectAndDecode(one)[0] for one in sizes for reader in readers)), "")
    assert text == read_signed(issued.json)[1].short()
    assert verify_short(text, issued.keys).sha256 == issued.kept.sha256


def test_the_same_request_gives_the_same_pages(issued: Issued) -> None:
    request, signature = read_signed(issued.json)
    made = [pages(request, Stationery(), signature=signature, attached=issued.json) for _ in range(2)]
    assert made[0] == made[1]


def test_a_preview_says_that_it_is_one(issued: Issued) -> None:
    request, _ = read_signed(issued.json)
    shown = preview(request, Stationery())
    assert "PREVIEW" in _text(shown)
    assert "not signed" in _text(shown)
    assert not PdfReader(io.BytesIO(shown)).attachments
    assert findings(shown) == []


def test_characters_that_no_font_has_are_shown_as_numbers(issued: Issued) -> None:
    request, _ = read_signed(issued.json)
    request["claimed"]["native_name"] = f"岚{RARE}明"
    assert characters_not_drawn(request, Stationery()) == (RARE,)
    text = _text(preview(request, Stationery()))
    assert "岚[U+20BB7]明" in text
    assert "cannot draw" in text


@pytest.mark.long
@pytest.mark.skipif(not CJK.exists(), reason="needs Debian's package fonts-noto-cjk")
def test_a_font_that_is_added_draws_them(issued: Issued) -> None:
    request, signature = read_signed(issued.json)
    request["claimed"]["native_name"] = f"岚{RARE}明"
    more = Stationery(fonts=(CJK,))
    assert characters_not_drawn(request, more) == ()
    pdf = pages(request, more, signature=signature, attached=issued.json)
    assert f"岚{RARE}明" in _text(pdf)
    assert findings(pdf) == []


def test_a_font_that_is_none_is_told(issued: Issued, tmp_path: Path) -> None:
    request, _ = read_signed(issued.json)
    (tmp_path / "none.otf").write_bytes(b"no font")
    for name in ("none.otf", "missing.otf"):
        with pytest.raises(BadSetting, match=rf"document_fonts names .*{name}"):
            preview(request, Stationery(fonts=(tmp_path / name,)))


def test_texts_are_texts_and_never_markup(issued: Issued) -> None:
    request, _ = read_signed(issued.json)
    for text in ('#panic("x")', "*bold* _under_ $x^2$ `raw`", "<b>&amp;</b> \\ // @ref", "\u202eright to left", "a\tb"):
        request["to"]["basis"] = text
        shown = "".join(_text(preview(request, Stationery())).split())
        assert "".join(text.split()).replace("\u202e", "") in shown.replace("[U+202E]", "")


def test_a_long_document_flows_over_pages(issued: Issued) -> None:
    request, _ = read_signed(issued.json)
    request["photos"] += [request["photos"][0] | {"role": "case"}] * 13
    request["proposed"]["household_registration"] = "画省绘山市荷塘区" * 24
    request["to"]["basis"] = "agreement of 2008, article 4; " * 60
    shown = preview(request, Stationery())
    assert findings(shown) == []
    with pypdfium2.PdfDocument(shown) as document:
        assert 3 <= len(document) <= 8
