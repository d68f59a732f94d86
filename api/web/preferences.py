"""What a browser was told to show: language and theme, held in cookies of its own."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from starlette.datastructures import Headers
from starlette.types import Scope

from api.auth import browser
from api.web.languages import Language, wanted_language

LANGUAGE = "matcher-language"
THEME = "matcher-theme"


class Theme(StrEnum):
    """SYSTEM: as the machine is set."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class Preferences:
    """As a browser chose them; the language else by its Accept-Language."""

    language: Language = Language.ENGLISH
    theme: Theme = Theme.SYSTEM

    @classmethod
    def of(cls, scope: Scope) -> Self:
        language, theme = browser.cookie(scope, LANGUAGE), browser.cookie(scope, THEME)
        asked = wanted_language(Headers(scope=scope).get("accept-language", ""))
        return cls(
            Language(language) if language in set(Language) else asked,
            Theme(theme) if theme in set(Theme) else Theme.SYSTEM,
        )


def local_path(text: str) -> str:
    """An address of this service to go to; the first page for anything else, which may lead to another site."""
    is_local = text.startswith("/") and not text.startswith(("//", "/\\"))
    return text if is_local and text.isascii() and text.isprintable() and len(text) <= 1_000 else "/"
