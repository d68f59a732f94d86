"""What every route needs; what is not in this table can't be reached, and a test compares it with the application."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from starlette.routing import compile_path

from matcher.accounts.roles import Right


class Open(StrEnum):
    """What needs no right."""

    EVERYBODY = "everybody"
    SIGNED_IN = "whoever is signed in"


@dataclass(frozen=True, slots=True)
class Needs:
    """need: a right, or who else may. creates: repeating the call would make a second one, so that it takes an
    Idempotency-Key; tells_once: its answer holds a secret, and is kept nowhere."""

    need: Right | Open
    creates: bool = False
    tells_once: bool = False


PERMISSIONS: Mapping[tuple[str, str], Needs] = {
    ("GET", "/healthz"): Needs(Open.EVERYBODY),
    ("GET", "/readyz"): Needs(Right.READ_METRICS),
    ("GET", "/metrics"): Needs(Right.READ_METRICS),
    ("GET", "/openapi.json"): Needs(Open.SIGNED_IN),
    ("GET", "/"): Needs(Open.SIGNED_IN),
    ("GET", "/search"): Needs(Right.SEARCH),
    ("GET", "/worklist"): Needs(Right.WORK_CASES),
    ("GET", "/worklist/find"): Needs(Right.WORK_CASES),
    ("GET", "/worklist/live"): Needs(Right.WORK_CASES),
    ("GET", "/cases/{case}/live"): Needs(Right.WORK_CASES),
    ("GET", "/cases/new"): Needs(Right.WORK_CASES),
    ("POST", "/cases/new"): Needs(Right.WORK_CASES),
    ("GET", "/cases/{case}"): Needs(Right.WORK_CASES),
    ("POST", "/searches/{search}/review"): Needs(Right.WORK_CASES),
    ("GET", "/searches/{search}/reviews"): Needs(Right.SUPERVISE_CASES),
    ("GET", "/reviews/{review}"): Needs(Right.WORK_CASES),
    ("GET", "/reviews/{review}/probe"): Needs(Right.WORK_CASES),
    ("GET", "/reviews/{review}/candidates/{candidate}/picture"): Needs(Right.WORK_CASES),
    ("POST", "/photos/check"): Needs(Right.WORK_CASES),
    ("GET", "/cases/{case}/photos/new"): Needs(Right.WORK_CASES),
    ("POST", "/cases/{case}/steps/{step}"): Needs(Right.WORK_CASES),
    ("GET", "/training"): Needs(Right.WORK_CASES),
    ("POST", "/training"): Needs(Right.WORK_CASES),
    ("GET", "/training/officers"): Needs(Right.SUPERVISE_CASES),
    ("GET", "/training/{exercise}"): Needs(Right.WORK_CASES),
    ("POST", "/training/{exercise}/protection"): Needs(Right.WORK_CASES),
    ("POST", "/training/{exercise}/photo"): Needs(Right.WORK_CASES),
    ("GET", "/training/{exercise}/photos/{which}"): Needs(Right.WORK_CASES),
    ("GET", "/training/{exercise}/records/{place}"): Needs(Right.WORK_CASES),
    ("GET", "/training/{exercise}/probe"): Needs(Right.WORK_CASES),
    ("GET", "/training/{exercise}/candidates/{place}/picture"): Needs(Right.WORK_CASES),
    ("POST", "/training/{exercise}/verdicts"): Needs(Right.WORK_CASES),
    ("POST", "/training/{exercise}/reveal"): Needs(Right.WORK_CASES),
    ("POST", "/training/{exercise}/close"): Needs(Right.WORK_CASES),
    ("POST", "/training/{exercise}/second"): Needs(Right.WORK_CASES),
    ("POST", "/training/{exercise}/document"): Needs(Right.WORK_CASES),
    ("POST", "/training/{exercise}/answer"): Needs(Right.WORK_CASES),
    ("POST", "/training/{exercise}/leave"): Needs(Right.WORK_CASES),
    ("GET", "/statistics"): Needs(Right.OWN_ACCOUNT),
    ("GET", "/statistics/results"): Needs(Right.READ_STATISTICS),
    ("GET", "/statistics/alarms"): Needs(Right.READ_STATISTICS),
    ("GET", "/statistics/officers"): Needs(Right.SUPERVISE_CASES),
    ("GET", "/supervision"): Needs(Right.SUPERVISE_CASES),
    ("POST", "/supervision/lifts/{case}"): Needs(Right.SUPERVISE_CASES),
    ("POST", "/supervision/answers/{case}/{answer}"): Needs(Right.SUPERVISE_CASES),
    ("POST", "/supervision/cases/{case}/assignee"): Needs(Right.SUPERVISE_CASES),
    ("POST", "/supervision/controls"): Needs(Right.SUPERVISE_CASES),
    ("GET", "/audit"): Needs(Right.READ_AUDIT),
    ("GET", "/audit/case"): Needs(Right.READ_AUDIT),
    ("GET", "/audit/cases/{case}"): Needs(Right.READ_AUDIT),
    ("GET", "/audit/entries/{sequence}"): Needs(Right.READ_AUDIT),
    ("POST", "/audit/entries/{sequence}/replay"): Needs(Right.READ_AUDIT),
    ("GET", "/audit/verification"): Needs(Right.READ_AUDIT),
    ("POST", "/audit/verification"): Needs(Right.READ_AUDIT),
    ("POST", "/audit/checkpoints"): Needs(Right.READ_AUDIT),
    ("GET", "/administration"): Needs(Right.MANAGE_ACCOUNTS),
    ("POST", "/administration/accounts"): Needs(Right.MANAGE_ACCOUNTS),
    ("GET", "/administration/accounts/{name}"): Needs(Right.MANAGE_ACCOUNTS),
    ("POST", "/administration/accounts/{name}/roles"): Needs(Right.MANAGE_ACCOUNTS),
    ("POST", "/administration/accounts/{name}/full-name"): Needs(Right.MANAGE_ACCOUNTS),
    ("POST", "/administration/accounts/{name}/state"): Needs(Right.MANAGE_ACCOUNTS),
    ("POST", "/administration/accounts/{name}/password"): Needs(Right.MANAGE_ACCOUNTS),
    ("POST", "/administration/accounts/{name}/tokens"): Needs(Right.MANAGE_ACCOUNTS),
    ("POST", "/administration/accounts/{name}/tokens/{prefix}/revocation"): Needs(Right.MANAGE_ACCOUNTS),
    ("GET", "/administration/galleries"): Needs(Right.MANAGE_GALLERIES),
    ("GET", "/administration/galleries/{name}"): Needs(Right.MANAGE_GALLERIES),
    ("POST", "/administration/galleries/{name}"): Needs(Right.MANAGE_GALLERIES),
    ("POST", "/administration/galleries/{name}/release"): Needs(Right.MANAGE_GALLERIES),
    ("POST", "/administration/galleries/{name}/release/agreement"): Needs(Right.MANAGE_GALLERIES),
    ("GET", "/administration/retention"): Needs(Right.MANAGE_GALLERIES),
    ("GET", "/administration/retention/{name}"): Needs(Right.MANAGE_GALLERIES),
    ("POST", "/administration/retention/{name}"): Needs(Right.MANAGE_GALLERIES),
    ("POST", "/administration/holds"): Needs(Right.MANAGE_GALLERIES),
    ("POST", "/administration/holds/release"): Needs(Right.MANAGE_GALLERIES),
    ("GET", "/administration/engines"): Needs(Right.MANAGE_GALLERIES),
    ("GET", "/administration/settings"): Needs(Right.MANAGE_GALLERIES),
    ("GET", "/administration/health"): Needs(Right.MANAGE_GALLERIES),
    ("POST", "/administration/health"): Needs(Right.MANAGE_GALLERIES),
    ("GET", "/static/{name}"): Needs(Open.EVERYBODY),
    ("GET", "/preferences"): Needs(Open.EVERYBODY),
    ("GET", "/signin"): Needs(Open.EVERYBODY),
    ("POST", "/signin"): Needs(Open.EVERYBODY),
    ("GET", "/signin/openid"): Needs(Open.EVERYBODY),
    ("GET", "/signin/openid/callback"): Needs(Open.EVERYBODY),
    ("POST", "/signout"): Needs(Right.OWN_ACCOUNT),
    ("GET", "/account"): Needs(Right.OWN_ACCOUNT),
    ("POST", "/account/password"): Needs(Right.OWN_ACCOUNT),
    ("GET", "/v1/me"): Needs(Open.SIGNED_IN),
    ("GET", "/v1/accounts"): Needs(Right.MANAGE_ACCOUNTS),
    ("POST", "/v1/accounts"): Needs(Right.MANAGE_ACCOUNTS, creates=True, tells_once=True),
    ("GET", "/v1/accounts/{name}"): Needs(Right.MANAGE_ACCOUNTS),
    ("PATCH", "/v1/accounts/{name}"): Needs(Right.MANAGE_ACCOUNTS),
    ("POST", "/v1/accounts/{name}/password"): Needs(Right.MANAGE_ACCOUNTS),
    ("GET", "/v1/accounts/{name}/tokens"): Needs(Right.MANAGE_ACCOUNTS),
    ("POST", "/v1/accounts/{name}/tokens"): Needs(Right.MANAGE_ACCOUNTS, creates=True, tells_once=True),
    ("DELETE", "/v1/accounts/{name}/tokens/{prefix}"): Needs(Right.MANAGE_ACCOUNTS),
    ("GET", "/v1/tokens"): Needs(Right.MANAGE_ACCOUNTS),
    ("POST", "/v1/identify"): Needs(Right.SEARCH),
    ("POST", "/v1/preview"): Needs(Right.SEARCH),
    ("GET", "/backlogs"): Needs(Right.SEARCH),
    ("GET", "/backlogs/{job}"): Needs(Right.SEARCH),
    ("GET", "/v1/jobs"): Needs(Right.SEARCH),
    ("POST", "/v1/jobs"): Needs(Right.SEARCH, creates=True),
    ("GET", "/v1/jobs/{job}"): Needs(Right.SEARCH),
    ("DELETE", "/v1/jobs/{job}"): Needs(Right.SEARCH),
    ("PUT", "/v1/jobs/{job}/photos"): Needs(Right.SEARCH),
    ("POST", "/v1/jobs/{job}/cancel"): Needs(Right.SEARCH),
    ("POST", "/v1/jobs/{job}/resume"): Needs(Right.SEARCH),
    ("POST", "/v1/jobs/{job}/again"): Needs(Right.SEARCH),
    ("POST", "/v1/jobs/{job}/priority"): Needs(Right.SEARCH),
    ("GET", "/v1/jobs/{job}/photos"): Needs(Right.SEARCH),
    ("GET", "/v1/jobs/{job}/results"): Needs(Right.SEARCH),
    ("GET", "/v1/galleries"): Needs(Right.READ_GALLERIES),
    ("GET", "/v1/persons"): Needs(Right.READ_PEOPLE),
    ("POST", "/v1/persons"): Needs(Right.WRITE_PEOPLE, creates=True),
    ("GET", "/v1/persons/{person_id}"): Needs(Right.READ_PEOPLE),
    ("DELETE", "/v1/persons/{person_id}"): Needs(Right.WRITE_PEOPLE),
    ("GET", "/v1/persons/{person_id}/photos/{sha256}"): Needs(Right.READ_PEOPLE),
    ("DELETE", "/v1/persons/{person_id}/photos/{sha256}"): Needs(Right.WRITE_PEOPLE),
    ("GET", "/v1/persons/{person_id}/export"): Needs(Right.MANAGE_GALLERIES),
    ("PUT", "/v1/persons/{person_id}/hold"): Needs(Right.MANAGE_GALLERIES),
    ("DELETE", "/v1/persons/{person_id}/hold"): Needs(Right.MANAGE_GALLERIES),
    ("GET", "/v1/retention"): Needs(Right.MANAGE_GALLERIES),
    ("GET", "/v1/retention/holds"): Needs(Right.MANAGE_GALLERIES),
    ("GET", "/v1/retention/cases"): Needs(Right.MANAGE_GALLERIES),
    ("PUT", "/v1/retention/cases/{status}"): Needs(Right.MANAGE_GALLERIES),
    ("GET", "/v1/retention/cases/due"): Needs(Right.SUPERVISE_CASES),
    ("POST", "/v1/retention/cases/purge"): Needs(Right.SUPERVISE_CASES, creates=True),
    ("POST", "/v1/retention/purge"): Needs(Right.MANAGE_GALLERIES, creates=True),
    ("POST", "/v1/cases/{case}/hold"): Needs(Right.SUPERVISE_CASES),
    ("POST", "/v1/cases/{case}/release"): Needs(Right.SUPERVISE_CASES),
    ("GET", "/v1/cases/{case}/export"): Needs(Right.SUPERVISE_CASES),
    ("GET", "/v1/retention/due"): Needs(Right.MANAGE_GALLERIES),
    ("PUT", "/v1/galleries/{name}/retention"): Needs(Right.MANAGE_GALLERIES),
    ("POST", "/v1/galleries/{name}/lookalikes"): Needs(Right.MANAGE_GALLERIES),
    ("POST", "/v1/lookalikes"): Needs(Right.MANAGE_GALLERIES),
    ("POST", "/v1/galleries/{name}/embeddings"): Needs(Right.WRITE_PEOPLE),
    ("GET", "/v1/galleries/{name}/embeddings"): Needs(Right.MANAGE_GALLERIES),
    ("POST", "/v1/compare"): Needs(Right.SEARCH),
    ("GET", "/v1/settings"): Needs(Right.MANAGE_ACCOUNTS),
    ("GET", "/v1/cases"): Needs(Right.WORK_CASES),
    ("POST", "/v1/cases"): Needs(Right.WORK_CASES, creates=True),
    ("GET", "/v1/cases/{case}"): Needs(Right.WORK_CASES),
    ("PATCH", "/v1/cases/{case}"): Needs(Right.WORK_CASES),
    ("POST", "/v1/cases/{case}/status"): Needs(Right.WORK_CASES),
    ("POST", "/v1/cases/{case}/assignee"): Needs(Right.WORK_CASES),
    ("POST", "/v1/cases/{case}/access"): Needs(Right.WORK_CASES, creates=True),
    ("POST", "/v1/cases/{case}/photos"): Needs(Right.WORK_CASES, creates=True),
    ("GET", "/v1/cases/{case}/photos/{sha256}"): Needs(Right.WORK_CASES),
    ("POST", "/v1/cases/{case}/galleries"): Needs(Right.WORK_CASES, creates=True),
    ("POST", "/v1/cases/{case}/notices"): Needs(Right.WORK_CASES, creates=True),
    ("GET", "/v1/cases/{case}/protection"): Needs(Right.WORK_CASES),
    ("POST", "/v1/cases/{case}/protection"): Needs(Right.WORK_CASES),
    ("POST", "/v1/cases/{case}/protection/lift"): Needs(Right.WORK_CASES, creates=True),
    ("POST", "/v1/cases/{case}/protection/lift/agreement"): Needs(Right.SUPERVISE_CASES),
    ("POST", "/v1/cases/{case}/protection/lift/refusal"): Needs(Right.WORK_CASES),
    ("POST", "/v1/cases/{case}/consents"): Needs(Right.WORK_CASES, creates=True),
    ("GET", "/v1/cases/{case}/consents/{consent}"): Needs(Right.WORK_CASES),
    ("POST", "/v1/cases/{case}/consents/{consent}/withdrawal"): Needs(Right.WORK_CASES),
    ("POST", "/v1/cases/{case}/searches"): Needs(Right.WORK_CASES, creates=True),
    ("GET", "/v1/cases/{case}/searches"): Needs(Right.WORK_CASES),
    ("POST", "/v1/cases/{case}/duplicates"): Needs(Right.WORK_CASES),
    ("GET", "/v1/cases/{case}/duplicates"): Needs(Right.WORK_CASES),
    ("POST", "/v1/cases/{case}/duplicates/{other}"): Needs(Right.WORK_CASES),
    ("GET", "/v1/cases/{case}/identifications"): Needs(Right.WORK_CASES),
    ("POST", "/v1/cases/{case}/answers"): Needs(Right.WORK_CASES, creates=True),
    ("GET", "/v1/cases/{case}/answers"): Needs(Right.WORK_CASES),
    ("POST", "/v1/cases/{case}/answers/{answer}/check"): Needs(Right.WORK_CASES),
    ("GET", "/cases/{case}/documents"): Needs(Right.WORK_CASES),
    ("POST", "/cases/{case}/documents"): Needs(Right.WORK_CASES),
    ("POST", "/cases/{case}/documents/preview"): Needs(Right.WORK_CASES),
    ("POST", "/cases/{case}/documents/{document}/{step}"): Needs(Right.WORK_CASES),
    ("GET", "/v1/cases/{case}/documents"): Needs(Right.WORK_CASES),
    ("POST", "/v1/cases/{case}/documents"): Needs(Right.WORK_CASES, creates=True),
    ("POST", "/v1/cases/{case}/documents/preview"): Needs(Right.WORK_CASES),
    ("GET", "/v1/cases/{case}/documents/{document}/pdf"): Needs(Right.WORK_CASES),
    ("GET", "/v1/cases/{case}/documents/{document}/json"): Needs(Right.WORK_CASES),
    ("POST", "/v1/cases/{case}/documents/{document}/sent"): Needs(Right.WORK_CASES),
    ("POST", "/v1/cases/{case}/documents/{document}/response"): Needs(Right.WORK_CASES, creates=True),
    ("POST", "/v1/cases/{case}/documents/{document}/response/typed"): Needs(Right.WORK_CASES, creates=True),
    ("POST", "/v1/documents/verify"): Needs(Right.WORK_CASES),
    ("GET", "/v1/documents/keys"): Needs(Open.EVERYBODY),
    ("GET", "/v1/documents/schemas/{name}"): Needs(Open.EVERYBODY),
    ("GET", "/v1/reviews/waiting"): Needs(Right.WORK_CASES),
    ("POST", "/v1/searches/{search}/reviews"): Needs(Right.WORK_CASES, creates=True),
    ("GET", "/v1/searches/{search}/reviews"): Needs(Right.SUPERVISE_CASES),
    ("GET", "/v1/reviews/{review}"): Needs(Right.WORK_CASES),
    ("GET", "/v1/reviews/{review}/candidates/{candidate}/photo"): Needs(Right.WORK_CASES),
    ("POST", "/v1/reviews/{review}/verdicts"): Needs(Right.WORK_CASES, creates=True),
    ("POST", "/v1/reviews/{review}/reveal"): Needs(Right.WORK_CASES),
    ("POST", "/v1/reviews/{review}/close"): Needs(Right.WORK_CASES),
    ("GET", "/v1/statistics"): Needs(Right.READ_STATISTICS),
    ("GET", "/v1/statistics/csv"): Needs(Right.READ_STATISTICS),
    ("GET", "/v1/statistics/officers"): Needs(Right.SUPERVISE_CASES),
    ("POST", "/v1/statistics/controls"): Needs(Right.SUPERVISE_CASES, creates=True),
    ("GET", "/v1/audit"): Needs(Right.READ_AUDIT),
    ("GET", "/v1/audit/cases/{case}"): Needs(Right.READ_AUDIT),
    ("POST", "/v1/audit/verification"): Needs(Right.READ_AUDIT),
    ("POST", "/v1/audit/checkpoints"): Needs(Right.READ_AUDIT, creates=True),
    ("POST", "/v1/audit/entries/{sequence}/replay"): Needs(Right.READ_AUDIT),
    ("GET", "/v1/audit/key"): Needs(Right.READ_AUDIT),
    ("GET", "/v1/audit/export"): Needs(Right.READ_AUDIT),
    ("GET", "/v1/galleries/{name}"): Needs(Right.READ_GALLERIES),
    ("PUT", "/v1/galleries/{name}"): Needs(Right.MANAGE_GALLERIES),
    ("POST", "/v1/galleries/{name}/release"): Needs(Right.MANAGE_GALLERIES, creates=True),
    ("POST", "/v1/galleries/{name}/release/agreement"): Needs(Right.MANAGE_GALLERIES),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request goes, as the table has it. methods: those that the address takes."""

    template: str
    needs: Needs | None
    methods: tuple[str, ...]


NOWHERE = Place("", None, ())


def place_of(method: str, path: str) -> Place:
    """The place of a request; NOWHERE for an address that is not in the table.

    Addresses without placeholders go first, as the application must have them too; it checks that both mean the same.
    """
    for pattern, template, methods in _patterns():
        if pattern.match(path):
            return Place(template, PERMISSIONS.get((method, template)), methods)
    return NOWHERE


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str, tuple[str, ...]], ...]:
    templates = sorted({template for _, template in PERMISSIONS}, key=lambda text: (text.count("{"), text))
    return tuple(
        (compile_path(template)[0], template, tuple(sorted(m for m, of in PERMISSIONS if of == template)))
        for template in templates
    )
