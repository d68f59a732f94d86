"""Idempotency-Key: a creating call that is sent again, because its answer was lost, gets the answer of the first.

The same key with another body is refused; while the first call is under way, the second is asked to come again. Only
answers that made something are kept: what was refused changed nothing, and may simply be tried again. An answer that
holds a secret is shown once and kept nowhere: a repeated call is told that it was made.
"""

import base64
import hashlib
import json
import logging
from collections.abc import Callable
from functools import partial

from anyio import to_thread
from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth.browser import replayed
from api.auth.permissions import Place
from api.errors import BadUpload, ServiceError, TooLarge, answer_error
from api.uploads import Memory
from matcher.accounts.actor import Actor
from matcher.accounts.kept_answers import Call, Claim, KeptAnswers
from matcher.errors import MatcherError

HEADER = "idempotency-key"
_LONGEST_KEY = 255
_KEPT_HEADERS = ("content-type", "location")
_log = logging.getLogger(__name__)


class BadKey(ServiceError):
    """The key can't be one, or was used for something else."""

    status, code = 422, "idempotency_key"


class UnderWay(ServiceError):
    """The first call with this key has not ended yet."""

    status, code = 409, "under_way"

    def __init__(self) -> None:
        super().__init__("a call with this Idempotency-Key is under way; come again in a moment")
        self.headers = {"Retry-After": "1"}


class ToldOnce(ServiceError):
    """The call was made before, and its answer held a secret, which is told once."""

    status, code = 409, "told_once"

    def __init__(self, kept: bytes) -> None:
        place = json.loads(kept)["headers"].get("location", "")
        made = f" It made {place}." if place else ""
        super().__init__(
            f"this call was made before, and its answer held a secret, which is told once and not kept.{made} If the "
            "secret was lost, end what was made, and make another one with a new Idempotency-Key"
        )


class Idempotency:
    """ASGI middleware after the gate. answers: where they are kept; memory: what all uploads may hold together."""

    def __init__(self, app: ASGIApp, answers: Callable[[], KeptAnswers], memory: Memory, most_bytes: int) -> None:
        self._app = app
        self._answers = answers
        self._memory = memory
        self._most = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = Headers(scope=scope).get(HEADER) if scope["type"] == "http" else None
        place = scope.get("state", {}).get("place")
        if key is None or not isinstance(place, Place) or place.needs is None or not place.needs.creates:
            await self._app(scope, receive, send)
            return
        try:
            with self._memory.share() as take:
                body = await self._body(receive, take)
                once = partial(self._once, tells_once=place.needs.tells_once)
                answer = await once(_call(scope, key, body), scope, replayed(body, receive))
        except ServiceError as fault:
            answer = answer_error(fault)
        await answer(scope, receive, send)

    async def _body(self, receive: Receive, take: Callable[[int], None]) -> bytes:
        body, more = bytearray(), True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise BadUpload("the upload was broken off")
            piece = message.get("body", b"")
            if len(body) + len(piece) > self._most:
                raise TooLarge(f"the upload is larger than {self._most:,} bytes")
            take(len(piece))
            body += piece
            more = message.get("more_body", False)
        return bytes(body)

    async def _once(self, call: Call, scope: Scope, receive: Receive, *, tells_once: bool) -> Response:
        """The first call's answer, made now or kept; raises BadKey, UnderWay or ToldOnce."""
        answers = await to_thread.run_sync(self._answers)
        claim, kept = await to_thread.run_sync(answers.claim, call)
        if claim is Claim.OTHER_BODY:
            raise BadKey("this Idempotency-Key was used for another call; use a new one for each", field=HEADER)
        if claim is Claim.UNDER_WAY:
            raise UnderWay
        if claim is Claim.KEPT and tells_once:
            raise ToldOnce(kept)
        if claim is Claim.KEPT:
            return _restored(kept)
        made = _Answer()
        try:
            await self._app(scope, receive, made.take)
        except BaseException:
            await to_thread.run_sync(answers.drop, call)
            raise
        try:
            if 200 <= made.status < 300:
                await to_thread.run_sync(answers.keep, call, made.stored(tells_once=tells_once))
            else:
                await to_thread.run_sync(answers.drop, call)
        except MatcherError:
            # It was done: whoever asked must be told, even if a repetition won't be recognised.
            _log.exception("an answer could not be kept for its Idempotency-Key")
        return made.response()


class _Answer:
    """An answer as it is being made."""

    def __init__(self) -> None:
        self.status = 500
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = bytearray()

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self._headers = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body":
            self._body += message.get("body", b"")

    def response(self) -> Response:
        made = Response(bytes(self._body), self.status)
        made.raw_headers = self._headers
        return made

    def stored(self, *, tells_once: bool) -> bytes:
        """As it is kept; of one that is told once, that it was made."""
        headers = {name: value for name, value in Headers(raw=self._headers).items() if name in _KEPT_HEADERS}
        body = "" if tells_once else base64.b64encode(bytes(self._body)).decode()
        return json.dumps({"status": self.status, "headers": headers, "body": body}).encode()


def _restored(kept: bytes) -> Response:
    told = json.loads(kept)
    return Response(base64.b64decode(told["body"]), told["status"], {**told["headers"], "Idempotent-Replayed": "true"})


def _call(scope: Scope, key: str, body: bytes) -> Call:
    if not 1 <= len(key) <= _LONGEST_KEY or not (key.isascii() and key.isprintable()):
        raise BadKey(f"the Idempotency-Key must have 1 to {_LONGEST_KEY} printable ASCII characters", field=HEADER)
    actor = scope["state"]["actor"]
    account = actor.account if isinstance(actor, Actor) else ""
    kind, options = parse_options_header(Headers(scope=scope).get("content-type", ""))
    # A form that is sent again may get another boundary; it is the same form.
    if boundary := options.get(b"boundary"):
        body = body.replace(boundary, b"")
    parts = (scope["method"].encode(), scope["path"].encode(), scope["query_string"], kind, body)
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return Call(account, key, digest.digest())
