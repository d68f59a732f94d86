"""Every error leaves the service in one JSON shape, ``{"error": {"code", "message", "field"?}}``.

::

    ServiceError            a status and a code of the service's own
    |-- Refused                 403  from where nobody may ask, or sent by another site's page
    |-- SignInNeeded            401  no account, or a session or token that is not valid
    |-- Forbidden               403  signed in, without the right
    |-- NoSuchAddress           404
    |-- NoSuchMethod            405
    |-- TooMany                 429  (limits.py) more requests of one account or address than the limit
    |-- Full                    503  (limits.py) as many requests under way as are allowed at once
    |-- BadUpload               400  the body is not what its content type says
    |-- WrongContentType        415
    |-- TooLarge                413
    |-- TooSlow                 408
    |-- Busy                    503  more uploads at once than the memory set aside for them
    |-- NotReady                503  the records or the engine can't be opened
    `-- PhotosRefused           422  none of the photos can serve as a reference

The matcher's errors are mapped by `status_and_code`, most specific first. Outcomes of a search are answers, not errors.
"""

import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from api.wire import ErrorOut, RefusedPhotoOut
from api.wire_quality import Wire
from index.base import IndexFault
from matcher.accounts.faults import NotSignedIn
from matcher.casework.faults import Confidential, NotAllowed, NotNow, Outdated
from matcher.errors import (
    AlreadyThere,
    AuditNotWhole,
    BadField,
    BadManifest,
    BadSetting,
    ChangedMeanwhile,
    EngineMismatch,
    EngineUnavailable,
    GalleryHeld,
    MatcherError,
    NotFound,
    OnHold,
    OutsideCalibration,
    PersonDiffers,
    PhotoUnreadable,
    RecordsTooNew,
    RecordsUnavailable,
    TooMuchToRead,
)
from matcher.team import WorkersUnavailable

_MATCHER: tuple[tuple[type[Exception], int, str], ...] = (
    (NotSignedIn, 401, "sign_in_needed"),
    (BadField, 422, "invalid_field"),
    (OutsideCalibration, 422, "outside_calibration"),
    (NotFound, 404, "not_found"),
    (TooMuchToRead, 413, "too_large"),
    (BadManifest, 422, "invalid_file"),
    (ChangedMeanwhile, 409, "outdated"),
    (AuditNotWhole, 409, "audit_not_whole"),
    (OnHold, 409, "on_hold"),
    (AlreadyThere, 409, "already_there"),
    (GalleryHeld, 409, "gallery_held"),
    (NotAllowed, 403, "not_allowed"),
    (Outdated, 409, "outdated"),
    (NotNow, 409, "not_now"),
    (Confidential, 409, "confidential"),
    (PersonDiffers, 409, "person_differs"),
    (EngineMismatch, 409, "engine_mismatch"),
    (EngineUnavailable, 503, "engine_unavailable"),
    (RecordsUnavailable, 503, "records_unavailable"),
    (RecordsTooNew, 503, "records_too_new"),
    (BadSetting, 503, "bad_setting"),
    (WorkersUnavailable, 503, "workers_unavailable"),
    (IndexFault, 503, "index_unavailable"),
    (MemoryError, 503, "out_of_memory"),
)
_HTTP = {
    400: ("bad_request", "the request can't be read; see /openapi.json for what is asked"),
    404: ("not_found", "there is nothing at this address; see /openapi.json for what there is"),
    405: ("method_not_allowed", "this address does not take this method; the Allow header names those it takes"),
}
_log = logging.getLogger(__name__)
INTERNAL = ErrorOut(code="internal", message="something went wrong inside the service; its log says where", field="")


class ServiceError(Exception):
    """An error of the service's own; the message says what is wrong and what to do."""

    status = 500
    code = "internal"
    headers: Mapping[str, str] | None = None

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field

    def body(self) -> ErrorOut:
        return ErrorOut(code=self.code, message=str(self), field=self.field)


class Refused(ServiceError):
    """From where nobody may ask, or sent by another site's page."""

    status, code = 403, "refused"


class SignInNeeded(ServiceError):
    """No account, or a session or token that is not, or no longer, valid."""

    status, code = 401, "sign_in_needed"
    headers: Mapping[str, str] | None = {"WWW-Authenticate": 'Bearer realm="identity-matcher"'}


