"""What stands before every route: who may connect, which site's pages may ask, and the headers on every answer.

A page of another site that a browser shows can reach this service too, in three ways, each closed here: by its own host
name that it points at our address (DNS rebinding: the Host header must name us), by a form or a fetch (Origin and
Sec-Fetch-Site must be ours), and by a proxy that passes strangers on (only trusted ones may: exposure.py).
"""

import logging
import traceback
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth.exposure import LOOPBACK_ONLY, Exposure
from api.errors import INTERNAL, Refused, error_response
from api.web.fault_pages import for_reader

_OWN_SITES = ("same-origin", "none")
_LINKED = ("/", "/signin", "/signin/openid/callback")
_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
# A route that needs something else says so itself; what it says is kept.
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_OVER_TLS = {"Strict-Transport-Security": "max-age=31536000"}
_log = logging.getLogger(__name__)


class Guard:
    """ASGI middleware around every route."""

    def __init__(self, app: ASGIApp, exposure: Exposure = LOOPBACK_ONLY) -> None:
        self._app = app
        self._exposure = exposure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = scope["method"] == "HEAD"
        started = False

        async def answer(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in {**_HEADERS, **(_OVER_TLS if inner["scheme"] == "https" else {})}.items():
                    headers.setdefault(name, value)
            elif head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        # HEAD is GET without the body, at every address.
        inner = {**scope, "method": "GET"} if head else scope
        try:
            inner = {**inner, **_of_connection(admit(scope, self._exposure))}
        except Refused as refusal:
            await error_response(refusal.status, refusal.body())(inner, receive, for_reader(inner, receive, answer))
            return
        try:
            await self._app(inner, receive, answer)
        except Exception as error:
            # Without the message, which may hold what a person typed.
            _log.error("%s in %s:\n%s", type(error).__name__, scope["method"], _frames(error))
            if started:
                raise
            await error_response(500, INTERNAL)(inner, receive, for_reader(inner, receive, answer))


def admit(scope: Scope, exposure: Exposure = LOOPBACK_ONLY) -> Scope:
    """The request as it came to the first of us; raises Refused for whatever may not come, or not from that page."""
    admitted = exposure.admitted(scope)
    headers = Headers(scope=scope)
    _refuse_other_sites(admitted, headers, headers["host"])
    return admitted


def _of_connection(scope: Scope) -> Scope:
    return {name: scope[name] for name in ("client", "scheme")}


def _refuse_other_sites(scope: Scope, headers: Mapping[str, str], host: str) -> None:
    origin = headers.get("origin")
    if origin is not None and origin.lower() != f"{scope['scheme']}://{host}".lower():
        raise Refused("a page of another site sent this; use the service's own page, or a program")
    if headers.get("sec-fetch-site", "none") in _OWN_SITES:
        return
    # Following a link to a page itself is all that another site may cause.
    link = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    if not (link and scope["method"] == "GET" and scope["path"] in _LINKED):
        raise Refused("another site caused this request; use the service's own page, or a program")


def _frames(error: BaseException) -> str:
    return "".join(traceback.format_tb(error.__traceback__))
