"""What the route of a page works with: who asks, in which language, and how it answers.

::

    @router.get("/things")
    def things(page: ThePage, office: TheOffice) -> Response:
        return page.render("things/list.html", things=office.things.all())

    @router.post("/things")
    async def add(page: ThePage, office: TheOffice) -> Response:
        fields = await page.form()
        ...
        return page.go("/things", said=page.gettext("Added."))

The gate has checked the session, the right that `api.auth.permissions` names and the form's token before.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote, unquote

from fastapi import Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Scope

from api.auth import browser
from api.auth.permissions import Open, Place
from api.errors import Forbidden
from api.web.languages import translations
from api.web.navigation import Entry, entries_for
from api.web.preferences import Preferences
from api.web.rendering import POLICY, environment
from matcher.accounts.actor import Actor, SignedIn
from matcher.accounts.roles import Right
from matcher.accounts.sessions import Session

SAID = "matcher-said"
_LONGEST_SAID = 1_000
_HEADERS = {
    "Content-Security-Policy": POLICY,
    # With no-referrer, browsers would send forms with the origin "null", which the guard refuses.
    "Referrer-Policy": "same-origin",
    "Vary": "Cookie, Accept-Language",
}


class Manner(StrEnum):
    """How a message is meant."""

    DONE = "done"
    NOTE = "note"
    WARN = "warn"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Message:
    """Something that a page says above everything else. exactly: the same in the words of a log, in English."""

    text: str
    manner: Manner = Manner.DONE
    exactly: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page that is asked for. actor: None before anybody is known. csrf: what its forms repeat."""

    request: Request
    preferences: Preferences
    actor: Actor | None = None
    csrf: str = ""

    @classmethod
    def of(cls, scope: Scope, request: Request) -> "Page":
        """The page of a request as far as it got; whoever asks may not be known yet."""
        state = scope.get("state", {})
        actor, session, place = state.get("actor"), state.get("session"), state.get("place")
        # Where everybody may come, nobody was asked who they are.
        is_open = isinstance(place, Place) and place.needs is not None and place.needs.need is Open.EVERYBODY
        is_local = isinstance(actor, Actor) and actor.signed_in is SignedIn.LOCAL and not is_open
        is_known = isinstance(actor, Actor) and (isinstance(session, Session) or is_local)
        return cls(
            request,
            Preferences.of(scope),
            actor if is_known else None,
            session.csrf if isinstance(session, Session) else "",
        )

    @property
    def path(self) -> str:
        return self.request.url.path

    @property
    def address(self) -> str:
        """Path and query, to come back to."""
        query = self.request.url.query
        return f"{self.path}?{query}" if query else self.path

    @property
    def navigation(self) -> tuple[Entry, ...]:
        return entries_for(self.actor)

    def may(self, right: Right) -> bool:
        return self.actor is not None and self.actor.may(right)

    def gettext(self, text: str, /, **values: object) -> str:
        """A text in the page's language, with values for its ``%(name)s``."""
        found = translations(self.preferences.language).gettext(text)
        return found % values if values else found

    def ngettext(self, one: str, many: str, count: int, /, **values: object) -> str:
        """The same where the text depends on a number, which it may show as ``%(num)s``."""
        found = translations(self.preferences.language).ngettext(one, many, count)
        return found % {"num": count, **values}

    async def form(self) -> dict[str, str]:
        """The fields that were sent, without spaces around them; empty texts where a field was left empty."""
        fields, _ = await browser.read_form(self.request.scope, self.request.receive)
        return {name: value.strip() for name, value in fields.items() if name != browser.CSRF_FIELD}

    def render(
        self, template: str, /, *, status: int = 200, said: Message | None = None, camera: bool = False, **values: Any
    ) -> HTMLResponse:
        """The page. said: what it says first, beside what the page before left to be said. camera: it asks for one."""
        left = self._left()
        messages = [message for message in (left, said) if message is not None]
        found = environment(self.preferences.language).get_template(template)
        headers = _HEADERS | ({"Permissions-Policy": "camera=(self), geolocation=(), microphone=()"} if camera else {})
        answer = HTMLResponse(found.render(page=self, messages=messages, **values), status, headers)
        if left is not None:
            browser.drop_cookie(answer, self.request.scope, SAID)
        return answer

    def go(self, path: str, *, said: str = "", manner: Manner = Manner.DONE) -> Response:
        """Lead the browser on after something was done; the next page says it."""
        answer = RedirectResponse(path, 303)
        if said:
            told = quote(json.dumps([said[:_LONGEST_SAID], manner]))
            browser.set_cookie(answer, self.request.scope, SAID, told)
        return answer

    def _left(self) -> Message | None:
        held = browser.cookie(self.request.scope, SAID)
        if not held:
            return None
        try:
            text, manner = json.loads(unquote(held))
            return Message(str(text)[:_LONGEST_SAID], Manner(manner))
        except (ValueError, TypeError):
            return None


def page_of(request: Request) -> Page:
    """The page that a route answers with; raises Forbidden for a program, which has /v1."""
    page = Page.of(request.scope, request)
    if page.actor is None:
        raise Forbidden("pages are for people who sign in; programs use the addresses below /v1")
    return page


ThePage = Annotated[Page, Depends(page_of)]
