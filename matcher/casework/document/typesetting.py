"""A request as pages: PDF/A-3 with selectable text in both languages, and the signed JSON in it as an associated file.

Nothing is written to disk on the way. The same request gives the same bytes.
"""

import base64
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from matcher.casework.document.fonts import families, not_drawn, own_font, spelled
from matcher.casework.document.qr import qr_svg
from matcher.casework.document.request import all_texts
from matcher.casework.document.signing import Signature
from matcher.casework.document.stationery import Stationery

if TYPE_CHECKING:
    import typst

STANDARDS: tuple[Literal["a-3a"], Literal["ua-1"]] = ("a-3a", "ua-1")
"""PDF/A-3, level a (tagged), and PDF/UA-1: what is written is checked against both while it is written."""


def pages(request: Mapping[str, Any], stationery: Stationery, *, signature: Signature, attached: bytes) -> bytes:
    """The document as PDF, not signed yet. attached: the signed JSON. Raises BadSetting."""
    return _set(request, stationery, qr=signature.short(), attached=attached, signature=signature)


def preview(request: Mapping[str, Any], stationery: Stationery) -> bytes:
    """How it would look, marked as a preview, without signature and JSON; raises BadSetting."""
    return _set(request, stationery, qr="", attached=b"", signature=None)


def characters_not_drawn(request: Mapping[str, Any], stationery: Stationery) -> tuple[str, ...]:
    """The characters of a request that no font has: pages show their numbers in Unicode, the JSON has them."""
    return not_drawn(all_texts(request), stationery.fonts)


def _set(
    request: Mapping[str, Any], stationery: Stationery, *, qr: str, attached: bytes, signature: Signature | None
) -> bytes:
    import typst

    missing = characters_not_drawn(request, stationery)
    shown: dict[str, Any] = _spelled(dict(request), missing)
    shown |= {
        "pictures": [list(base64.b64decode(photo["jpeg"])) for photo in request["photos"]],
        "missing": [f"U+{ord(sign):04X}" for sign in missing],
        "families": list(families(stationery.fonts)),
        "qr": list(qr_svg(qr)) if qr else [],
        "short": qr,
        "key": "" if signature is None else signature.key,
        "sha256": "" if signature is None else signature.sha256,
    }
    standards: list[typst.PDFStandard] = list(STANDARDS)
    made, warnings = typst.compile_with_warnings(
        _template(),
        format="pdf",
        font_paths=_fonts(tuple(dict.fromkeys(path.parent for path in (own_font(), *stationery.fonts)))),
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(shown), "attached": attached.decode("utf-8")},
        pdf_standards=standards,
        timestamp=0,
    )
    # A warning would mean that something is not shown, such as text in a font that is not there.
    if warnings or not isinstance(made, bytes):
        raise RuntimeError(f"the document's pages can't be set: {'; '.join(one.message for one in warnings)}")
    return made


def _spelled(value: Any, missing: tuple[str, ...]) -> Any:
    if not missing:
        return value
    if isinstance(value, str):
        return spelled(value, missing)
    if isinstance(value, dict):
        return {name: part if name == "jpeg" else _spelled(part, missing) for name, part in value.items()}
    return [_spelled(part, missing) for part in value] if isinstance(value, list) else value


@cache
def _template() -> bytes:
    return files("matcher.casework.document").joinpath("document.typ").read_bytes()


@cache
def _fonts(folders: tuple[Path, ...]) -> "typst.Fonts":
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=list(folders))
