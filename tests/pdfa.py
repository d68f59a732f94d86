"""A check of PDF/A-3 (ISO 19005-3) with other code than what writes the files: qpdf, fontTools, and these rules.

It is no veraPDF: it looks at the rules that files of this kind can break. Each finding is a line.
"""

import io
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pikepdf
from fontTools.cffLib import CFFFontSet

from tests.pdfa_content import more_findings

_XMP = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "pdfaid": "http://www.aiim.org/pdfa/ns/id/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
}
_FORBIDDEN_ACTIONS = {"/Launch", "/Sound", "/Movie", "/ResetForm", "/ImportData", "/Hide", "/SetOCGState", "/Rendition",
                      "/Trans", "/GoTo3DView", "/JavaScript"}  # fmt: skip
_BLENDS = {"/Normal", "/Compatible", "/Multiply", "/Screen", "/Overlay", "/Darken", "/Lighten"}


def findings(data: bytes, *, level: str = "A") -> list[str]:
    """What breaks PDF/A-3 at this level; empty where nothing was found."""
    found = [*_bytes(data)]
    with pikepdf.open(io.BytesIO(data)) as pdf:
        found += [f"qpdf: {problem}" for problem in pdf.check_pdf_syntax()]
        for rule in (_document, _metadata, _intent, _objects, _fonts, _attachments):
            found += rule(pdf, level) if rule is _metadata else rule(pdf)  # type: ignore[operator]
        if level == "A":
            found += _tags(pdf)
        found += more_findings(data, pdf, level)
    return found


def _bytes(data: bytes) -> Iterator[str]:
    if not re.match(rb"%PDF-1\.[0-7][\r\n]+%[\x80-\xff]{4}", data):
        yield "6.1.2: the header is not %PDF-1.n and a comment of four bytes above 127"
    if not re.search(rb"startxref[\r\n]+\d+[\r\n]+%%EOF[\r\n]{0,2}\Z", data):
        yield "6.1.3: something follows the last %%EOF"
    if data.count(b"%%EOF") != 1:
        yield "6.1.3: the file was written more than once"


def _document(pdf: pikepdf.Pdf) -> Iterator[str]:
    if "/Encrypt" in pdf.trailer:
        yield "6.1.3: the file is encrypted"
    if "/ID" not in pdf.trailer:
        yield "6.1.3: the trailer has no ID"
    for name in ("/AA", "/OpenAction", "/AcroForm", "/OCProperties", "/Perms"):
        if name in pdf.Root:
            yield f"the catalogue has {name}"
    if "/JavaScript" in pdf.Root.get("/Names", {}):
        yield "6.5.1: the file has scripts"


def _metadata(pdf: pikepdf.Pdf, level: str) -> Iterator[str]:
    if "/Metadata" not in pdf.Root or pdf.Root.Metadata.get("/Type") != "/Metadata":
        yield "6.6.2: the catalogue has no metadata"
        return
    packet = pdf.Root.Metadata.read_bytes()
    if b'encoding="' in packet.split(b"?>")[0] or b'bytes="' in packet.split(b"?>")[0]:
        yield "6.6.2.1: the packet's header names bytes or encoding"
    tree = ElementTree.fromstring(packet)
    for name, wanted in (("pdfaid:part", "3"), ("pdfaid:conformance", level)):
        if (text := _xmp(tree, name)) != wanted:
            yield f"6.6.4: {name} is {text!r}, not {wanted!r}"
    info = pdf.docinfo
    if str(info.get("/Title", "")) != _xmp(tree, "dc:title") or not _xmp(tree, "dc:title"):
        yield "6.6.2.3: title of metadata and document information differ"
    for key, name in (("/CreationDate", "xmp:CreateDate"), ("/ModDate", "xmp:ModifyDate")):
        digits = [re.sub(r"\D", "", text)[:14] for text in (str(info.get(key, "")), _xmp(tree, name))]
        if digits[0] != digits[1]:
            yield f"6.6.2.3: {name} differs from {key}"
    known = {"dc", "xmp", "xmpMM", "pdf", "pdfaid", "xmpRights"}
    if "pdfuaid" in packet.decode() and b"pdfaExtension:schemas" not in packet:
        yield f"6.6.2.3.3: a schema beside {sorted(known)} is not described"


def _xmp(tree: ElementTree.Element, name: str) -> str:
    found = tree.find(f".//{name}", _XMP)
    if found is not None:
        return "".join(found.itertext()).strip()
    prefix, _, local = name.partition(":")
    key = f"{{{_XMP[prefix]}}}{local}"
    return next((one.attrib[key] for one in tree.iter() if key in one.attrib), "")


def _intent(pdf: pikepdf.Pdf) -> Iterator[str]:
    intents = [one for one in pdf.Root.get("/OutputIntents", []) if one.get("/S") == "/GTS_PDFA1"]
    if len(intents) != 1:
        yield "6.2.3: not one output intent"
        return
    profile = intents[0].DestOutputProfile
    data = profile.read_bytes()
    if data[36:40] != b"acsp" or data[16:20] != b"RGB " or int(profile.N) != 3 or data[8] > 4:
        yield "6.2.3: the output intent's profile is no RGB profile"
    if int.from_bytes(data[:4], "big") != len(data):
        yield "6.2.3: the output intent's profile is cut off"


