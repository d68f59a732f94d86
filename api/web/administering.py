"""What all pages of administration share: their tabs."""

from typing import Any

from fastapi import Response

from api.web.languages import N_
from api.web.pages import Page

ROOT = "/administration"
TABS = (
    (ROOT, N_("Accounts")), (f"{ROOT}/galleries", N_("Galleries")), (f"{ROOT}/engines", N_("Engines")),
    (f"{ROOT}/retention", N_("Retention")), (f"{ROOT}/settings", N_("Settings")), (f"{ROOT}/health", N_("Health")),
)  # fmt: skip


def administration(page: Page, template: str, /, *, at: str, status: int = 200, **values: Any) -> Response:
    """A page of administration. at: the address of its tab."""
    tabs = [(path, page.gettext(text), None) for path, text in TABS]
    return page.render(f"administration/{template}.html", status=status, tabs=tabs, at=at, **values)
