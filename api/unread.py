"""Answers made before a request was read whole, as for an upload that is too large.

What is left is read and dropped for a moment, so that the sender gets to see the answer instead of a broken
connection; then the connection is closed, so that nobody can keep the service reading.
"""

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

DROPPED_BYTES = 64 * 2**20
_SECONDS = 2.0


class Unread:
    """ASGI middleware around everything that may answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(Headers(scope=scope), receive)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and not body.ended:
                await body.drop()
                if not body.ended:
                    MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        await self._app(scope, body.receive, answer)


class _Body:
    """A request's body, and whether its end was seen."""

    def __init__(self, headers: Headers, receive: Receive) -> None:
        declared = headers.get("content-length", "0")
        self._declared = int(declared) if declared.isdecimal() else 0
        self.ended = not self._declared and "transfer-encoding" not in headers
        # A sender who waits to be asked for the body has sent nothing that would have to be read away.
        self._waits = headers.get("expect", "").lower() == "100-continue"
        self._receive = receive

    async def receive(self) -> Message:
        message = await self._receive()
        self._waits = False
        if not message.get("more_body", False):
            self.ended = True
        return message

    async def drop(self) -> None:
        """Read the rest away, as far as it is small and comes soon."""
        if self._waits or self._declared > DROPPED_BYTES:
            return
        dropped = 0
        with anyio.move_on_after(_SECONDS):
            while not self.ended and dropped < DROPPED_BYTES:
                dropped += len((await self.receive()).get("body", b""))
