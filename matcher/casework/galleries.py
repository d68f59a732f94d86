"""What galleries are and on what basis they may be used, as administrators state it; held ones released by two."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import Connection, insert, update

from matcher.accounts.roles import Right
from matcher.audit.chain import append
from matcher.audit.entry import Action, Entry, digest_of, gallery_subject
from matcher.casework.case import checked_country, checked_text
from matcher.casework.faults import CaseError, NotAllowed, NotNow
from matcher.casework.files import Files
from matcher.casework.officer import Officer
from matcher.casework.watching import why_held
from matcher.person import checked_gallery
from matcher.records import gallery_terms
from matcher.records.case_tables import gallery_release
from matcher.records.gallery_terms import Makeup, Release, Terms
from matcher.records.reading import gallery_number
from matcher.seen import must_be_as_seen, seen_of


class GalleryKind(StrEnum):
    """What a gallery is."""

    UNSTATED = "unstated"
    """Nobody has said: cases can't be searched in it."""
    REGISTER = "register"
    """A population or civil register, with its numbers."""
    OWN_RECORDS = "own_records"
    """The operator's own, such as earlier removals."""
    WATCH_LIST = "watch_list"
    """Named wanted people: never used without two administrators and a written basis."""


@dataclass(frozen=True, slots=True)
class GalleryStanding:
    """A gallery's terms, what its records look like, and the request to release it, if there is one."""

    terms: Terms
    makeup: Makeup
    release: Release | None

    @property
    def seen(self) -> str:
        """What stands for what an administrator may change, in the form that changes it."""
        return seen_of(self.terms, self.release)


class Galleries:
    """What administrators do with galleries' terms."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def standing(self, gallery: str) -> GalleryStanding:
        """How a gallery stands; raises NotFound."""
        with self._files.database.reading() as connection:
            return _standing(connection, checked_gallery(gallery))

    def state(
        self,
        who: Officer,
        gallery: str,
        *,
        kind: GalleryKind,
        supplier: str,
        country: str,
        is_foreign: bool,
        legal_basis: str,
        seen: str = "",
    ) -> GalleryStanding:
        """State who supplied a gallery, of what kind it is, and the legal basis of its use; administrators only.

        A watch list, and what looks like one, is held from then on. What is held stays held.
        seen: `GalleryStanding.seen` as whoever asks has read it; raises ChangedMeanwhile. The same below.
        """
        supplier, basis = checked_text("supplier", supplier), checked_text("legal_basis", legal_basis)
        if kind is GalleryKind.UNSTATED:
            raise NotNow("unstated is what a gallery is before anything is stated; say which kind it is")
        code = checked_country(country)
        with self._changing(who, gallery, seen) as (connection, before):
            after = replace(
                before.terms, kind=kind.value, supplier=supplier, country=code, is_foreign=is_foreign,
                legal_basis=basis, stated_by=who.account, stated_at=self._files.now,
            )  # fmt: skip
            reason = why_held(after, before.makeup)
            if before.terms.state != "held":
                held = {"state": "held", "held_for": reason, "epoch": after.epoch + 1} if reason else {"state": "open"}
                after = replace(after, **held)
            gallery_terms.write(connection, after)
            details = {"what": "terms", "kind": kind.value, "country": code, "foreign": is_foreign,
                       "state": after.state, "basis": digest_of(basis)}  # fmt: skip
            append(connection, _entry(who, gallery, details), clock=self._files.clock)
        return self.standing(gallery)

    def ask_to_release(self, who: Officer, gallery: str, *, basis: str, seen: str = "") -> None:
        """Ask for a held gallery's release on a written basis; another administrator has to agree. Raises NotNow."""
        basis = checked_text("basis", basis)
        with self._changing(who, gallery, seen) as (connection, before):
            if before.terms.state != "held":
                raise NotNow(f"gallery {gallery} is not held; nothing is to be released")
            if before.release is not None:
                raise NotNow(f"it was asked for already by {before.release.asked_by}; another one has to agree")
            row = {"gallery_id": gallery_number(connection, gallery), "epoch": before.terms.epoch, "basis": basis,
                   "asked_by": who.account, "asked_at": self._files.now}  # fmt: skip
            connection.execute(insert(gallery_release), row)
            details = {"what": "release asked for", "basis": digest_of(basis)}
            append(connection, _entry(who, gallery, details), clock=self._files.clock)

    def agree_to_release(self, who: Officer, gallery: str, *, seen: str = "") -> None:
        """Release a gallery that another administrator asked to release. Raises NotNow or NotAllowed."""
        with self._changing(who, gallery, seen) as (connection, before):
            if before.terms.state != "held" or before.release is None:
                raise NotNow(f"nobody asked to release gallery {gallery}")
            if who.is_same(before.release.asked_by):
                raise NotAllowed("whoever asked for it can't agree to it; another administrator has to")
            table, number = gallery_release, gallery_number(connection, gallery)
            here = (table.c.gallery_id == number) & (table.c.epoch == before.terms.epoch)
            values = {"agreed_by": who.account, "agreed_at": self._files.now}
            connection.execute(update(table).where(here).values(values))
            gallery_terms.write(connection, replace(before.terms, state="released"))
            details = {"what": "released", "asked_by": before.release.asked_by}
            append(connection, _entry(who, gallery, details), clock=self._files.clock)

    @contextmanager
    def _changing(self, who: Officer, gallery: str, seen: str) -> Iterator[tuple[Connection, GalleryStanding]]:
        gallery = checked_gallery(gallery)
        try:
            who.must_decide(Right.MANAGE_GALLERIES)
            with self._files.database.writing() as connection:
                before = _standing(connection, gallery)
                must_be_as_seen(seen, before.seen, f"gallery {gallery}")
                yield connection, before
        except CaseError as refusal:
            self._files.refused(who, gallery_subject(gallery), refusal)
            raise


def _standing(connection: Connection, gallery: str) -> GalleryStanding:
    terms = gallery_terms.terms(connection, gallery)
    release = gallery_terms.release(connection, gallery, terms.epoch)
    return GalleryStanding(terms, gallery_terms.makeup(connection, gallery), release)


def _entry(who: Officer, gallery: str, details: Mapping[str, object]) -> Entry:
    return Entry(Action.GALLERY_CHANGED, [gallery_subject(gallery)], dict(details), actor=who.named)
