"""More of the check of PDF/A-3: limits, objects as they are written, content, colours, glyphs, structure types."""

import io
import re
from collections.abc import Iterator
from typing import Any

import pikepdf
from fontTools.cffLib import CFFFontSet

_OPERATORS = """
    b B b* B* BDC BI BMC BT BX c cm cs CS d d0 d1 Do DP EI EMC ET EX f F f* g G gs h i ID j J k K l m M MP n q Q re rg
    RG ri s S sc SC scn SCN sh T* Tc Td TD Tf Tj TJ TL Tm Tr Ts Tw Tz v w W W* y ' "
"""
_INTENTS = {"/RelativeColorimetric", "/AbsoluteColorimetric", "/Perceptual", "/Saturation"}
_PROFILES = {b"scnr", b"mntr", b"prtr", b"spac"}
_COMPONENTS = {b"GRAY": 1, b"RGB ": 3, b"CMYK": 4, b"Lab ": 3}
_RESOURCES = {
    "Do": "/XObject",
    "Tf": "/Font",
    "gs": "/ExtGState",
    "sh": "/Shading",
    "cs": "/ColorSpace",
    "CS": "/ColorSpace",
}
_DEVICE = {"/DeviceRGB", "/DeviceGray", "/Pattern"}
_STANDARD = """
    Document Part Art Sect Div BlockQuote Caption TOC TOCI Index NonStruct Private P H H1 H2 H3 H4 H5 H6 L LI Lbl LBody
    Table TR TH TD THead TBody TFoot Span Quote Note Reference BibEntry Code Link Annot Ruby RB RT RP Warichu WT WP
    Figure Formula Form
"""
_MOST_NESTED = 28


def more_findings(data: bytes, pdf: pikepdf.Pdf, level: str) -> Iterator[str]:
    """What breaks these rules; empty where nothing was found."""
    yield from _written(data)
    yield from _catalogue(pdf)
    for one in pdf.objects:
        yield from _limits(one)
        if isinstance(one, pikepdf.Dictionary | pikepdf.Stream):
            yield from _dictionary(one)
    yield from _content(pdf)
    if level == "A":
        yield from _structure(pdf)


def _written(data: bytes) -> Iterator[str]:
    """Every object at the place that the table of places names, on lines as they have to be."""
    start = int(re.findall(rb"startxref[\r\n]+(\d+)", data)[-1])
    table = re.match(rb"xref\r?\n((?:\d+ \d+\r?\n(?:\d{10} \d{5} [nf](?: \r| \n|\r\n))+)+)trailer", data[start:])
    if table is None:
        yield "6.1.4: the table of places is not written as it has to be"
        return
    for place in re.findall(rb"(\d{10}) \d{5} n", table[1]):
        offset = int(place)
        if data[offset - 1 : offset] not in (b"\n", b"\r") or not re.match(rb"\d+ \d+ obj\r?\n", data[offset:]):
            yield f"6.1.9: the object at {offset} does not begin on a line of its own"
    if len(re.findall(rb"\nendobj\r?\n", data)) != len(re.findall(rb"\n\d+ \d+ obj\r?\n", data)):
        yield "6.1.9: an object does not end on a line of its own"


def _catalogue(pdf: pikepdf.Pdf) -> Iterator[str]:
    name = pdf.trailer.get("/ID", [])
    if len(name) != 2 or not all(isinstance(part, pikepdf.String) and len(bytes(part)) >= 16 for part in name):
        yield "6.1.3: the ID is not two strings of 16 bytes or more"
    if "/Requirements" in pdf.Root:
        yield "6.11: the file has requirements"
    if "/AlternatePresentations" in pdf.Root.get("/Names", {}) or any("/PresSteps" in page for page in pdf.pages):
        yield "6.10: the file has alternate presentations"


