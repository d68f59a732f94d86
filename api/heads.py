"""A connection that asks nothing, or whose request's first lines come too slowly, is closed.

Each open one takes one of the files that a process may have open, and nobody need be signed in to open any number.
"""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 30.0


class Prompt(H11Protocol):
    """Uvicorn's HTTP/1.1 with a time for a request's first lines. Between two requests its own counts."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # Nothing but a whole head ends the wait, however often a byte of it comes.
        if self.conn.their_state is not h11.IDLE:
            self._end_wait()
        elif self.timeout_keep_alive_task is None:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_wait()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _end_wait(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
