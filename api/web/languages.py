"""The languages of the pages, and their catalogues.

Texts stand in the code in English: ``{% trans %}`` and ``_("...")`` in templates, ``page.gettext("...")`` in routes,
and ``N_("...")`` where a table holds them until they are shown. The others are in ``locale/LANGUAGE/AREA.po``, one file
per area of the pages, merged when they are read.
"""

import io
from enum import StrEnum
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

LOCALES = Path(__file__).parent / "locale"


class Language(StrEnum):
    """As the lang attribute of HTML has them."""

    ENGLISH = "en"
    CHINESE = "zh-Hans"

    @property
    def own_name(self) -> str:
        return _OWN_NAMES[self]

    @property
    def folder(self) -> Path:
        return LOCALES / self.value.replace("-", "_")


_OWN_NAMES = {Language.ENGLISH: "English", Language.CHINESE: "中文"}


def N_(text: str) -> str:  # noqa: N802 (gettext's own name for it)
    """Mark a text for the catalogues; it is translated where it is shown."""
    return text


@cache
def translations(language: Language) -> NullTranslations:
    """What a language says for each English text; the text itself where it says nothing."""
    paths = sorted(language.folder.glob("*.po")) if language.folder.is_dir() else []
    if not paths:
        return NullTranslations()
    from babel.messages.catalog import Catalog
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    merged = Catalog(locale=language.value.replace("-", "_"), charset="utf-8")
    for path in paths:
        with path.open("rb") as file:
            for message in read_po(file, locale=merged.locale, abort_invalid=True):
                if message.id:
                    merged[message.id] = message
    compiled = io.BytesIO()
    write_mo(compiled, merged)
    compiled.seek(0)
    return GNUTranslations(compiled)


def wanted_language(accept_language: str) -> Language:
    """The best of ours for an Accept-Language header: the one with the largest weight, the first of several."""
    best, weight = Language.ENGLISH, 0.0
    for part in accept_language.split(","):
        tag, _, parameters = part.partition(";")
        language = _nearest(tag.strip().lower())
        given = _weight(parameters)
        if language is not None and given > weight:
            best, weight = language, given
    return best


def _nearest(tag: str) -> Language | None:
    main = tag.partition("-")[0]
    return {"en": Language.ENGLISH, "zh": Language.CHINESE}.get(main)


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
