"""One Jinja2 environment per language, all alike: values enter as text, and one that is missing is a fault."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.web.formats import formats
from api.web.languages import Language, translations

TEMPLATES = Path(__file__).parent / "templates"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
"""No script or style inside a page, nothing from elsewhere, and no script can turn a text into HTML."""


@cache
def environment(language: Language) -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # A text that is broken into lines in a template is one line in the catalogues.
    made.policies["ext.i18n.trimmed"] = True
    found = translations(language)
    made.install_gettext_translations(found, newstyle=True)  # type: ignore[attr-defined]
    shown = formats(language)
    made.filters |= {
        "date": shown.day,
        "plain_date": shown.plain_day,
        "moment": shown.moment,
        "number": shown.number,
        "percent": shown.percent,
        "country": shown.country,
    }
    made.globals |= {"languages": tuple(Language)}
    return made
