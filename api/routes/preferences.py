"""The language and the theme that a browser shows, chosen by links in every page."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import RedirectResponse

from api.auth import browser
from api.web.languages import Language
from api.web.preferences import LANGUAGE, THEME, Theme, local_path

router = APIRouter(include_in_schema=False)
_YEAR = 365 * 24 * 3600


@router.get("/preferences")
def choose(
    request: Request,
    language: Language | None = None,
    theme: Theme | None = None,
    back: Annotated[str, Query(max_length=1_000)] = "/",
) -> Response:
    """Keep what was chosen for a year, and lead back to the page that it was chosen on."""
    answer = RedirectResponse(local_path(back), 303)
    for name, value in ((LANGUAGE, language), (THEME, theme)):
        if value is not None:
            browser.set_cookie(answer, request.scope, name, value, seconds=_YEAR)
    return answer
