"""The first page, the plain one that searches outside any case, and the files of all pages."""

from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from api.deps import TheActor, TheDesk
from api.web.navigation import entries_for
from api.web.pages import Page
from api.web.search_words import words_of
from matcher.accounts.sessions import Session

router = APIRouter(include_in_schema=False)

_WEB = Path(__file__).parents[1] / "web"
_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@router.get("/")
def first(request: Request, desk: TheDesk, actor: TheActor) -> Response:
    """For services without accounts the page that searches; whoever signed in goes on to the first of their places."""
    if not isinstance(getattr(request.state, "session", None), Session):
        return page(request, desk)
    return RedirectResponse(entries_for(actor)[0].path, 303)


@router.get("/search")
def page(request: Request, desk: TheDesk) -> Response:
    """The page, in the browser's language; its script fills it."""
    found = Page.of(request.scope, request)
    return found.render("search.html", settings=desk.settings, words=words_of(found.gettext))


@router.get("/static/{name}")
def static(name: str) -> Response:
    """One of the page's own files; whatever is not in their folder is not there."""
    if name not in _names():
        raise HTTPException(404)
    kind = _KINDS[Path(name).suffix]
    return Response(_file(f"static/{name}"), media_type=kind, headers={"Cache-Control": "no-cache"})


@cache
def _names() -> frozenset[str]:
    return frozenset(path.name for path in (_WEB / "static").iterdir() if path.suffix in _KINDS)


@cache
def _file(name: str) -> bytes:
    return (_WEB / name).read_bytes()
