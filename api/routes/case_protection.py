"""A case's protection: raised by anybody who works on it, lifted by two people; consents with their documents."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import Base64Bytes, Field

from api.officers import TheCase, TheOffice, TheOfficer
from api.routes import described
from api.wire_cases import ProtectionOut, ReasonIn, VersionIn, protection_out
from api.wire_quality import Wire

router = APIRouter(prefix="/v1/cases/{case}", tags=["confidentiality"])
# Base64 of the largest document.
_MOST = 23 * 2**20
ConsentId = Annotated[str, Path(max_length=32, description="the consent's number", examples=["N-7K3M9-Q2XWD"])]


class ConsentIn(Wire):
    """A written consent."""

    given_on: str = Field(max_length=10, examples=["2026-02-20"])
    scope: str = Field(min_length=1, max_length=2000, description="what the person agreed to")
    media_type: str = Field(description="of the document: application/pdf, image/jpeg, image/png or image/tiff")
    document: Base64Bytes = Field(max_length=_MOST, description="the signed document, in base64")


class LiftIn(ReasonIn):
    """A request to lift a case's protection."""

    consent: str = Field("", max_length=32, description="the consent that it rests on; needed where it is protected")


class WithdrawalIn(Wire):
    """Why a consent is no longer in force."""

    reason: str = Field(min_length=1, max_length=2000)


@router.get("/protection", summary="How a case is protected", responses=described.errors(404, 422, 503))
def protection(who: TheOfficer, office: TheOffice, case: TheCase) -> ProtectionOut:
    """The protection, the consents, and the request to lift it that waits for another person."""
    return protection_out(office.confidentiality.state(who, case))


@router.post("/protection", summary="Protect a case", responses=described.errors(404, 409, 422, 503))
def protect(who: TheOfficer, office: TheOffice, case: TheCase, given: ReasonIn) -> ProtectionOut:
    """From now on nothing of the case goes to another country: no search, document, export or notice."""
    office.confidentiality.protect(who, case, reason=given.reason, version=given.version)
    return protection_out(office.confidentiality.state(who, case))


@router.post("/protection/lift", summary="Ask to lift the protection", responses=described.errors(404, 409, 422, 503))
def ask(who: TheOfficer, office: TheOffice, case: TheCase, given: LiftIn) -> ProtectionOut:
    """One person asks; another one has to agree. A protected case needs a written consent in force."""
    office.confidentiality.ask_to_lift(who, case, reason=given.reason, version=given.version, consent=given.consent)
    return protection_out(office.confidentiality.state(who, case))


@router.post(
    "/protection/lift/agreement", summary="Lift the protection", responses=described.errors(404, 409, 422, 503)
)
def agree(who: TheOfficer, office: TheOffice, case: TheCase, given: VersionIn) -> ProtectionOut:
    """Agree to what another person asked for; for supervisors. The case is not confidential from then on."""
    office.confidentiality.agree_to_lift(who, case, version=given.version)
    return protection_out(office.confidentiality.state(who, case))


@router.post(
    "/protection/lift/refusal", summary="Refuse to lift the protection", responses=described.errors(404, 409, 422, 503)
)
def refuse(who: TheOfficer, office: TheOffice, case: TheCase, given: ReasonIn) -> ProtectionOut:
    """End a request to lift; the case is protected from then on."""
    office.confidentiality.refuse_to_lift(who, case, reason=given.reason, version=given.version)
    return protection_out(office.confidentiality.state(who, case))


@router.post("/consents", summary="Record a consent", status_code=201, responses=described.errors(404, 409, 422, 503))
def consent(who: TheOfficer, office: TheOffice, case: TheCase, given: ConsentIn) -> ProtectionOut:
    """Keep a written consent with its signed document; by itself it lifts nothing."""
    office.confidentiality.record_consent(
        who, case, given_on=given.given_on, scope=given.scope, document=given.document, media_type=given.media_type
    )
    return protection_out(office.confidentiality.state(who, case))


@router.get(
    "/consents/{consent}",
    summary="A consent's document",
    response_class=Response,
    responses={
        200: {"content": {"application/pdf": {}}, "description": "the document"},
        **described.errors(404, 422, 503),
    },
)
def document(who: TheOfficer, office: TheOffice, case: TheCase, consent: ConsentId) -> Response:
    """The signed document; the look at it is recorded."""
    content, media_type = office.confidentiality.document(who, case, consent)
    headers = {"Cache-Control": "private, no-store", "Content-Disposition": "attachment"}
    return Response(content, headers=headers, media_type=media_type)


@router.post(
    "/consents/{consent}/withdrawal", summary="Withdraw a consent", responses=described.errors(404, 409, 422, 503)
)
def withdraw(
    who: TheOfficer, office: TheOffice, case: TheCase, consent: ConsentId, given: WithdrawalIn
) -> ProtectionOut:
    """The person has taken the consent back: the case is protected at once."""
    office.confidentiality.withdraw_consent(who, case, consent, reason=given.reason)
    return protection_out(office.confidentiality.state(who, case))
