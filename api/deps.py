"""What the routes share: the open matcher, the threads that work on photos, and the memory that uploads may take."""

import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from typing import Annotated, TypeVar

import anyio
from anyio import to_thread
from fastapi import Depends, Request

from api.auth.openid import provider_of
from api.bodies import DOCUMENT_BODY_BYTES
from api.errors import Forbidden, NotReady
from api.forms import UploadLimits
from api.metrics import Metrics
from api.uploads import Memory, Upload, read_upload
from index.base import IndexFault
from matcher.accounts.actor import Actor
from matcher.accounts.opening import Accounts, accounts_of
from matcher.build import open_database, open_matcher
from matcher.engine_choice import as_recorded
from matcher.errors import MatcherError
from matcher.gallery import Gallery
from matcher.jobs.expiring import Expiry
from matcher.own_process import in_own_process
from matcher.pipeline import Matcher
from matcher.records.database import Database
from matcher.records.serving import name_of
from matcher.settings import Settings
from matcher.wording import why

UPLOADS_IN_MEMORY = 8
"""How many uploads of the largest size all requests together may hold at once."""

_DOCUMENTS_IN_MEMORY = 2
"""Of the largest size, however small photos have to be; one that is sent with an Idempotency-Key counts twice."""
_TRY_AGAIN_SECONDS = 5.0
_WARM_SECONDS = 30.0
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class Desk:
    """The service while it runs: one matcher for all requests.

    Where the matcher can't be opened, the service stays up, says why, and tries again at requests of later seconds.
    After a switch of the home's engine, the next request opens the other one; requests under way end with the one
    that they began with, which stays open for a way back.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        # From when it was told to end, while it still answers.
        self.is_ending = False
        self.metrics = Metrics()
        self.memory = Memory(
            max(UPLOADS_IN_MEMORY * settings.max_photo_bytes, _DOCUMENTS_IN_MEMORY * DOCUMENT_BODY_BYTES)
        )
        self.provider = provider_of(settings)
        # Each takes tens of megabytes and a core; whoever signs in waits for a turn.
        self.hashing = anyio.CapacityLimiter(2)
        # Each reads the whole audit; one at a time leaves the records to everybody else.
        self.verifying = anyio.CapacityLimiter(1)
        # Purges and imports change the index as a whole.
        self._apart = anyio.CapacityLimiter(1)
        self._turns = anyio.CapacityLimiter(max(2, settings.worker_count))
        self._opening = threading.Lock()
        self._opened = ExitStack()
        self._matcher: Matcher | None = None
        self._matchers: dict[str, Matcher] = {}
        self._fault: Exception | None = None
        self._tried_at = 0.0
        self._closed = False
        self._stop = threading.Event()
        # Nobody waits for answers any more.
        self._over = threading.Event()
        self._warming: threading.Thread | None = None
        self._accounts: Accounts | None = None

    @property
    def is_stopping(self) -> bool:
        """Whether what never ends by itself should end now."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Let what never ends by itself end soon; everything else is still answered."""
        self._stop.set()

    def accounts(self) -> Accounts:
        """The accounts, opened where they are not yet, whether or not there is an engine; raises RecordsError."""
        if self._accounts is not None:
            return self._accounts
        with self._opening:
            if self._closed:
                raise NotReady("the service is stopping")
            if self._accounts is None:
                database = open_database(self.settings)
                self._opened.callback(database.close)
                self._accounts = accounts_of(database, self.settings)
            return self._accounts

    @property
    def database(self) -> Database:
        """The records, for what needs no engine."""
        return self.accounts().database

    @property
    def waiting(self) -> int:
        """How many requests wait for a thread that works on photos."""
        return self._turns.statistics().tasks_waiting

    def open(self) -> Matcher:
        """The matcher of the engine that serves now, opened where it is not yet; raises why it can't be."""
        if (matcher := self._current()) is not None:
            return matcher
        with self._opening:
            if (matcher := self._current()) is not None:
                return matcher
            if self._closed:
                raise NotReady("the service is stopping")
            if self._fault is not None and time.monotonic() < self._tried_at + _TRY_AGAIN_SECONDS:
                raise self._fault.with_traceback(None)
            try:
                self._matcher = self._of_home()
            except (MatcherError, IndexFault) as fault:
                self._fault, self._tried_at = fault, time.monotonic()
                _log.error("not ready: %s", fault)
                raise
            if self._warming is None:
                self._warming = threading.Thread(target=self._keep_warm, daemon=True)
                self._warming.start()
            return self._matcher

    def _current(self) -> Matcher | None:
        """The matcher if it is that of the home's engine still; None where one must be opened."""
        matcher = self._matcher
        if matcher is None:
            return None
        serving = name_of(matcher.gallery.engines().serving)
        return matcher if not serving or self._matchers.get(serving) is matcher else None

    def _of_home(self) -> Matcher:
        settings = as_recorded(self.settings)
        name = str(settings.engine)
        if name not in self._matchers:
            _log.info("opening the engine %s", name)
            matcher = self._opened.enter_context(open_matcher(settings))
            # Nobody who asks first shall wait for what is loaded when it is first needed.
            matcher.warm()
            self._matchers[name] = matcher
        return self._matchers[name]

    def close(self) -> None:
        self._stop.set()
        self._over.set()
        if self._warming is not None:
            self._warming.join()
        with self._opening:
            self._closed = True
            self._matcher = None
            self._accounts = None
            self._matchers.clear()
            self._opened.close()

    def _keep_warm(self) -> None:
        """In a thread: what scores need of every person is made ready, again when the gallery has changed; and photos
        that were sent for jobs go when nobody needs them any more."""
        expiry = Expiry(self.database, self.settings.home)
        while not self._stop.is_set():
            matcher = self._matcher
            try:
                if matcher is not None:
                    matcher.scorer.warm(self._stop)
            except (MatcherError, IndexFault) as fault:
                _log.warning("scores are not made ready ahead of searches: %s", fault)
            try:
                expiry.look()
            except MatcherError as fault:
                _log.warning("uploads are not looked after: %s", fault)
            self._stop.wait(_WARM_SECONDS)

    @asynccontextmanager
    async def upload(self, request: Request, limits: UploadLimits) -> AsyncIterator[Upload]:
        """The photos and fields of a request, counted as memory in use until the block ends."""
        with self.memory.share() as take:
            yield await read_upload(request, limits, take)

    async def work(self, task: Callable[[], _T]) -> _T:
        """Run a task that works on photos in a thread, as many at once as the settings' workers; others wait.

        They have their own threads, so that short questions never queue behind photos.
        """
        return await to_thread.run_sync(task, limiter=self._turns)

    async def apart(self, task: Callable[[], _T]) -> _T:
        """Run a task in a process of its own, one at a time; others wait. The task and its value are pickled."""
        try:
            return await to_thread.run_sync(
                partial(in_own_process, task, is_over=self._over.is_set), limiter=self._apart
            )
        except OSError as exc:
            raise NotReady(f"it could not be brought to its end ({why(exc)[0]}); ask who runs the service") from exc


def desk_of(request: Request) -> Desk:
    desk = request.app.state.desk
    if not isinstance(desk, Desk):
        raise NotReady("the service is starting")
    return desk


def matcher_of(request: Request) -> Matcher:
    return desk_of(request).open()


def gallery_of(request: Request) -> Gallery:
    return matcher_of(request).gallery


def actor_of(request: Request) -> Actor:
    """Who asks, as the gate found; raises Forbidden where nothing has."""
    actor = getattr(request.state, "actor", None)
    if not isinstance(actor, Actor):
        raise Forbidden("nobody is known to ask")
    return actor


TheActor = Annotated[Actor, Depends(actor_of)]
TheDesk = Annotated[Desk, Depends(desk_of)]
TheMatcher = Annotated[Matcher, Depends(matcher_of)]
TheGallery = Annotated[Gallery, Depends(gallery_of)]
