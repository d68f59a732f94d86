"""The gate before every route: who may ask until there are accounts, and the headers on every answer.

Only programs and pages of this very machine are served. A page of another site that a browser on this machine shows
can reach a loopback port too, in three ways, each closed here: by its own host name that it points at 127.0.0.1 (DNS
rebinding: the Host header must name the loopback), by a form or a fetch (Origin and Sec-Fetch-Site must be ours), and
by a proxy on this machine that passes strangers on (whatever a proxy adds is refused).
"""

import ipaddress
import logging
import re
import traceback
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import INTERNAL, Refused, error_response

_HOST = re.compile(r"(localhost|[0-9.]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?", re.IGNORECASE)
_OF_PROXIES = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_OWN_SITES = ("same-origin", "none")
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
_log = logging.getLogger(__name__)


class Guard:
    """ASGI middleware around every route."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

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
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            elif head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        # HEAD is GET without the body, at every address.
        inner = {**scope, "method": "GET"} if head else scope
        try:
            refuse_strangers(scope)
        except Refused as refusal:
            await error_response(refusal.status, refusal.body())(inner, receive, answer)
            return
        try:
            await self._app(inner, receive, answer)
        except Exception as error:
            # Without the message, which may hold what a person typed.
            _log.error("%s in %s:\n%s", type(error).__name__, scope["method"], _frames(error))
            if started:
                raise
            await error_response(500, INTERNAL)(inner, receive, answer)


def refuse_strangers(scope: Scope) -> None:
    """Raise Refused for whatever does not come from this machine, from a program or a page of this service."""
    headers = Headers(scope=scope)
    client = scope.get("client")
    if client is None or not _is_loopback(client[0]) or any(name in headers for name in _OF_PROXIES):
        raise Refused("until there are accounts, only this machine is served, and not through a proxy")
    hosts = headers.getlist("host")
    if len(hosts) != 1 or not _names_loopback(hosts[0]):
        raise Refused("the Host header must name this machine: localhost, 127.0.0.1 or [::1]")
    _refuse_other_sites(scope, headers, hosts[0])


def _refuse_other_sites(scope: Scope, headers: Mapping[str, str], host: str) -> None:
    origin = headers.get("origin")
    if origin is not None and origin.lower() != f"{scope['scheme']}://{host}".lower():
        raise Refused("a page of another site sent this; use the service's own page, or a program")
    if headers.get("sec-fetch-site", "none") in _OWN_SITES:
        return
    # Following a link to the page itself is all that another site may cause.
    link = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    if not (link and scope["method"] == "GET" and scope["path"] == "/"):
        raise Refused("another site caused this request; use the service's own page, or a program")


def _names_loopback(host: str) -> bool:
    found = _HOST.fullmatch(host)
    return found is not None and (found[1].lower() == "localhost" or _is_loopback(found[1].strip("[]")))


def _is_loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback


def _frames(error: BaseException) -> str:
    return "".join(traceback.format_tb(error.__traceback__))
