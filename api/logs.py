"""The service's log: a request id on every line of a request, and one line when it has been answered.

Lines carry routes, statuses, counts and account names; no addresses of people, no query, no header, no body.
"""

import json
import logging
import secrets
import time
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth.permissions import Place
from api.metrics import Metrics
from matcher.accounts.actor import Actor
from matcher.settings import LogFormat

HEADER = "X-Request-Id"
_ACCESS = logging.getLogger("api.access")
_request: ContextVar[str] = ContextVar("matcher_request", default="")
_FIELDS = ("method", "route", "status", "ms", "actor")


class Logs:
    """ASGI middleware outside everything: names requests, counts and logs their answers."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name = secrets.token_hex(8)
        scope.setdefault("state", {})
        started, status = time.perf_counter(), 500

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = name
            await send(message)

        token = _request.set(name)
        try:
            await self._app(scope, receive, named)
        finally:
            self._told(scope, status, time.perf_counter() - started)
            _request.reset(token)

    def _told(self, scope: Scope, status: int, seconds: float) -> None:
        place, actor = scope["state"].get("place"), scope["state"].get("actor")
        route = place.template if isinstance(place, Place) else ""
        self._metrics.answered(_method(scope["method"]), route, status, seconds)
        facts = {
            "method": _method(scope["method"]),
            "route": route or "-",
            "status": status,
            "ms": round(1000 * seconds, 1),
            "actor": actor.audit_name if isinstance(actor, Actor) else "-",
        }
        _ACCESS.info("%(method)s %(route)s %(status)d in %(ms).1f ms for %(actor)s", facts, extra=facts)


class JsonLines(logging.Formatter):
    """A line of JSON each: at, level, logger, message, request; of an error its kind and place, not its message."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request := _request.get():
            line["request"] = request
        line |= {name: getattr(record, name) for name in _FIELDS if hasattr(record, name)}
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["where"] = traceback.format_tb(record.exc_info[2])
        return json.dumps(line, ensure_ascii=True)


class TextLines(logging.Formatter):
    """The same for people, in one line, with nothing that a terminal would obey."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(sep=" ", timespec="milliseconds")
        name = f" [{_request.get()}]" if _request.get() else ""
        error = ""
        if record.exc_info and record.exc_info[0] is not None:
            frames = "".join(traceback.format_tb(record.exc_info[2]))
            error = f" {record.exc_info[0].__name__}\n{frames}"
        message = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in record.getMessage())
        return f"{at[:23]} {record.levelname.lower()} {record.name}{name}: {message}{error}"


def set_up(form: LogFormat) -> None:
    """Write this process's log to standard error in this form; uvicorn's own lines too."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if form is LogFormat.JSON else TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in ("api", "matcher", "index"):
        logging.getLogger(name).setLevel(logging.INFO)
    if form is LogFormat.TEXT:
        # A line for every request is for programs that collect them.
        _ACCESS.setLevel(logging.WARNING)


def _method(method: str) -> str:
    """Methods that there are; any other word would be a series of its own."""
    return method if method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS") else "other"