class Forbidden(ServiceError):
    """Signed in, without the right that it takes."""

    status, code = 403, "forbidden"


class NoSuchAddress(ServiceError):
    """There is nothing there."""

    status, code = 404, "not_found"

    def __init__(self) -> None:
        super().__init__(_HTTP[404][1])


class NoSuchMethod(ServiceError):
    """The address takes other methods."""

    status, code = 405, "method_not_allowed"

    def __init__(self, methods: tuple[str, ...]) -> None:
        super().__init__(_HTTP[405][1])
        self.headers = {"Allow": ", ".join(methods)}


class BadUpload(ServiceError):
    """The body is not what its content type says."""

    status, code = 400, "bad_upload"


class WrongContentType(ServiceError):
    """A body of a kind that this address does not take."""

    status, code = 415, "wrong_content_type"


class TooLarge(ServiceError):
    """The body, or one of its parts, is larger than the limit."""

    status, code = 413, "too_large"


class TooSlow(ServiceError):
    """The body did not arrive in time."""

    status, code = 408, "too_slow"


class Busy(ServiceError):
    """More uploads at once than the memory set aside for them."""

    status, code = 503, "busy"


class NotReady(ServiceError):
    """The records or the engine can't be opened."""

    status, code = 503, "not_ready"


class PhotosRefusedOut(ErrorOut):
    """None of the photos can serve as a reference; nothing was written."""

    refused: tuple[RefusedPhotoOut, ...]


class PhotosRefused(ServiceError):
    """None of the photos can serve as a reference."""

    status, code = 422, "photos_refused"

    def __init__(self, refused: tuple[RefusedPhotoOut, ...]) -> None:
        super().__init__("none of the photos can serve as a reference; nothing was written", field="photo")
        self.refused = refused

    def body(self) -> PhotosRefusedOut:
        return PhotosRefusedOut(code=self.code, message=str(self), field=self.field, refused=self.refused)


class ErrorBody(Wire):
    """The body of every answer that is an error."""

    error: ErrorOut


class PhotosRefusedBody(Wire):
    """The same where none of the photos could serve."""

    error: PhotosRefusedOut | ErrorOut


def error_response(status: int, body: ErrorOut, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The one JSON shape; a field that there is not is left out."""
    given = {} if headers is None else dict(headers)
    if status == 503:
        given.setdefault("Retry-After", "2")
    return JSONResponse({"error": body.model_dump(exclude_defaults=True)}, status, given)


def answer_error(error: ServiceError) -> JSONResponse:
    """The answer that an error of the service's own is."""
    return error_response(error.status, error.body(), error.headers)


def status_and_code(error: Exception) -> tuple[int, str]:
    """The HTTP status and the stable code of one of the lower floors' errors; 500 for any other."""
    if isinstance(error, PhotoUnreadable):
        return 422, error.code
    return next(((status, code) for kind, status, code in _MATCHER if isinstance(error, kind)), (500, INTERNAL.code))


async def on_service_error(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, ServiceError):
        raise error
    return answer_error(error)


async def on_matcher_error(request: Request, error: Exception) -> JSONResponse:
    """Errors of the lower floors; their messages are made for people, less the place of the data folder."""
    status, code = status_and_code(error)
    if status == 500:
        # The guard logs it and answers.
        raise error
    home = f"{request.app.state.desk.settings.home}/"
    message = str(error).replace(home, "") or "the memory is exhausted; lower the load or send a smaller photo"
    if status == 503:
        _log.warning("%s: %s", code, message)
    return error_response(status, ErrorOut(code=code, message=message, field=getattr(error, "field", "")))


async def on_http_error(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    code, message = _HTTP.get(error.status_code, ("http_error", str(error.detail)))
    return error_response(error.status_code, ErrorOut(code=code, message=message, field=""), error.headers)


async def on_invalid_request(_request: Request, error: Exception) -> JSONResponse:
    """A parameter of the path or the query that is not valid; what was sent is not repeated."""
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    field = str(first["loc"][-1])
    return error_response(422, ErrorOut(code="invalid_field", message=f"{field}: {first['msg']}", field=field))


HANDLERS: dict[int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]] = {
    ServiceError: on_service_error,
    MatcherError: on_matcher_error,
    IndexFault: on_matcher_error,
    MemoryError: on_matcher_error,
    HTTPException: on_http_error,
    RequestValidationError: on_invalid_request,
}
