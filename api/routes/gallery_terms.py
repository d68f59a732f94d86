"""What galleries are and on what basis they may be used; held ones released by two administrators."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from api.officers import TheOffice, TheOfficer
from api.routes import described
from api.wire_quality import Wire
from matcher.casework.galleries import GalleryKind, GalleryStanding

router = APIRouter(prefix="/v1/galleries", tags=["galleries"])
GalleryName = Annotated[str, Path(max_length=64, description="the gallery's name", examples=["main"])]


class TermsIn(Wire):
    """What is stated of a gallery."""

    kind: GalleryKind = Field(description="register, own_records or watch_list")
    supplier: str = Field(min_length=1, max_length=2000)
    country: str = Field(max_length=3, description="the supplier's")
    is_foreign: bool = Field(description="whether another country supplied it")
    legal_basis: str = Field(min_length=1, max_length=2000)


class ReleaseIn(Wire):
    """Why a held gallery may be used."""

    basis: str = Field(min_length=1, max_length=2000)


class ReleaseOut(Wire):
    """A request to release a gallery. agreed_by: empty while it waits for a second administrator."""

    basis: str
    asked_by: str
    asked_at: int
    agreed_by: str


class MakeupOut(Wire):
    """What a gallery's records look like, as far as it is short enough to be a list of named people."""

    people: int
    registered: float = Field(description="share with a register number or a household registration")
    press: float = Field(description="share whose source names press, social media or a list of wanted people")


class TermsOut(Wire):
    """How a gallery stands. state: open, held (no search uses it) or released (by two administrators)."""

    name: str
    kind: GalleryKind
    supplier: str
    country: str
    is_foreign: bool
    legal_basis: str
    state: str
    held_for: str
    stated_by: str
    stated_at: int
    makeup: MakeupOut
    release: ReleaseOut | None


@router.get("/{name}", summary="How a gallery stands", responses=described.errors(404, 422, 503))
def gallery(office: TheOffice, name: GalleryName) -> TermsOut:
    """Supplier, kind, legal basis, and whether searches may use it."""
    return _terms_out(office.galleries.standing(name))


@router.put("/{name}", summary="State a gallery's terms", responses=described.errors(404, 409, 422, 503))
def state(who: TheOfficer, office: TheOffice, name: GalleryName, given: TermsIn) -> TermsOut:
    """For administrators. A watch list, and what looks like one, is held from then on."""
    found = office.galleries.state(
        who, name, kind=given.kind, supplier=given.supplier, country=given.country, is_foreign=given.is_foreign,
        legal_basis=given.legal_basis,
    )  # fmt: skip
    return _terms_out(found)


@router.post("/{name}/release", summary="Ask to release a gallery", responses=described.errors(404, 409, 422, 503))
def ask(who: TheOfficer, office: TheOffice, name: GalleryName, given: ReleaseIn) -> TermsOut:
    """One administrator asks, with a written basis; another one has to agree."""
    office.galleries.ask_to_release(who, name, basis=given.basis)
    return _terms_out(office.galleries.standing(name))


@router.post("/{name}/release/agreement", summary="Release a gallery", responses=described.errors(404, 409, 422, 503))
def agree(who: TheOfficer, office: TheOffice, name: GalleryName) -> TermsOut:
    """Agree to what another administrator asked for; searches may use the gallery from then on."""
    office.galleries.agree_to_release(who, name)
    return _terms_out(office.galleries.standing(name))


def _terms_out(found: GalleryStanding) -> TermsOut:
    terms, makeup, release = found.terms, found.makeup, found.release
    return TermsOut(
        name=terms.gallery, kind=GalleryKind(terms.kind), supplier=terms.supplier, country=terms.country,
        is_foreign=terms.is_foreign, legal_basis=terms.legal_basis, state=terms.state, held_for=terms.held_for,
        stated_by=terms.stated_by, stated_at=terms.stated_at,
        makeup=MakeupOut(people=makeup.people, registered=makeup.registered, press=makeup.press),
        release=None
        if release is None
        else ReleaseOut(basis=release.basis, asked_by=release.asked_by, asked_at=release.asked_at,
                        agreed_by=release.agreed_by),
    )  # fmt: skip
