"""How much may come: requests a minute of one account or address, requests at once, and bytes that are no photos."""

import math
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth.exposure import address_of
from api.errors import ServiceError, TooLarge, answer_error

MOST_KNOWN = 10_000
_LIVE_FOR_EACH = 8
BODY_BYTES = 2**20
"""The largest body that is neither a form with photos nor a photo."""
_EVEN_WHEN_FULL = ("/healthz", "/readyz", "/metrics")
_LIVE = re.compile(r"/(worklist|cases/[^/]+)/live")
"""Streams that last and cost nearly nothing: counted apart, so that pages left open never keep work out."""
_UPLOADS = ("multipart/form-data", "image/")
_STREAMS = re.compile(r"PUT /v1/jobs/[^/]+/photos|POST /v1/galleries/[^/]+/embeddings")
"""Where a body goes to the disk as it comes, under a limit of its own."""


class TooMany(ServiceError):
    """More requests of one account or address than the limit."""

    status, code = 429, "too_many_requests"

    def __init__(self, seconds: float) -> None:
        wait = max(1, math.ceil(seconds))
        super().__init__(f"too many requests; come again in {wait} s")
        self.headers = {"Retry-After": str(wait)}


class Full(ServiceError):
    """As many requests under way as are allowed at once."""

    status, code = 503, "full"

    def __init__(self) -> None:
        super().__init__("as many requests are under way as are allowed at once; come again in a moment")
        self.headers = {"Retry-After": "1"}


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Rates:
    """Token buckets by name, a minute's worth each; used from one event loop only.

    per_minute: 0 lets everything pass. Of more than MOST_KNOWN names, those not seen for longest are forgotten.
    """

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._size = float(per_minute)
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, name: str) -> None:
        """Count one request; raises TooMany."""
        if not self._size:
            return
        now = self._clock()
        bucket = self._buckets.setdefault(name, _Bucket(self._size, now))
        self._buckets.move_to_end(name)
        if len(self._buckets) > MOST_KNOWN:
            self._buckets.popitem(last=False)
        bucket.left = min(self._size, bucket.left + (now - bucket.at) * self._size / 60)
        bucket.at = now
        if bucket.left < 1:
            raise TooMany((1 - bucket.left) * 60 / self._size)
        bucket.left -= 1


def address_name(address: str) -> str:
    """The name of an address's bucket; an IPv6 network of 64 bits is one, since one machine has all of it."""
    found = address_of(address)
    if found is None or found.version == 4:
        return f"address:{address}"
    return f"address:{int(found) >> 64:x}"


class Limits:
    """ASGI middleware: so many requests at once, and so large a body where no photo is expected."""

    def __init__(self, app: ASGIApp, most_at_once: int) -> None:
        self._app = app
        self._most = most_at_once
        self._under_way = 0
        self._live = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            is_live = _LIVE.fullmatch(scope["path"]) is not None
            if is_live and self._live >= _LIVE_FOR_EACH * self._most:
                raise Full
            if not is_live and self._under_way >= self._most and scope["path"] not in _EVEN_WHEN_FULL:
                raise Full
            body = _Body(scope, receive)
        except ServiceError as fault:
            await answer_error(fault)(scope, receive, send)
            return
        self._count(1, is_live=is_live)
        try:
            await body.answered(self._app, send)
        finally:
            self._count(-1, is_live=is_live)

    def _count(self, by: int, *, is_live: bool) -> None:
        if is_live:
            self._live += by
        else:
            self._under_way += by


class _Body:
    """A request's body, cut off where it is too large for what it says it is; raises TooLarge if it says so at once."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        headers = Headers(scope=scope)
        self._scope = scope
        self._receive = receive
        # Photos are measured against their own limits while they are taken apart.
        is_stream = _STREAMS.fullmatch(f"{scope['method']} {scope['path']}") is not None
        self._is_measured = not is_stream and not headers.get("content-type", "").lower().startswith(_UPLOADS)
        self._total = 0
        declared = headers.get("content-length", "0")
        if self._is_measured and (not declared.isdecimal() or len(declared) > 18 or int(declared) > BODY_BYTES):
            raise _too_large()

    async def answered(self, app: ASGIApp, send: Send) -> None:
        """Let the application answer; where the body was too large, that is the answer, whatever was made of it."""
        is_told = False

        async def told(message: Message) -> None:
            nonlocal is_told
            if self._total <= BODY_BYTES:
                await send(message)
            elif not is_told:
                is_told = True
                await answer_error(_too_large())(self._scope, self._receive, send)

        await app(self._scope, self._measured if self._is_measured else self._receive, told)

    async def _measured(self) -> Message:
        message = await self._receive()
        self._total += len(message.get("body", b""))
        if self._total > BODY_BYTES:
            raise _too_large()
        return message


def _too_large() -> TooLarge:
    return TooLarge(f"the body is larger than {BODY_BYTES:,} bytes, which only photos may be")
