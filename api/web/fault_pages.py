"""Errors as pages for browsers that asked for one, in their language; programs keep the JSON.

The scripts of our pages, which are known by the token that they repeat, get the JSON with its message in the page's
language.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth import browser
from api.web.languages import N_, Language
from api.web.pages import Page
from api.web.preferences import Preferences
from api.web.refusals import refusal_words

_LARGEST = 65_536


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong and what to do, in words for people."""

    title: str
    advice: str


FAULTS: dict[str, Fault] = {
    "not_found": Fault(
        N_("There is nothing here"),
        N_("The address may be mistyped, or what was here is not there for you. Go back and choose again."),
    ),
    "forbidden": Fault(
        N_("You may not do this"),
        N_("Your account has no right to it. If you need it for your work, ask an administrator."),
    ),
    "not_allowed": Fault(N_("You may not do this"), N_("Somebody else has to do it. What exactly is said below.")),
    "refused": Fault(
        N_("This did not come from our own page"), N_("Open the page again from here and send it from there.")
    ),
    "outdated": Fault(
        N_("Somebody else was quicker"),
        N_("It was changed after you had opened it, so nothing of yours was saved. Go back, load the page again, look "
           "at what changed, and repeat what is still needed."),
    ),
    "not_now": Fault(
        N_("This can't be done now"), N_("Something else has to happen first. What exactly is said below.")
    ),
    "confidential": Fault(
        N_("Protection forbids this"),
        N_("The case is protected, or its protection is not known yet. What has to be settled first is said below."),
    ),
    "invalid_field": Fault(
        N_("Something that was entered can't be right"), N_("Go back: what you typed is still there. Correct it.")
    ),
    "too_many_requests": Fault(
        N_("Too many requests"), N_("Wait a moment, then load the page again. Nothing was lost.")
    ),
    "full": Fault(N_("Very busy at the moment"), N_("Wait a moment, then load the page again. Nothing was lost.")),
    "busy": Fault(N_("Very busy at the moment"), N_("Wait a moment, then load the page again. Nothing was lost.")),
}  # fmt: skip
_BY_STATUS: dict[int, Fault] = {
    404: FAULTS["not_found"],
    403: FAULTS["forbidden"],
    409: FAULTS["not_now"],
    422: FAULTS["invalid_field"],
    429: FAULTS["too_many_requests"],
    503: Fault(
        N_("The service can't answer now"),
        N_("Try again in a minute. If it lasts, tell whoever runs the service what is said below."),
    ),
    500: Fault(
        N_("Something went wrong inside the service"), N_("It has been written to the log. Try again, or go back.")
    ),
}
_OTHER = Fault(N_("This request can't be answered"), N_("Go back and try once more. What exactly is said below."))


class FaultPages:
    """ASGI middleware around everything that answers errors as JSON."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_asked = scope["type"] == "http"
        await self._app(scope, receive, for_reader(scope, receive, send) if is_asked else send)


def for_reader(scope: Scope, receive: Receive, send: Send) -> Send:
    """A send that turns errors into pages where a browser asks that will show them, and words them for our scripts."""
    if wants_page(scope):
        return _Answer(scope, receive, send, _as_page)
    return _Answer(scope, receive, send, _as_words) if _is_foreign_script(scope) else send


class _Answer:
    """Passes on what is no error in JSON; holds that back until it is whole, and sends what `shown` makes of it."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, shown: "_Shown") -> None:
        self._scope, self._receive, self._send, self._shown = scope, receive, send, shown
        self._start: Message | None = None
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_fault(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._show(self._start)

    async def _show(self, start: Message) -> None:
        told = json.loads(bytes(self._body[:_LARGEST]))
        answer = self._shown(Page.of(self._scope, Request(self._scope)), int(start["status"]), told)
        for name in ("retry-after", "allow"):
            if (value := Headers(raw=start["headers"]).get(name)) is not None:
                answer.headers[name] = value
        await answer(self._scope, self._receive, self._send)


_Shown = Callable[[Page, int, dict[str, Any]], Response]


def _fault(status: int, code: str) -> Fault:
    return FAULTS.get(code) or _BY_STATUS.get(status, _OTHER)


def _as_page(page: Page, status: int, told: dict[str, Any]) -> Response:
    error = told["error"]
    words, fault = refusal_words(error["message"], page.gettext), _fault(status, error["code"])
    return page.render("fault.html", status=status, fault=fault, words=words, exactly=error["message"])


def _as_words(page: Page, status: int, told: dict[str, Any]) -> Response:
    """What there are no words for keeps its English, behind what kind of fault it is."""
    error = told["error"]
    title = page.gettext(_fault(status, error["code"]).title)
    words = refusal_words(error["message"], page.gettext) or f"{title}: {error['message']}"
    return JSONResponse({**told, "error": {**error, "message": words}}, status)


def _is_foreign_script(scope: Scope) -> bool:
    """Whether one of our own scripts asks, on a page that is not in English."""
    headers = Headers(scope=scope)
    return browser.CSRF_HEADER in headers and Preferences.of(scope).language is not Language.ENGLISH


def wants_page(scope: Scope) -> bool:
    """Whether a browser asks that will show the answer to a person."""
    headers = Headers(scope=scope)
    is_page = "text/html" in headers.get("accept", "") and not headers.get("authorization")
    return is_page and not str(scope["path"]).startswith("/v1/")


def _is_fault(start: Message) -> bool:
    kind = Headers(raw=start["headers"]).get("content-type", "")
    return int(start["status"]) >= 400 and kind.startswith("application/json")
