"""The first page, the plain one that searches outside any case, and the files of all pages."""

from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from api.deps import TheActor, TheDesk
from api.web.navigation import entries_for
from matcher.accounts.sessions import Session

router = APIRouter(include_in_schema=False)

_WEB = Path(__file__).parents[1] / "web"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@router.get("/")
def first(request: Request, desk: TheDesk, actor: TheActor) -> Response:
    """For services without accounts the page that searches; whoever signed in goes on to the first of their places."""
    if not isinstance(getattr(request.state, "session", None), Session):
        return page(request, desk)
    return RedirectResponse(entries_for(actor)[0].path, 303)


@router.get("/search")
def page(request: Request, desk: TheDesk) -> Response:
    """The page; all that the server puts into it is two numbers of the settings, and the session's form token."""
    session = getattr(request.state, "session", None)
    csrf = session.csrf if isinstance(session, Session) else ""
    html = _file("index.html").decode().replace("{{csrf}}", csrf)
    for name in ("max_photo_bytes", "top"):
        html = html.replace("{{" + name + "}}", str(getattr(desk.settings, name)))
    return Response(html, media_type="text/html", headers={"Content-Security-Policy": _POLICY})


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
