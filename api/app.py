"""The service: one function that makes it from settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version

from anyio import to_thread
from fastapi import FastAPI

from api.acting import Acting
from api.deps import Desk
from api.errors import HANDLERS
from api.guard import Guard
from api.routes import (
    case_protection,
    case_searches,
    cases,
    galleries,
    gallery_terms,
    health,
    identify,
    page,
    persons,
    reviews,
    statistics,
)
from api.unread import Unread
from index.base import IndexFault
from matcher.errors import MatcherError
from matcher.settings import Settings

_ABOUT = """\
A photo is searched in galleries of identity records; the answer is a ranked list of candidates. A candidate is a lead:
a person compares and confirms or rejects it.

Every error has one shape, `{"error": {"code", "message", "field"}}`, without `field` where none is meant; `code` is
stable. Until there are accounts, only this machine is served.
"""


def create_app(settings: Settings) -> FastAPI:
    """The service over the gallery and the engine that the settings name; both are opened when it starts.

    Where they can't be opened it starts all the same: `/readyz` and every question say why, until they can.
    """
    desk = Desk(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # The fault is logged, and told to whoever asks.
        with suppress(MatcherError, IndexFault):
            await to_thread.run_sync(desk.open)
        try:
            yield
        finally:
            await to_thread.run_sync(desk.close)

    app = FastAPI(
        title="identity-matcher",
        version=version("identity-matcher"),
        description=_ABOUT,
        lifespan=lifespan,
        redirect_slashes=False,
        # The usual documentation pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        exception_handlers=HANDLERS,
    )
    app.state.desk = desk
    app.add_middleware(Acting)
    app.add_middleware(Guard)
    app.add_middleware(Unread)
    for part in (
        identify, galleries, gallery_terms, persons, cases, case_protection, case_searches, reviews, statistics, health,
        page,
    ):  # fmt: skip
        app.include_router(part.router)
    return app