def _limits(value: Any, depth: int = 0) -> Iterator[str]:
    """6.1.13, of a value with all that lies in it; what it refers to is looked at by itself."""
    if isinstance(value, pikepdf.Name) and len(str(value).encode()) > 128:
        yield f"6.1.13: a name of {len(str(value).encode()) - 1} bytes"
    elif isinstance(value, pikepdf.String) and len(bytes(value)) > 32_767:
        yield f"6.1.13: a string of {len(bytes(value))} bytes"
    elif isinstance(value, int) and not isinstance(value, bool) and not -(2**31) <= value < 2**31:
        yield f"6.1.13: the number {value}"
    elif isinstance(value, pikepdf.Array):
        for part in value:
            if not getattr(part, "is_indirect", False):
                yield from _limits(part, depth + 1)
    elif isinstance(value, pikepdf.Dictionary | pikepdf.Stream):
        for name, part in value.items():
            yield from _limits(pikepdf.Name(name))
            if not getattr(part, "is_indirect", False):
                yield from _limits(part, depth + 1)


def _dictionary(one: Any) -> Iterator[str]:
    if "/AA" in one or ("/A" in one and one.get("/Type") != "/StructElem"):
        yield "6.5: an object has an action"
    if one.get("/TR2", "/Default") != "/Default":
        yield "6.2.5: a graphics state with TR2"
    if "/Intent" in one and str(one.Intent) not in _INTENTS:
        yield f"6.2.6: the rendering intent {one.Intent}"
    if one.get("/Filter") == "/JPXDecode":
        yield "6.2.8.3: an image in JPEG 2000, which this check does not look into"
    for name in ("/CS", "/ColorSpace"):
        space = one.get(name)
        spaces = space.values() if isinstance(space, pikepdf.Dictionary) else [space] if space is not None else []
        for found in spaces:
            yield from _colours(found)


def _colours(space: Any) -> Iterator[str]:
    """6.2.4: colours are those of a profile, or of the device that the output intent describes, which is RGB."""
    if isinstance(space, pikepdf.Array) and space[0] == "/ICCBased":
        profile = space[1].read_bytes()
        known = profile[36:40] == b"acsp" and profile[12:16] in _PROFILES and profile[8] <= 4
        if not known or _COMPONENTS.get(profile[16:20]) != int(space[1].N):
            yield "6.2.4.2: a colour space's profile is none, or has another number of colours"
        return
    name = str(space[0] if isinstance(space, pikepdf.Array) else space)
    if name not in _DEVICE:
        yield f"6.2.4: the colour space {name}, which is neither a profile's nor the output intent's"


def _content(pdf: pikepdf.Pdf) -> Iterator[str]:
    used: dict[tuple[int, int], set[int]] = {}
    fonts: dict[tuple[int, int], Any] = {}
    for number, page in enumerate(pdf.pages, 1):
        resources = page.obj.get("/Resources", pikepdf.Dictionary())
        font, nested, marked = None, 0, 0
        for operands, operator in pikepdf.parse_content_stream(page):
            name = str(operator)
            if name not in _OPERATORS.split():
                yield f"6.2.2: page {number} has the operator {name}"
            nested += {"q": 1, "Q": -1}.get(name, 0)
            marked += {"BDC": 1, "BMC": 1, "EMC": -1}.get(name, 0)
            if nested > _MOST_NESTED:
                yield f"6.1.13: page {number} nests graphics states more than {_MOST_NESTED} times"
            if name in ("k", "K"):
                yield f"6.2.4.3: page {number} has CMYK colours"
            if name == "ri" and str(operands[0]) not in _INTENTS:
                yield f"6.2.6: page {number} has the rendering intent {operands[0]}"
            yield from (f"page {number}: {line}" for line in _named(name, operands, resources))
            if name in ("Tj", "TJ", "S", "f", "B", "Do") and not marked:
                yield f"6.7.3: page {number} shows something that is neither tagged nor marked as an artifact"
            if name == "Tf":
                font = resources.get("/Font", {}).get(str(operands[0]))
            if name in ("Tj", "TJ") and font is not None:
                fonts[font.objgen] = font
                used.setdefault(font.objgen, set()).update(_codes(operands[0]))
    for key, codes in used.items():
        yield from _glyphs(fonts[key], codes)


