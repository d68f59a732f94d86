"""Server-sent events: who else is at a case now, and that a case or a list has changed since it was shown."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from api.deps import Desk, TheDesk
from api.officers import TheCase, TheOffice, TheOfficer
from api.routes.worklist import PAGE, Wanted, query_of
from api.web.words import who as name_of
from matcher.casework.case import case_id
from matcher.casework.cases import cursor_place
from matcher.casework.presence import Presence
from matcher.errors import MatcherError

router = APIRouter(include_in_schema=False)
TICK = 2.0
LASTS = 60.0
"""Seconds after which a stream ends; the browser opens the next one, and is asked again who it is."""

Window = Annotated[str, Query(min_length=8, max_length=32, pattern="^[0-9A-Za-z-]+$")]


@router.get("/cases/{case}/live")
async def case_live(
    *, request: Request, desk: TheDesk, officer: TheOfficer, office: TheOffice, case: TheCase, window: Window
) -> Response:
    """A case's version and who else has it open, whenever either changes."""
    presence = Presence(office.files)

    def now() -> dict[str, Any]:
        found = presence.here(officer, case, window)
        return {"version": found.version, "others": [name_of(account) for account in found.others]}

    first = await run_in_threadpool(now)
    return _stream(request, desk, first, now, lambda: presence.gone(officer, window))


@router.get("/worklist/live")
async def worklist_live(
    *, request: Request, desk: TheDesk, officer: TheOfficer, office: TheOffice, wanted: Annotated[Wanted, Query()]
) -> Response:
    """The cases of one page of the list with their versions, and who else has each of them open."""
    presence, asked, after = Presence(office.files), query_of(wanted, officer, office), cursor_place(wanted.cursor)

    def now() -> dict[str, Any]:
        found = presence.watch(officer, asked, after=after, limit=PAGE)
        return {
            "cases": [[case_id(one.number), one.version, [name_of(other) for other in one.others]] for one in found]
        }

    return _stream(request, desk, await run_in_threadpool(now), now, lambda: None)


def _stream(
    request: Request, desk: Desk, first: dict[str, Any], now: Callable[[], dict[str, Any]], gone: Callable[[], None]
) -> Response:
    async def events() -> AsyncIterator[str]:
        said = first
        yield f"retry: 1000\ndata: {json.dumps(said)}\n\n"
        try:
            for _ in range(int(LASTS / TICK)):
                await asyncio.sleep(TICK)
                if desk.is_stopping or await request.is_disconnected():
                    return
                found = await run_in_threadpool(now)
                # A comment keeps proxies from closing what seems asleep.
                yield f"data: {json.dumps(found)}\n\n" if found != said else ": still here\n\n"
                said = found
        except MatcherError:
            # It may not be seen any more, or the records are away: the browser asks anew, and is told.
            return
        finally:
            # Also where the browser has gone, which cancels whatever is awaited here.
            threading.Thread(target=_quietly, args=(gone,), daemon=True).start()

    return StreamingResponse(events(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


def _quietly(gone: Callable[[], None]) -> None:
    # Where it can't be written now, the window is forgotten after some seconds.
    with suppress(MatcherError):
        gone()
