"""The fonts of documents: Noto Sans SC, which comes as a package, and what an operator adds for characters it lacks."""

import importlib.util
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from matcher.errors import BadSetting

FAMILY = "Noto Sans SC"
_PACKAGE = "pylopdf_fonts_zh_cn"
_FILE = "NotoSansSC-Regular.otf"


def own_font() -> Path:
    """The file that comes with the program; raises BadSetting where its package is missing."""
    spec = importlib.util.find_spec(_PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        if (Path(folder) / _FILE).is_file():
            return Path(folder) / _FILE
    raise BadSetting(f"the font {FAMILY} is missing; install the package pylopdf-fonts-zh-cn (scripts/setup does)")


def families(fonts: Sequence[Path]) -> tuple[str, ...]:
    """The families of these files, the first for whatever it has; raises BadSetting for a file that is no font."""
    return (FAMILY, *dict.fromkeys(name for path in fonts for name in _known(path, _changed(path))[0]))


def not_drawn(texts: Iterable[str], fonts: Sequence[Path]) -> tuple[str, ...]:
    """The characters of these texts that no font has, in their order; raises BadSetting."""
    drawn = _known(own_font(), 0)[1].union(*(_known(path, _changed(path))[1] for path in fonts))
    signs = dict.fromkeys(sign for text in texts for sign in text)
    return tuple(sign for sign in signs if ord(sign) not in drawn and sign not in "\n\t")


def spelled(text: str, missing: Iterable[str]) -> str:
    """The text with these characters as the numbers that Unicode gives them, as in ``[U+20BB7]``."""
    return text.translate({ord(sign): f"[U+{ord(sign):04X}]" for sign in missing})


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError as exc:
        raise BadSetting(f"document_fonts names {path}, which can't be read ({exc.strerror}); correct it") from exc


@cache
def _known(path: Path, _changed: int) -> tuple[tuple[str, ...], frozenset[int]]:
    """A file's families and code points."""
    from fontTools.ttLib import TTCollection, TTFont, TTLibError

    try:
        with path.open("rb") as file:
            is_collection = file.read(4) == b"ttcf"
            file.seek(0)
            fonts = TTCollection(file, lazy=True).fonts if is_collection else [TTFont(file, lazy=True)]
            names = tuple(str(font["name"].getBestFamilyName()) for font in fonts)
            return names, frozenset(code for font in fonts for code in font.getBestCmap() or ())
    except (OSError, TTLibError, KeyError) as exc:
        raise BadSetting(f"document_fonts names {path}, which is no font; name .otf, .ttf or .ttc files") from exc
