"""A service called from Python: what the wire models describe goes in and comes out, and refusals are one exception.

::

    ServiceRefused   the service said no: status, stable code, message, field, and when to come again
    httpx.TransportError   it was not reached; as httpx raises it
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from api.wire import ErrorOut, IdentificationOut, PersonOut, PersonRecordOut

if TYPE_CHECKING:
    from api.routes.persons import PersonEnrolledOut

_Model = TypeVar("_Model", bound=BaseModel)


# Not frozen: whoever lets it pass through a context manager has its traceback set.
@dataclass(slots=True, eq=False)
class ServiceRefused(Exception):
    """The service's own refusal. code: stable, for programs. field: what it is about, empty where nothing.

    retry_after: seconds after which it may be asked again; 0 where that would not help.
    """

    status: int
    code: str
    message: str
    field: str = ""
    retry_after: int = 0

    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.message}"


class Client:
    """A service at an address, asked as the account whose token this is; close it, or use it with `with`.

    One client may be shared by threads. seconds: how long one question may take.
    """

    def __init__(self, address: str, *, token: str = "", seconds: float = 60.0, verify: bool | str = True) -> None:
        """verify: whether the certificate must be valid, or the file of the authority that signed it."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(base_url=address, headers=headers, timeout=seconds, verify=verify)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def identify(self, photo: bytes, *, name: str = "", **fields: str | float | bool) -> IdentificationOut:
        """The candidates for a photo. name: of its file. fields: top, fpir, gallery, nationality, sex, anyway ..."""
        return self.ask("POST", "/v1/identify", IdentificationOut, photos=[(name, photo)], fields=fields)

    def enroll(
        self, person: PersonOut, photos: Sequence[bytes], *, key: str = "", taken_on: Sequence[str] = (), **fields: bool
    ) -> "PersonEnrolledOut":
        """Add a person with photos: what became of each, and how the person is recorded now. fields: update, anyway.

        taken_on: none, or for each photo its ISO date, empty where not known.
        key: an Idempotency-Key; asked again with it, nothing is made twice.
        """
        said = {name: value for name, value in person.model_dump().items() if value}
        files = [("", photo) for photo in photos]
        from api.routes.persons import PersonEnrolledOut

        return self.ask(
            "POST",
            "/v1/persons",
            PersonEnrolledOut,
            photos=files,
            fields={**said, "taken_on": taken_on, **fields},
            key=key,
        )

    def person(self, person_id: str, *, gallery: str = "main") -> PersonRecordOut:
        return self.ask("GET", f"/v1/persons/{quote(person_id, safe='')}", PersonRecordOut, query={"gallery": gallery})

    def remove(self, person_id: str, *, gallery: str = "main") -> None:
        """Remove a person with photos and templates."""
        self._sent("DELETE", f"/v1/persons/{quote(person_id, safe='')}", params={"gallery": gallery})

    def ask(
        self,
        method: str,
        path: str,
        answer: type[_Model],
        *,
        query: Mapping[str, str] | None = None,
        body: BaseModel | None = None,
        photos: Sequence[tuple[str, bytes]] = (),
        fields: Mapping[str, str | float | bool | Sequence[str]] | None = None,
        key: str = "",
    ) -> _Model:
        """Any route that answers in JSON, its answer as this model. photos: (file name, bytes).

        Raises ServiceRefused; httpx.TransportError where the service was not reached.
        """
        files = [("photo", (name or "photo", content, "application/octet-stream")) for name, content in photos]
        got = self._sent(
            method,
            path,
            params=query,
            json=None if body is None else body.model_dump(mode="json"),
            data=None if fields is None else {name: _text(value) for name, value in fields.items()},
            files=files or None,
            headers={"Idempotency-Key": key} if key else None,
        )
        return answer.model_validate_json(got.content)

    def _sent(self, method: str, path: str, **parts: Any) -> httpx.Response:
        got = self._http.request(method, path, **parts)
        if not got.is_success:
            raise _refusal(got)
        return got


def _text(value: str | float | bool | Sequence[str]) -> str | list[str]:
    if isinstance(value, list | tuple):
        return list(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _refusal(got: httpx.Response) -> ServiceRefused:
    after = got.headers.get("retry-after", "")
    wait = int(after) if after.isdecimal() else 0
    try:
        said = ErrorOut.model_validate({"field": "", **got.json()["error"]})
    except (ValueError, KeyError, TypeError, ValidationError):
        # A proxy before the service has its own pages.
        return ServiceRefused(got.status_code, "no_answer_of_the_service", got.reason_phrase, "", wait)
    return ServiceRefused(got.status_code, said.code, said.message, said.field, wait)
