"""Galleries' terms and releases, and how long people are kept, as pages for administrators."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.deps import TheDesk, TheGallery
from api.officers import TheOffice, TheOfficer
from api.web.administering import ROOT, administration
from api.web.form import TheForm
from api.web.gallery_words import KINDS, STATES
from api.web.pages import Page, ThePage
from api.web.words import who
from matcher import keeping
from matcher.casework.galleries import GalleryKind
from matcher.casework.office import Office
from matcher.casework.officer import Officer
from matcher.errors import BadField, RecordsError
from matcher.person import checked_gallery, checked_person_id
from matcher.records.values import PersonKey
from matcher.retention_rules import RetentionRules, check_days

router = APIRouter(include_in_schema=False)
GALLERIES, RETENTION = f"{ROOT}/galleries", f"{ROOT}/retention"
Name = Annotated[str, Path(max_length=64)]


@router.get("/administration/galleries")
def galleries(page: ThePage, office: TheOffice, gallery: TheGallery) -> Response:
    """Every gallery with its terms, and whether searches may use it."""
    sizes = gallery.state().galleries
    found = [office.galleries.standing(name) for name in sizes]
    return administration(page, "galleries", at=GALLERIES, found=found, sizes=sizes, kinds=KINDS, states=STATES)


@router.get("/administration/galleries/{name}")
def gallery(page: ThePage, office: TheOffice, officer: TheOfficer, name: Name) -> Response:
    """One gallery's terms, to be stated; a held one to be released."""
    return _gallery(page, office, officer, name)


@router.post("/administration/galleries/{name}")
def state(page: ThePage, office: TheOffice, officer: TheOfficer, name: Name, fields: TheForm) -> Response:
    """State a gallery's terms."""
    try:
        found = office.galleries.state(
            officer, name, kind=_kind(fields.get("kind", "")), supplier=fields.get("supplier", ""),
            country=fields.get("country", ""), is_foreign=fields.get("foreign") == "yes",
            legal_basis=fields.get("legal_basis", ""), seen=fields.get("seen", ""),
        )  # fmt: skip
    except BadField as fault:
        return _gallery(page, office, officer, name, faults={fault.field: str(fault)}, given=fields)
    said = page.gettext("The terms of %(name)s are stated.", name=name)
    if found.terms.state == "held":
        said = page.gettext("The terms are stated. %(name)s is held: two administrators have to release it.", name=name)
    return page.go(f"{GALLERIES}/{name}", said=said)


@router.post("/administration/galleries/{name}/release")
def ask(page: ThePage, office: TheOffice, officer: TheOfficer, name: Name, fields: TheForm) -> Response:
    """Ask to release a held gallery on a written basis."""
    try:
        office.galleries.ask_to_release(officer, name, basis=fields.get("basis", ""), seen=fields.get("seen", ""))
    except BadField as fault:
        return _gallery(page, office, officer, name, faults={fault.field: str(fault)})
    return page.go(f"{GALLERIES}/{name}", said=page.gettext("Asked; another administrator has to agree."))


@router.post("/administration/galleries/{name}/release/agreement")
def agree(page: ThePage, office: TheOffice, officer: TheOfficer, name: Name, fields: TheForm) -> Response:
    """Release a gallery that another administrator asked to release."""
    office.galleries.agree_to_release(officer, name, seen=fields.get("seen", ""))
    return page.go(f"{GALLERIES}/{name}", said=page.gettext("%(name)s is released; searches may use it.", name=name))


@router.get("/administration/retention")
def retention(page: ThePage, desk: TheDesk) -> Response:
    """Rules, holds, and how many people a purge would remove now."""
    return _retention(page, RetentionRules(desk.database))


@router.get("/administration/retention/{name}")
def preview(
    page: ThePage, desk: TheDesk, name: Name, days: Annotated[str, Query(max_length=8)] = "",
    seen: Annotated[str, Query(max_length=32)] = "",
) -> Response:  # fmt: skip
    """What another rule would do, before it is set."""
    rules = RetentionRules(desk.database)
    try:
        found = rules.preview(name, _days(days))
    except BadField as fault:
        return _retention(page, rules, faults={name: str(fault)})
    return administration(page, "preview", at=RETENTION, found=found, seen=seen)


@router.post("/administration/retention/{name}")
def set_rule(page: ThePage, desk: TheDesk, name: Name, fields: TheForm) -> Response:
    """Set a gallery's rule; nobody is removed by it."""
    days = _days(fields.get("days", ""))
    check_days(days)
    keeping.set_rule(desk.database, checked_gallery(name), days, seen=fields.get("seen", ""))
    said = page.gettext("People of %(name)s are kept for ever.", name=name)
    if days is not None:
        said = page.ngettext(
            "People of %(name)s are due %(num)s day after their last change.",
            "People of %(name)s are due %(num)s days after their last change.",
            days,
            name=name,
        )
    return page.go(RETENTION, said=said)


@router.post("/administration/holds")
def hold(page: ThePage, desk: TheDesk, fields: TheForm) -> Response:
    """Keep a person, whatever the rules say."""
    person = fields.get("person_id", "")
    try:
        keeping.hold(desk.database, _key(fields), fields.get("reason", ""))
    except (BadField, RecordsError) as fault:
        return _retention(
            page, RetentionRules(desk.database), faults={getattr(fault, "field", "person_id"): str(fault)}, given=fields
        )
    return page.go(RETENTION, said=page.gettext("%(person)s can't be removed until the hold ends.", person=person))


@router.post("/administration/holds/release")
def release(page: ThePage, desk: TheDesk, fields: TheForm) -> Response:
    """End a hold."""
    person = fields.get("person_id", "")
    keeping.release(desk.database, _key(fields))
    return page.go(RETENTION, said=page.gettext("%(person)s is no longer held.", person=person))


def _gallery(
    page: Page, office: Office, officer: Officer, name: str, *, faults: Mapping[str, str] | None = None,
    given: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    found = office.galleries.standing(name)
    terms = found.terms
    fields = given or {"kind": terms.kind, "supplier": terms.supplier, "country": terms.country,
                       "foreign": "yes" if terms.is_foreign else "no", "legal_basis": terms.legal_basis}  # fmt: skip
    release = found.release if found.release is not None and not found.release.agreed_by else None
    return administration(
        page, "gallery", at=GALLERIES, found=found, fields=fields, kinds=KINDS, states=STATES, who=who, release=release,
        is_mine=release is not None and officer.is_same(release.asked_by), faults=faults or {},
        status=422 if faults else 200,
    )  # fmt: skip


def _retention(
    page: Page, rules: RetentionRules, *, faults: Mapping[str, str] | None = None,
    given: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    return administration(
        page, "retention", at=RETENTION, rules=rules.rules(), holds=rules.holds(), faults=faults or {},
        given=given or {}, status=422 if faults else 200,
    )  # fmt: skip


def _kind(text: str) -> GalleryKind:
    try:
        return GalleryKind(text)
    except ValueError as exc:
        raise BadField("kind", "choose what the gallery is") from exc


def _key(fields: Mapping[str, str]) -> PersonKey:
    return checked_gallery(fields.get("gallery", "")), checked_person_id(fields.get("person_id", ""))


def _days(text: str) -> int | None:
    if not text.strip():
        return None
    if not (text.strip().isascii() and text.strip().isdigit()):
        raise BadField("days", f"days {text[:20]!r} is no whole number; leave it empty to keep people for ever")
    return int(text)
