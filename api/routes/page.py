"""The plain page and its files."""

from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from api.deps import TheDesk
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
