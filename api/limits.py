"""How much may come: requests a minute of one account or address, and requests at once."""

import math
import re
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth.exposure import address_of
from api.bodies import Body, Pace
from api.errors import ServiceError, answer_error
from api.uploads import Memory

MOST_KNOWN = 10_000
_LIVE_FOR_EACH = 8
_EVEN_WHEN_FULL = ("/healthz", "/readyz", "/metrics")
_LIVE = re.compile(r"/(worklist|cases/[^/]+)/live")
"""Streams that last and cost nearly nothing: counted apart, so that pages left open never keep work out."""


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


class Awaited:
    """How many bodies of people who are not known yet may be on their way: a part of all requests, and few of one
    address, so that nobody is kept out by them; used from one event loop only."""

    def __init__(self, most_at_once: int) -> None:
        self._most = max(1, most_at_once // 4)
        self._most_of_one = max(1, most_at_once // 16)
        self._now: Counter[str] = Counter()

    @contextmanager
    def one(self, name: str) -> Iterator[None]:
        """While a body of this name is read; raises Full."""
        if self._now[name] >= self._most_of_one or self._now.total() >= self._most:
            raise Full
        self._now[name] += 1
        try:
            yield
        finally:
            self._now[name] -= 1
            if not self._now[name]:
                del self._now[name]


class Limits:
    """ASGI middleware: so many requests at once, and bodies as bodies.py lets them come. memory: see there."""

    def __init__(self, app: ASGIApp, most_at_once: int, pace: Pace, memory: Memory) -> None:
        self._app = app
        self._most = most_at_once
        self._pace = pace
        self._memory = memory
        self._under_way = 0
        self._live = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_live = _LIVE.fullmatch(scope["path"]) is not None
        with self._memory.share() as take:
            try:
                if is_live and self._live >= _LIVE_FOR_EACH * self._most:
                    raise Full
                if not is_live and self._under_way >= self._most and scope["path"] not in _EVEN_WHEN_FULL:
                    raise Full
                body = Body(scope, receive, self._pace, take)
            except ServiceError as fault:
                await answer_error(fault)(scope, receive, send)
                return
            with self._counted(is_live=is_live):
                await body.answered(self._app, send, lambda: self._counted(-1, is_live=is_live))

    @contextmanager
    def _counted(self, by: int = 1, *, is_live: bool) -> Iterator[None]:
        self._count(by, is_live=is_live)
        try:
            yield
        finally:
            self._count(-by, is_live=is_live)

    def _count(self, by: int, *, is_live: bool) -> None:
        if is_live:
            self._live += by
        else:
            self._under_way += by
