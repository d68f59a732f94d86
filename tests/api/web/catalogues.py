"""Every text of the pages that is marked for translation, with where it stands."""

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

from api.web.languages import LOCALES
from matcher.settings import Settings

ROOT = Path(__file__).parents[3]
KEYWORDS = {"_": None, "gettext": None, "say": None, "ngettext": (1, 2), "N_": None}
TEMPLATES = "jinja2.ext:babel_extract"


def marked() -> dict[str | tuple[str, str], str]:
    """From each text, or pair of one and many, to the file and line of one place."""
    found: dict[str | tuple[str, str], str] = {}
    for path, method in _sources():
        for line, text, _, _ in extract_from_file(
            method, path, KEYWORDS, options={"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}
        ):
            found[text] = f"{path.relative_to(ROOT)}:{line}"
    for name, field in Settings.model_fields.items():
        # Shown where administrators see the settings, all but the home.
        if name != "home" and field.description:
            found[field.description] = f"matcher/settings.py: {name}"
    return found


def translated() -> dict[str, Catalog]:
    """From each file of a language, by its name below locale/, to what it holds."""
    found = {}
    for path in sorted(LOCALES.glob("*/*.po")):
        with path.open("rb") as file:
            found[str(path.relative_to(LOCALES))] = read_po(file, locale=path.parent.name)
    return found


def _sources() -> Iterator[tuple[Path, str]]:
    for path in sorted((ROOT / "api").rglob("*.py")):
        # The command line speaks English.
        if "cli" not in path.relative_to(ROOT).parts:
            yield path, "python"
    for path in sorted((ROOT / "api/web/templates").rglob("*.html")):
        yield path, TEMPLATES