def _named(operator: str, operands: Any, resources: Any) -> Iterator[str]:
    """6.2.2: what a page uses is in its own resources."""
    kind = _RESOURCES.get(operator)
    if kind is None or (kind == "/ColorSpace" and str(operands[0]) in _DEVICE):
        return
    if str(operands[0]) not in resources.get(kind, {}):
        yield f"6.2.2: {operands[0]} is not in the resources"


def _codes(shown: Any) -> Iterator[int]:
    """Codes of two bytes, as Identity-H has them."""
    for text in shown if isinstance(shown, pikepdf.Array) else [shown]:
        if isinstance(text, pikepdf.String):
            data = bytes(text)
            yield from (int.from_bytes(data[place : place + 2]) for place in range(0, len(data), 2))


def _glyphs(font: Any, used: set[int]) -> Iterator[str]:
    name, descriptor = str(font.BaseFont), font.DescendantFonts[0].FontDescriptor
    if "/ToUnicode" in font:
        texts = _unicode(font.ToUnicode.read_bytes())
        if lacking := sorted(used - texts.keys()):
            yield f"6.2.11.7.2: {name} has no Unicode for the codes {lacking[:5]}"
        if bad := sorted(
            code for code in used & texts.keys() if {"\0", "\ufeff", "\ufffe", "\ufffd"} & set(texts[code])
        ):
            yield f"6.2.11.7.2: {name} has no usable Unicode for the codes {bad[:5]}"
        if own := sorted(
            code for code in used & texts.keys() if any("\ue000" <= one <= "\uf8ff" for one in texts[code])
        ):
            yield f"6.2.11.7.3: {name} has Unicode of private use for the codes {own[:5]}"
    if 0 in used:
        yield f"6.2.11.8: {name} shows the glyph of what is not there"
    if "/FontFile3" not in descriptor:
        return
    there = _cids(descriptor.FontFile3.read_bytes())
    if lacking := sorted(used - there):
        yield f"6.2.11.4.1: {name} lacks the glyphs {lacking[:5]}"
    if "/CIDSet" in descriptor:
        bits = descriptor.CIDSet.read_bytes()
        stated = {8 * place + bit for place, byte in enumerate(bits) for bit in range(8) if byte & (0x80 >> bit)}
        if stated != there:
            yield f"6.2.11.4.2: the CIDSet of {name} is not that of its glyphs"


def _cids(program: bytes) -> set[int]:
    fonts = CFFFontSet()
    fonts.decompile(io.BytesIO(program), None)
    return {0 if glyph == ".notdef" else int(glyph.removeprefix("cid")) for glyph in fonts[0].charset}


def _unicode(cmap: bytes) -> dict[int, str]:
    """From each code to its text, as a ToUnicode CMap of bfchar and bfrange says."""
    found: dict[int, str] = {}
    for block in re.findall(rb"beginbfchar(.*?)endbfchar", cmap, re.DOTALL):
        for code, text in re.findall(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", block):
            found[int(code, 16)] = bytes.fromhex(text.decode()).decode("utf-16-be", "replace")
    for block in re.findall(rb"beginbfrange(.*?)endbfrange", cmap, re.DOTALL):
        for first, last, text in re.findall(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", block):
            for step in range(int(last, 16) - int(first, 16) + 1):
                found[int(first, 16) + step] = chr(int(text, 16) + step)
    return found


def _structure(pdf: pikepdf.Pdf) -> Iterator[str]:
    """6.7.3.4: every structure type is a standard one, or is mapped to one."""
    roles = pdf.Root.get("/StructTreeRoot", {}).get("/RoleMap", {})
    for one in pdf.objects:
        if isinstance(one, pikepdf.Dictionary) and one.get("/Type") == "/StructElem":
            kind, steps = str(one.S), 0
            while kind[1:] not in _STANDARD.split() and kind in roles and steps < 9:
                kind, steps = str(roles[kind]), steps + 1
            if kind[1:] not in _STANDARD.split():
                yield f"6.7.3.4: the structure type {one.S} is mapped to no standard one"
    if not re.fullmatch(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", str(pdf.Root.get("/Lang", ""))):
        yield f"6.7.4: {pdf.Root.get('/Lang', '')} is no language"
