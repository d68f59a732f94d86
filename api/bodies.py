"""How a request's body may come: how large, how fast, and counted as memory where it is larger than questions are.

Photos and forms with photos are measured while they are taken apart, and streams go to the disk under a limit of their
own; every other body is cut off here. Whatever is not a stream must be there in time, as a request that waits for its
body keeps another one out.
"""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import anyio
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import ServiceError, TooLarge, TooSlow, answer_error

BODY_BYTES = 2**20
"""The largest body of most routes."""
DOCUMENT_BODY_BYTES = 24 * 2**20
"""The largest one with a document in it, which may have 16 MiB: a third more in base64, and what stands beside it."""
_DOCUMENTS = re.compile(r"POST /v1/(cases/[^/]+/consents|documents/verify)")
_UPLOADS = ("multipart/form-data", "image/")
_STREAMS = re.compile(r"PUT /v1/jobs/[^/]+/photos|POST /v1/galleries/[^/]+/embeddings")
"""Where a body goes to the disk as it comes."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a body must come. seconds: for all of it; pause: until its first piece, and between two of them."""

    seconds: float
    pause: float


class Body:
    """A request's body on its way; raises TooLarge if it says itself that it is too large.

    take: called with the bytes that a body holds of the memory of uploads; may raise Busy.
    """

    def __init__(self, scope: Scope, receive: Receive, pace: Pace, take: Callable[[int], None]) -> None:
        headers, target = Headers(scope=scope), f"{scope['method']} {scope['path']}"
        self._scope, self._receive, self._pace, self._take = scope, receive, pace, take
        self._is_stream = _STREAMS.fullmatch(target) is not None
        is_upload = headers.get("content-type", "").lower().startswith(_UPLOADS)
        self._is_document = _DOCUMENTS.fullmatch(target) is not None and not is_upload
        self._most = DOCUMENT_BODY_BYTES if self._is_document else BODY_BYTES
        self._is_measured = not self._is_stream and not is_upload
        self._total = 0
        self._until: float | None = None
        self._fault: ServiceError | None = None
        declared = headers.get("content-length", "0")
        self._ended = declared == "0" and "transfer-encoding" not in headers
        if self._is_measured and (not declared.isdecimal() or len(declared) > 18 or int(declared) > self._most):
            raise self._too_large()

    async def answered(
        self, app: ASGIApp, send: Send, aside: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> None:
        """Let the application answer; where the body was at fault, that is the answer, whatever was made of it.

        aside: around the beginning of an answer before the body's end, while what is left is read away for a moment.
        """
        has_begun = is_told = False

        async def begun(message: Message) -> None:
            if message["type"] != "http.response.start" or self._ended:
                await send(message)
                return
            with aside():
                await send(message)

        async def told(message: Message) -> None:
            nonlocal has_begun, is_told
            if self._fault is None or has_begun:
                has_begun = True
                await begun(message)
            elif not is_told:
                is_told = True
                await answer_error(self._fault)(self._scope, self._receive, begun)

        await app(self._scope, self._receive if self._is_stream else self._measured, told)

    async def _measured(self) -> Message:
        if self._ended:
            return await self._receive()
        try:
            return await self._next()
        except ServiceError as fault:
            self._fault = fault
            raise

    async def _next(self) -> Message:
        if self._fault is not None:
            raise self._fault
        message = await self._in_time()
        count = len(message.get("body", b""))
        self._total += count
        if self._is_measured and self._total > self._most:
            raise self._too_large()
        if self._is_document:
            self._take(count)
        self._ended = not message.get("more_body", False)
        return message

    async def _in_time(self) -> Message:
        now = anyio.current_time()
        self._until = self._until or now + self._pace.seconds
        wait = min(self._pace.pause, self._until - now)
        if wait > 0:
            with anyio.move_on_after(wait):
                return await self._receive()
        if wait < self._pace.pause:
            raise TooSlow(f"the body took longer than {self._pace.seconds:g} s; send it again")
        raise TooSlow(f"nothing of the body came for {self._pace.pause:g} s; send it again")

    def _too_large(self) -> TooLarge:
        what = "no document may be" if self._is_document else "only photos may be"
        return TooLarge(f"the body is larger than {self._most:,} bytes, which {what}")
