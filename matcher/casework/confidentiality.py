"""The gate before everything that could let the country of origin learn of a case: protection, consent, lifting by two.

A case's protection is unknown until somebody knows better, and unknown is treated as protected. One person may raise
it at any time; taking it away is asked for by one and agreed to by another, which the database itself makes necessary.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from matcher.accounts.roles import Right
from matcher.audit.entry import Action
from matcher.casework.case import CaseFile, Protection, checked_date, checked_text
from matcher.casework.faults import NotAllowed, NotNow
from matcher.casework.files import Change, Files
from matcher.casework.numbers import number_of, number_text
from matcher.casework.officer import Officer
from matcher.errors import BadField, NotFound
from matcher.records import case_tables as tables
from matcher.records.case_files import DOCUMENT
from matcher.records.vault import vault_of

MOST_DOCUMENT_BYTES = 16 * 2**20
_MEDIA_TYPES = ("application/pdf", "image/jpeg", "image/png", "image/tiff")


@dataclass(frozen=True, slots=True)
class Consent:
    """A written consent. given_on: ISO date. sha256: of its document. withdrawn: no longer in force."""

    number: int
    given_on: str
    scope: str
    sha256: str
    media_type: str
    recorded_by: str
    recorded_at: int
    withdrawn: bool

    @property
    def id(self) -> str:
        return number_text("N", self.number)


@dataclass(frozen=True, slots=True)
class Lift:
    """A request to take a case's protection away. agreed_by: empty while it waits for a second person."""

    before: str
    reason: str
    consent: str
    asked_by: str
    asked_at: int
    agreed_by: str


@dataclass(frozen=True, slots=True)
class ProtectionState:
    """How a case is protected, its consents, and the request to lift that waits for somebody else, if one does."""

    protection: Protection
    consents: tuple[Consent, ...]
    waiting: Lift | None


