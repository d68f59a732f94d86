"""Searches outside any case, and the gate before them: what is confidential meets the operator's own galleries only.

Who may search galleries of other countries outside cases at all is a right (`search:foreign`) of those who see every
case. Nobody else's photo is looked at there, so that a refusal tells the same of every photo: nothing. For those who
have the right a photo of a case whose protection is not lifted is not searched with, by its digest; a copy that was
saved anew has another one, which is why the right is theirs alone.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from matcher.accounts.roles import Right
from matcher.among import Among
from matcher.audit.entry import Entry
from matcher.audit.searches import refusal_entry, search_entry
from matcher.casework.faults import Confidential, NotAllowed
from matcher.identification import Identification
from matcher.preparing import PhotoState, PreparedPhoto
from matcher.records import confining

IN_A_CASE = "only_in_a_case"
"""The code of a photo that is not searched with outside its case."""
_REASON = (
    "this photo is not searched with outside a case in galleries that another country supplied or may have supplied; "
    "search in the case, or in a gallery that is stated to be your own"
)


def must_be_own(connection: Connection, rights: frozenset[Right], gallery: str | None) -> None:
    """Raises NotAllowed where this search outside a case takes a right that is not among these. gallery: None for all.

    It is asked before any photo is looked at.
    """
    if Right.SEARCH_FOREIGN not in rights and confining.is_foreign(connection, gallery):
        raise NotAllowed(
            "outside a case you may search only galleries that are stated to be your own: name one of them, search in "
            "the case, or let an administrator state whose the gallery is (matcher galleries state)"
        )


def held_back(connection: Connection, probes: Sequence[PreparedPhoto], among: Among) -> list[PreparedPhoto]:
    """These photos for a search outside any case; in place of those that must not be searched with, why not."""
    ready = [probe.sha256 for probe in probes if probe.template is not None]
    if not ready or not confining.is_foreign(connection, among.gallery):
        return list(probes)
    kept = confining.confined(connection, ready)
    return [
        PreparedPhoto(PhotoState.UNUSABLE, probe.sha256, code=IN_A_CASE, reason=_REASON)
        if probe.sha256 in kept and probe.template is not None
        else probe
        for probe in probes
    ]


def entry_of(answer: Identification, among: Among, *, top: int, fpir: float | None, anyway: bool) -> Entry:
    """The audit's entry of one photo's search, or of its refusal by the gate."""
    if answer.code == IN_A_CASE:
        return refusal_entry(Confidential(_REASON), among, top=top, fpir=fpir, photos=(answer.photo_sha256,))
    return search_entry(answer, among, top=top, fpir=fpir, anyway=anyway)
