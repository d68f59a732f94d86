"""The service: one function that makes it from settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version

from anyio import to_thread
from fastapi import Depends, FastAPI

from api.auth.exposure import exposure_of
from api.auth.gate import Gate, as_permitted
from api.bodies import Pace
from api.deps import Desk
from api.draining import CloseWhileEnding
from api.errors import HANDLERS
from api.guard import Guard
from api.idempotency import Idempotency
from api.limits import Limits
from api.logs import Logs
from api.routes import (
    accounts,
    administration,
    audit,
    audit_pages,
    backlog_pages,
    case_keeping,
    case_pages,
    case_protection,
    case_searches,
    cases,
    compare,
    described,
    document_pages,
    documents,
    embeddings,
    galleries,
    gallery_pages,
    gallery_terms,
    health,
    identify,
    jobs,
    live,
    lookalikes,
    metrics,
    new_case,
    openid,
    page,
    person_keeping,
    persons,
    preferences,
    purges,
    review_pages,
    reviews,
    settings_shown,
    signing_in,
    statistics,
    statistics_pages,
    supervision,
    system_pages,
    training,
    training_compare,
    worklist,
)
from api.unread import Unread
from api.web.fault_pages import FaultPages
from index.base import IndexFault
from matcher.accounts.kept_answers import KeptAnswers
from matcher.errors import MatcherError
from matcher.settings import Settings

_ABOUT = """\
A photo is searched in galleries of identity records; the answer is a ranked list of candidates. A candidate is a lead:
a person compares and confirms or rejects it.

Every error has one shape, `{"error": {"code", "message", "field"}}`, without `field` where none is meant; `code` is
stable. A browser signs in at /signin; a program sends a token, `Authorization: Bearer ...`. Calls that make something
take an `Idempotency-Key`: sent again with the same key and body, they answer as the first time and make nothing twice.
"""

# One a line, so that several people can add theirs.
_ROUTES = (
    identify,
    galleries,
    gallery_terms,
    lookalikes,
    embeddings,
    persons,
    person_keeping,
    case_keeping,
    purges,
    compare,
    settings_shown,
    cases,
    case_protection,
    case_searches,
    document_pages,
    documents,
    reviews,
    backlog_pages,
    jobs,
    statistics,
    audit,
    health,
    metrics,
    accounts,
    signing_in,
    openid,
    page,
    preferences,
    worklist,
    new_case,
    case_pages,
    review_pages,
    live,
    training,
    training_compare,
    statistics_pages,
    supervision,
    audit_pages,
    administration,
    gallery_pages,
    system_pages,
)


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
        dependencies=[Depends(as_permitted)],
        responses=described.ALWAYS,
    )
    app.state.desk = desk
    # The last is the outermost.
    app.add_middleware(
        Idempotency,
        answers=lambda: KeptAnswers(desk.database),
        memory=desk.memory,
        most_bytes=desk.memory.limit,
    )
    app.add_middleware(Gate, settings=settings, accounts=desk.accounts)
    pace = Pace(settings.body_seconds, settings.body_pause_seconds)
    app.add_middleware(Limits, most_at_once=settings.most_at_once, pace=pace, memory=desk.memory)
    app.add_middleware(FaultPages)
    app.add_middleware(Guard, exposure=exposure_of(settings))
    app.add_middleware(Unread)
    app.add_middleware(Logs, metrics=desk.metrics)
    app.add_middleware(CloseWhileEnding, desk=desk)
    for part in _ROUTES:
        app.include_router(part.router)
    return app