class Confidentiality:
    """What is done with a case's protection."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def state(self, who: Officer, number: int) -> ProtectionState:
        """How a case is protected."""
        with self._files.reading(who, number) as (connection, case):
            row = _lift(connection, case)
            waiting = None
            if row is not None and row.agreed_by is None:
                consent = number_text("N", row.consent_id) if row.consent_id else ""
                waiting = Lift(row.before, row.reason, consent, row.asked_by, row.asked_at, "")
            return ProtectionState(case.protection, consents_of(connection, number), waiting)

    def protect(self, who: Officer, number: int, *, reason: str, version: int) -> None:
        """Protect a case from now on; anybody who works on it may."""
        reason = checked_text("reason", reason)
        with self._files.changing(who, number, version=version) as change:
            _set(change, Protection.PROTECTED, reason)

    def record_consent(
        self, who: Officer, number: int, *, given_on: str, scope: str, document: bytes, media_type: str
    ) -> Consent:
        """Keep a written consent with its document, sealed where the home has a key; raises BadField."""
        scope = checked_text("scope", scope)
        given = checked_date("given_on", given_on, today=self._files.today, required=True)
        if not document or len(document) > MOST_DOCUMENT_BYTES:
            raise BadField("document", f"the document has {len(document)} bytes; give 1 to {MOST_DOCUMENT_BYTES}")
        if media_type not in _MEDIA_TYPES:
            raise BadField("document", f"the document must be one of {', '.join(_MEDIA_TYPES)}; scan it")
        row_id, sha256 = self._files.new_number(), hashlib.sha256(document)
        with self._files.changing(who, number) as change:
            (sealed,) = vault_of(change.connection).seal(change.connection, DOCUMENT, [row_id], [document])
            row = {"id": row_id, "case_id": number, "given_on": given, "scope": scope, "sha256": sha256.digest(),
                   "media_type": media_type, "document": sealed, "recorded_by": who.account,
                   "recorded_at": change.now, "withdrawn_at": None}  # fmt: skip
            change.connection.execute(insert(tables.case_consent), row)
            change.happened("consent recorded", scope, after=number_text("N", row_id))
            change.record(Action.CASE_CHANGED, {"what": "consent document", "sha256": sha256.hexdigest()})
        return Consent(row_id, given, scope, sha256.hexdigest(), media_type, who.account, change.now, withdrawn=False)

    def document(self, who: Officer, number: int, consent: str) -> tuple[bytes, str]:
        """A consent's document and its media type; the look at it is recorded. Raises NotFound."""
        with self._files.changing(who, number) as change:
            table, wanted = tables.case_consent, number_of("N", consent)
            query = select(table).where(table.c.case_id == number, table.c.id == wanted)
            row = change.connection.execute(query).one_or_none()
            if row is None:
                raise NotFound(f"case {change.case.id} has no consent of that number")
            (plain,) = vault_of(change.connection).open(change.connection, DOCUMENT, [row.id], [bytes(row.document)])
            change.record(Action.PHOTO_VIEWED, {"what": "consent document", "consent": number_text("N", row.id)})
            return plain, row.media_type

    def withdraw_consent(self, who: Officer, number: int, consent: str, *, reason: str) -> None:
        """A consent was taken back: the case is protected again at once. Raises NotFound."""
        reason = checked_text("reason", reason)
        with self._files.changing(who, number) as change:
            table, wanted = tables.case_consent, number_of("N", consent)
            here = (table.c.case_id == number) & (table.c.id == wanted) & table.c.withdrawn_at.is_(None)
            if not change.connection.execute(update(table).where(here).values(withdrawn_at=change.now)).rowcount:
                raise NotFound(f"case {change.case.id} has no consent of that number in force")
            change.happened("consent withdrawn", reason, before=number_text("N", wanted))
            if change.case.protection is not Protection.PROTECTED:
                _set(change, Protection.PROTECTED, reason)

    def ask_to_lift(self, who: Officer, number: int, *, reason: str, version: int, consent: str = "") -> None:
        """Ask that a case need not be protected; somebody else has to agree.

        A case known to be protected needs a consent in force; one of unknown protection a reason that says how it
        was made sure that nothing about it is confidential. Raises NotNow, BadField or Outdated.
        """
        reason = checked_text("reason", reason)
        with self._files.changing(who, number, version=version) as change:
            who.must_decide(Right.WORK_CASES)
            case, connection = change.case, change.connection
            if not case.is_confidential:
                raise NotNow(f"case {case.id} is not protected; nothing is to be lifted")
            in_force = {found.number for found in consents_of(connection, number) if not found.withdrawn}
            chosen = number_of("N", consent) if consent else None
            if chosen is not None and chosen not in in_force:
                raise BadField("consent", f"case {case.id} has no consent of that number in force")
            if case.protection is Protection.PROTECTED and chosen is None:
                raise BadField("consent", "a protected case is lifted on a written consent; record it and name it")
            before = _lift(connection, case)
            if before is not None:
                raise NotNow(f"it was asked for already by {before.asked_by}; somebody else has to agree or refuse")
            row = {"case_id": number, "epoch": case.epoch, "before": case.protection.value, "reason": reason,
                   "consent_id": chosen, "asked_by": who.account, "asked_at": change.now}  # fmt: skip
            connection.execute(insert(tables.case_lift), row)
            change.happened("lifting asked for", reason, before=case.protection.value)

    def agree_to_lift(self, who: Officer, number: int, *, version: int) -> None:
        """Lift the protection that another person asked to lift; for supervisors. NotNow, NotAllowed, Outdated."""
        with self._files.changing(who, number, version=version) as change:
            who.must_decide(Right.SUPERVISE_CASES)
            lift = _waiting(change)
            if who.is_same(lift.asked_by):
                raise NotAllowed("whoever asked for it can't agree to it; another person has to")
            in_force = {found.number for found in consents_of(change.connection, number) if not found.withdrawn}
            if lift.consent_id is not None and lift.consent_id not in in_force:
                raise NotNow("the consent that it rests on was withdrawn")
            table = tables.case_lift
            here = (table.c.case_id == number) & (table.c.epoch == change.case.epoch)
            change.connection.execute(update(table).where(here).values(agreed_by=who.account, agreed_at=change.now))
            _set(change, Protection.NONE, f"asked for by {lift.asked_by}: {lift.reason}")

    def refuse_to_lift(self, who: Officer, number: int, *, reason: str, version: int) -> None:
        """End a request to lift: the case is protected from now on. Raises NotNow or Outdated."""
        reason = checked_text("reason", reason)
        with self._files.changing(who, number, version=version) as change:
            _waiting(change)
            change.happened("lifting refused", reason)
            # Raising the epoch ends the request, so that a later one begins anew.
            _set(change, Protection.PROTECTED, reason)


def _set(change: Change, protection: Protection, reason: str) -> None:
    before = change.case.protection
    # From protected to protected the epoch stays: the rule in the database counts changes of state.
    if before is protection:
        _forget_request(change)
    else:
        change.values |= {"protection": protection.value, "epoch": change.case.epoch + 1}
    change.happened("protection", reason, before=before.value, after=protection.value)


def _forget_request(change: Change) -> None:
    table = tables.case_lift
    here = (table.c.case_id == change.case.number) & (table.c.epoch == change.case.epoch)
    change.connection.execute(table.delete().where(here, table.c.agreed_by.is_(None)))


def _waiting(change: Change) -> Row[Any]:
    row = _lift(change.connection, change.case)
    if row is None or row.agreed_by is not None:
        raise NotNow(f"nobody asked to lift the protection of case {change.case.id}")
    return row


def _lift(connection: Connection, case: CaseFile) -> Row[Any] | None:
    table = tables.case_lift
    query = select(table).where(table.c.case_id == case.number, table.c.epoch == case.epoch)
    return connection.execute(query).one_or_none()


def consents_of(connection: Connection, number: int) -> tuple[Consent, ...]:
    """A case's consents, in the order of recording."""
    table = tables.case_consent
    rows = connection.execute(select(table).where(table.c.case_id == number).order_by(table.c.recorded_at))
    return tuple(
        Consent(
            row.id, row.given_on, row.scope, row.sha256.hex(), row.media_type, row.recorded_by, row.recorded_at,
            row.withdrawn_at is not None,
        )
        for row in rows
    )  # fmt: skip
