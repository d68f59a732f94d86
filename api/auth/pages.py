"""The pages of the door: signing in, one's own account, and the way on from a provider. No script runs in them."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse

if TYPE_CHECKING:
    from jinja2 import Environment

_WEB = Path(__file__).parents[1] / "web"
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def page(template: str, /, *, status: int = 200, **values: str | bool) -> HTMLResponse:
    """One of the pages; every value enters as text."""
    html = _environment().get_template(template).render(**values)
    # With no-referrer, browsers would send forms with the origin "null", which the guard refuses.
    return HTMLResponse(html, status, {"Content-Security-Policy": _POLICY, "Referrer-Policy": "same-origin"})


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(loader=FileSystemLoader(_WEB), autoescape=True, undefined=StrictUndefined)
