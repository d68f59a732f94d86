"""The supervisor's desk: what waits for somebody who may settle it, and how work lies on officers."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.deps import TheDesk
from api.officers import TheCase, TheOffice, TheOfficer, TheSearchDesk
from api.web.form import TheForm
from api.web.pages import ThePage
from api.web.words import ANSWERS, PROTECTIONS, REJECTIONS, STATUS_MANNERS, STATUSES, who
from matcher.accounts.account import checked_name
from matcher.casework.answers import AnswerKind, Rejection, answer_id
from matcher.casework.case import case_id
from matcher.casework.supervising import duties
from matcher.errors import BadField

router = APIRouter(include_in_schema=False)
HERE = "/supervision"
MOST_CONTROLS = 10
_SEEDS = 2**53


@router.get("/supervision")
def waiting(page: ThePage, officer: TheOfficer, office: TheOffice) -> Response:
    """Everything that waits for a supervisor, of each kind the first."""
    found = duties(office.files, officer)
    return page.render(
        "supervision/desk.html",
        found=found, case_id=case_id, answer_id=answer_id, who=who, statuses=STATUSES, status_manners=STATUS_MANNERS,
        protections=PROTECTIONS, answers={kind.value: ANSWERS[kind] for kind in AnswerKind},
        rejections={reason.value: REJECTIONS[reason] for reason in Rejection}, today=office.files.today,
        most=max([1, *(load.cases for load in found.loads if load.account)]), is_me=officer.is_same,
        most_controls=MOST_CONTROLS,
    )  # fmt: skip


@router.post("/supervision/lifts/{case}")
def lift(page: ThePage, officer: TheOfficer, office: TheOffice, case: TheCase, fields: TheForm) -> Response:
    """Agree to a request to lift a case's protection, or refuse it."""
    version = _version(fields.get("version", ""))
    if fields.get("decision") == "agree":
        office.confidentiality.agree_to_lift(officer, case, version=version)
        return page.go(HERE, said=page.gettext("The protection of case %(case)s is lifted.", case=case_id(case)))
    reason = fields.get("reason", "")
    office.confidentiality.refuse_to_lift(officer, case, reason=reason, version=version)
    return page.go(HERE, said=page.gettext("Refused: case %(case)s is protected.", case=case_id(case)))


@router.post("/supervision/answers/{case}/{answer}")
def check(
    page: ThePage, officer: TheOfficer, office: TheOffice, case: TheCase, answer: Annotated[str, Path(max_length=64)]
) -> Response:
    """Confirm that a consulate said so."""
    office.answers.check(officer, case, answer)
    return page.go(HERE, said=page.gettext("The answer is checked; case %(case)s follows it.", case=case_id(case)))


@router.post("/supervision/cases/{case}/assignee")
def assign(page: ThePage, officer: TheOfficer, office: TheOffice, case: TheCase, fields: TheForm) -> Response:
    """Give a case to an officer."""
    name = checked_name(fields.get("officer", ""))
    office.cases.assign(officer, case, f"account:{name}", version=_version(fields.get("version", "")))
    return page.go(HERE, said=page.gettext("Case %(case)s is %(name)s's now.", case=case_id(case), name=name))


@router.post("/supervision/controls")
async def mix_in(
    page: ThePage, desk: TheDesk, officer: TheOfficer, searches: TheSearchDesk, fields: TheForm
) -> Response:
    """Mix control cases into officers' work."""
    officers = [f"account:{checked_name(name.removeprefix('officer-'))}" for name in fields if
                name.startswith("officer-")]  # fmt: skip
    count = _count(fields.get("count", ""))
    country, gallery = fields.get("country", "") or "CHN", fields.get("gallery", "") or "main"
    for _ in range(count):
        seed = secrets.randbelow(_SEEDS)
        await desk.work(
            lambda seed=seed: searches.controls.add(  # type: ignore[misc]
                officer, seed=seed, officers=officers, country=country, gallery=gallery
            )
        )
    said = page.ngettext("%(num)s control case was mixed in.", "%(num)s control cases were mixed in.", count)
    return page.go(f"{HERE}#controls", said=said)


def _version(text: str) -> int:
    try:
        return int(text)
    except ValueError as exc:
        raise BadField("version", "the form names no version of the case; load the page again") from exc


def _count(text: str) -> int:
    count = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
    if not 1 <= count <= MOST_CONTROLS:
        raise BadField("count", f"count must be a number from 1 to {MOST_CONTROLS}")
    return count