def _objects(pdf: pikepdf.Pdf) -> Iterator[str]:
    for one in pdf.objects:
        if isinstance(one, pikepdf.Stream):
            yield from _stream(one)
        if isinstance(one, (pikepdf.Dictionary, pikepdf.Stream)):
            if one.get("/S") in _FORBIDDEN_ACTIONS and "/Type" not in one:
                yield f"6.5.1: an action {one.get('/S')}"
            if one.get("/Type") == "/ExtGState" and (
                "/TR" in one or "/HTP" in one or one.get("/BM", "/Normal") not in _BLENDS
            ):
                yield "6.2.5: a graphics state with TR, HTP or an unknown blend mode"
            if one.get("/Type") == "/Annot":
                yield "6.3: an annotation"


def _stream(one: pikepdf.Stream) -> Iterator[str]:
    if any(name in one for name in ("/F", "/FFilter", "/FDecodeParms")):
        yield "6.1.7.1: a stream that lies outside"
    filters = one.get("/Filter", [])
    names = {str(filters)} if isinstance(filters, pikepdf.Name) else {str(name) for name in filters}
    if names & {"/LZWDecode", "/Crypt"}:
        yield "6.1.7.2: a stream's filter is not allowed"
    if one.get("/Subtype") == "/PS" or "/PS" in one or "/Ref" in one:
        yield "6.2.9: a PostScript or reference XObject"
    if one.get("/Subtype") == "/Image":
        if one.get("/Interpolate", False) or "/Alternates" in one or "/OPI" in one:
            yield "6.2.8: an image with Interpolate, Alternates or OPI"
        if int(one.get("/BitsPerComponent", 8)) not in (1, 2, 4, 8, 16):
            yield "6.2.8: an image's bits"


def _fonts(pdf: pikepdf.Pdf) -> Iterator[str]:
    seen = 0
    for font in pdf.objects:
        if not isinstance(font, pikepdf.Dictionary) or font.get("/Type") != "/Font" or "/DescendantFonts" not in font:
            if isinstance(font, pikepdf.Dictionary) and font.get("/Subtype") in ("/Type1", "/TrueType", "/Type3"):
                yield f"6.2.11: a font of the unexpected kind {font.get('/Subtype')}"
            continue
        seen += 1
        yield from _composite(font)
    if not seen:
        yield "no font was found to look at"


def _composite(font: Any) -> Iterator[str]:
    name, descendant = str(font.BaseFont), font.DescendantFonts[0]
    if "/ToUnicode" not in font:
        yield f"6.2.11.7: {name} has no ToUnicode"
    if font.Encoding != "/Identity-H":
        yield f"6.2.11.3: {name} has the encoding {font.Encoding}"
    descriptor = descendant.FontDescriptor
    if "/FontFile3" not in descriptor and "/FontFile2" not in descriptor:
        yield f"6.2.11.4: {name} is not embedded"
        return
    if "/FontFile3" in descriptor and descriptor.FontFile3.Subtype == "/CIDFontType0C":
        yield from _widths(name, descendant, descriptor.FontFile3.read_bytes())


def _widths(name: str, descendant: Any, program: bytes) -> Iterator[str]:
    """6.2.11.5: widths that the file states are those of the font's program."""
    fonts = CFFFontSet()
    fonts.decompile(io.BytesIO(program), None)
    top = fonts[fonts.fontNames[0]]
    stated: dict[int, float] = {}
    items = list(descendant.get("/W", []))
    while items:
        first, second = int(items.pop(0)), items.pop(0)
        if isinstance(second, pikepdf.Array):
            stated |= {first + place: float(width) for place, width in enumerate(second)}
        else:
            width = float(items.pop(0))
            stated |= dict.fromkeys(range(first, int(second) + 1), width)
    scale = 1000 * float(top.FontMatrix[0]) if hasattr(top, "FontMatrix") else 1.0
    strings = top.CharStrings
    for glyph in top.charset:
        number = 0 if glyph == ".notdef" else int(glyph.removeprefix("cid"))
        char = strings[glyph]
        char.draw(_Nothing())
        if number in stated and abs(stated[number] - char.width * scale) > 1:
            yield f"6.2.11.5: glyph {number} of {name} is {char.width * scale} wide, stated as {stated[number]}"


class _Nothing:
    """A pen that draws nothing: glyphs are only measured."""

    def __getattr__(self, _name: str) -> Any:
        return lambda *_: None


def _attachments(pdf: pikepdf.Pdf) -> Iterator[str]:
    named = list(pdf.Root.get("/AF", []))
    for name, spec in pdf.attachments.items():
        one = spec.obj
        if not {"/F", "/UF", "/AFRelationship", "/Desc"} <= set(one.keys()):
            yield f"6.8: {name} lacks F, UF, AFRelationship or Desc"
        if one.get("/AFRelationship") not in ("/Source", "/Data", "/Alternative", "/Supplement", "/Unspecified"):
            yield f"6.8: {name} has the relation {one.get('/AFRelationship')}"
        file = one.EF.get("/F")
        if file is None or "/Subtype" not in file or "/ModDate" not in file.get("/Params", {}):
            yield f"6.8: {name} lacks its type or date"
        if not any(other.objgen == one.objgen for other in named):
            yield f"6.8: {name} is not associated with the document"


def _tags(pdf: pikepdf.Pdf) -> Iterator[str]:
    if not pdf.Root.get("/MarkInfo", {}).get("/Marked", False) or "/StructTreeRoot" not in pdf.Root:
        yield "6.7: the file is not tagged"
    if "/Lang" not in pdf.Root:
        yield "6.7.4: no language"
    for one in pdf.objects:
        if isinstance(one, pikepdf.Dictionary) and one.get("/S") == "/Figure" and "/Alt" not in one:
            yield "6.7.5: a figure without a text in its place"
