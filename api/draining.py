"""A service that is told to end: for a while it goes on answering and says that it is ending, then it closes in order.

A proxy that asks `/readyz` sends nobody here any more once that says no. Every answer from then on closes its
connection,
so that clients that keep theirs open come again elsewhere. Only then are no more connections taken. Without this a
request that was just sent, over a connection that waited to be accepted or stood idle, would be lost.
"""

import asyncio
import signal
import socket
from types import FrameType
from typing import Protocol

import uvicorn
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.listening import take_no_new

_LAST_ACCEPTED_SECONDS = 0.2
_LAST_WORD_SECONDS = 0.5
_TICK = 0.1


class Ending(Protocol):
    """Whoever has to know that the service is ending."""

    is_ending: bool

    def stop(self) -> None:
        """End whatever would go on by itself, such as streams of news."""
        ...


class CloseWhileEnding:
    """ASGI middleware: while the service is ending, each answer closes its connection."""

    def __init__(self, app: ASGIApp, desk: Ending) -> None:
        self._app = app
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def closing(message: Message) -> None:
            if self._desk.is_ending and message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        await self._app(scope, receive, closing if scope["type"] == "http" else send)


class Server(uvicorn.Server):
    """Uvicorn's server, with a while between SIGTERM and the end, and nobody lost who has connected.

    seconds: how long it goes on after SIGTERM. Ctrl-C means now; pressed after SIGTERM, too.
    """

    def __init__(self, config: uvicorn.Config, *, desk: Ending, seconds: float) -> None:
        super().__init__(config)
        self._desk = desk
        self._seconds = seconds
        self._now = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._now = self._now or sig == signal.SIGINT
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._desk.is_ending = True
        await self._go_on(self._seconds)
        self._desk.stop()
        for listener in sockets or []:
            take_no_new(listener)
        # Whoever has connected by now is accepted in this while; then nobody waits at the socket that is closed.
        await self._go_on(_LAST_ACCEPTED_SECONDS)
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        # Who was accepted a moment ago has still to send a request; what has begun is waited for afterwards.
        await self._go_on(_LAST_WORD_SECONDS)
        await super().shutdown(sockets)

    async def _go_on(self, seconds: float) -> None:
        loop, ticks = asyncio.get_running_loop(), 0
        until = loop.time() + seconds
        while loop.time() < until and not self._now:
            await self.on_tick(ticks)
            await asyncio.sleep(_TICK)
            ticks += 1
