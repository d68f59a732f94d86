"""What a browser holds: the cookies, and the token that its unsafe requests repeat."""

from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import Message, Receive, Scope

from api.errors import BadUpload, TooLarge

FORM = "application/x-www-form-urlencoded"
CSRF_HEADER = "x-csrf-token"
CSRF_FIELD = "csrf"
SESSION = "matcher-session"
VISITOR = "matcher-visitor"
"""Before anybody is signed in: what the sign-in form's token is bound to."""
FLOW = "matcher-provider"
_FORM_BYTES = 65_536
_MOST_FIELDS = 64


def cookie(scope: Scope, name: str) -> str:
    """A cookie's value; empty where there is none, or where it was given twice."""
    headers = Headers(scope=scope)
    wanted = _name(name, is_secure=scope["scheme"] == "https")
    lines = headers.getlist("cookie")
    if sum(line.replace(" ", "").startswith(f"{wanted}=") + line.count(f"; {wanted}=") for line in lines) > 1:
        return ""
    return next((found[wanted] for found in map(cookie_parser, lines) if wanted in found), "")


def set_cookie(
    response: Response, scope: Scope, name: str, value: str, *, lax: bool = False, seconds: int | None = None
) -> None:
    """Give a browser a cookie. lax: also sent where another site's link leads here. seconds: how long it is kept; None
    until the browser is closed."""
    is_secure = scope["scheme"] == "https"
    response.set_cookie(
        _name(name, is_secure=is_secure),
        value,
        max_age=seconds,
        path="/",
        secure=is_secure,
        httponly=True,
        samesite="lax" if lax else "strict",
    )


def drop_cookie(response: Response, scope: Scope, name: str) -> None:
    is_secure = scope["scheme"] == "https"
    response.delete_cookie(
        _name(name, is_secure=is_secure), path="/", secure=is_secure, httponly=True, samesite="strict"
    )


async def read_form(scope: Scope, receive: Receive) -> tuple[dict[str, str], Receive]:
    """The fields of a small form, and the same body once more for who reads it next; raises TooLarge or BadUpload.

    A request that is no such form has no fields, and its body is left alone.
    """
    kind = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        return {}, receive
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadUpload("the form was broken off")
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > _FORM_BYTES:
            raise TooLarge(f"the form is larger than {_FORM_BYTES:,} bytes")
    try:
        fields = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as exc:
        raise BadUpload(f"the form is not UTF-8, or has more than {_MOST_FIELDS} fields") from exc
    if len({name for name, _ in fields}) != len(fields):
        raise BadUpload("the form has a field twice")
    return dict(fields), replayed(bytes(body), receive)


def replayed(body: bytes, receive: Receive) -> Receive:
    """A receive that gives this body once, and then what comes after it."""
    is_given = False

    async def again() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _name(name: str, *, is_secure: bool) -> str:
    # Browsers take a __Host- cookie from this very host alone, over TLS alone.
    return f"__Host-{name}" if is_secure else name
