"""Cases opened, listed and led through their states; photos, notices and who may see them."""

import base64
import binascii
from dataclasses import dataclass

from sqlalchemy import insert, select

from matcher.accounts.roles import Right
from matcher.audit.chain import append
from matcher.audit.entry import Action, Entry, photo_subject
from matcher.casework.case import (
    STATUTORY_DAYS,
    CaseFile,
    CasePage,
    CasePhoto,
    CaseQuery,
    Claim,
    Event,
    Protection,
    case_subject,
    checked_country,
    checked_date,
    checked_text,
    deadline_of,
)
from matcher.casework.faults import NotNow
from matcher.casework.files import Files, must_be_lifted, must_not_be_ended
from matcher.casework.numbers import new_link
from matcher.casework.officer import Officer
from matcher.casework.statuses import CONFIRMING, Status, check_transition
from matcher.errors import AlreadyThere, BadField, NotFound
from matcher.preparing import PreparedPhoto, why_refused
from matcher.records import case_facts, case_files, case_photos, case_tables
from matcher.records.case_facts import Notice, Request
from matcher.records.case_tables import NO_DEADLINE
from matcher.records.reading import gallery_number

MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """A case with everything that is kept beside it."""

    case: CaseFile
    photos: tuple[CasePhoto, ...]
    events: tuple[Event, ...]
    requests: tuple[Request, ...]
    notices: tuple[Notice, ...]
    seen_by: tuple[str, ...]


class Cases:
    """What officers do with cases. statutory_days: from custody to the deadline."""

    def __init__(self, files: Files, *, statutory_days: int = STATUTORY_DAYS) -> None:
        self._files = files
        self._days = statutory_days

    def open(
        self,
        who: Officer,
        *,
        country: str,
        claim: Claim,
        custody_date: str = "",
        protection: Protection = Protection.UNKNOWN,
    ) -> CaseFile:
        """A new case; raises BadField. Its protection is unknown or protected: only two people can lift it."""
        who.must(Right.WORK_CASES)
        if protection is Protection.NONE:
            raise BadField("protection", "a case can't begin without protection; two people lift it afterwards")
        now, custody = self._files.now, checked_date("custody_date", custody_date, today=self._files.today)
        deadline = deadline_of(custody, self._days)
        case = CaseFile(
            number=self._files.new_number(), country=checked_country(country), claim=claim, status=Status.OPEN,
            status_at=now, protection=protection, epoch=0, custody_date=custody,
            deadline="" if deadline == NO_DEADLINE else deadline, assignee="", opened_by=who.account, opened_at=now,
            version=1,
        )  # fmt: skip
        with self._files.database.writing() as connection:
            case_files.add(connection, case)
            opened = Event(now, who.account, "opened", "", Status.OPEN.value, "")
            case_files.add_events(connection, case.number, [(self._files.new_number(), opened)])
            details = {"what": "opened", "country": case.country, "deadline": case.deadline, "version": 1}
            entry = Entry(Action.CASE_CHANGED, [case_subject(case.number)], details, actor=who.named)
            append(connection, entry, clock=self._files.clock)
        return case

    def get(self, who: Officer, number: int) -> CaseRecord:
        """A case, for somebody to look at, which is recorded; raises NotFound for one that is not there, and for one
        that this officer may not see."""
        record = self.after_change(who, number)
        self._files.viewed(who, [number])
        return record

    def after_change(self, who: Officer, number: int) -> CaseRecord:
        """The same for whoever has just changed the case, which is recorded already."""
        with self._files.reading(who, number) as (connection, case):
            return CaseRecord(
                case,
                case_photos.photos(connection, number),
                case_files.events(connection, number),
                case_facts.requests(connection, number),
                case_facts.notices(connection, number),
                case_facts.seen_by(connection, number),
            )

    def page(self, who: Officer, wanted: CaseQuery, *, cursor: str = "", limit: int = 50) -> CasePage:
        """The cases that this officer may see, those whose deadline is nearest first; raises BadField."""
        who.must(Right.WORK_CASES)
        limit = min(max(1, limit), MOST_LISTED)
        with self._files.database.reading() as connection:
            found = case_files.page(
                connection,
                wanted,
                account=who.account,
                sees_all=who.may(Right.SUPERVISE_CASES),
                after=cursor_place(cursor),
                limit=limit + 1,
            )
        page = found[:limit]
        self._files.viewed(who, [case.number for case in page])
        more = len(found) > limit
        return CasePage(page, _cursor(page[-1]) if more else "")

    def move(self, who: Officer, number: int, status: Status, *, reason: str, version: int) -> None:
        """Lead a case to another status; raises NotNow for a step that is not legal, Confidential or Outdated."""
        reason = checked_text("reason", reason)
        with self._files.changing(who, number, version=version) as change:
            case = change.case
            check_transition(case.status, status)
            if case.status is Status.CLOSED:
                who.must(Right.SUPERVISE_CASES)
            if status is Status.SENT_TO_CONSULATE:
                must_be_lifted(case, "sent to a consulate")
            if status in CONFIRMING and not case_facts.confirmed_by_two(change.connection, number):
                raise NotNow(
                    f"case {case.id} can't become {status.value}: neither have two reviewers found the same person, "
                    "nor has a second person checked a consulate's confirmation"
                )
            change.values |= {"status": status.value, "status_at": change.now}
            change.happened("status", reason, before=case.status.value, after=status.value)

    def correct(
        self,
        who: Officer,
        number: int,
        *,
        version: int,
        reason: str,
        claim: Claim | None = None,
        country: str = "",
        custody_date: str = "",
    ) -> None:
        """Change what was written down of a case; raises BadField or Outdated."""
        reason = checked_text("reason", reason)
        with self._files.changing(who, number, version=version) as change:
            must_not_be_ended(change.case)
            if claim is not None:
                change.values["claim"] = case_files.sealed_claim(change.connection, number, claim)
            if country:
                change.values["country"] = checked_country(country)
            if custody := checked_date("custody_date", custody_date, today=self._files.today):
                change.values |= {"custody_date": custody, "deadline": deadline_of(custody, self._days)}
            if not change.values:
                raise BadField("claim", "nothing was given to change; name a claim, a country or a custody_date")
            change.happened("corrected", reason, after=",".join(sorted(change.values)))

    def assign(self, who: Officer, number: int, account: str, *, version: int) -> None:
        """Give a case to an account, which may see it from then on; empty: to nobody. Others' by supervisors only."""
        with self._files.changing(who, number, version=version) as change:
            if not who.is_same(account) or change.case.assignee not in ("", who.account):
                who.must(Right.SUPERVISE_CASES)
            change.values["assignee"] = account
            if account:
                case_files.grant(change.connection, number, account, by=who.account, now=change.now)
            change.happened("assigned", before=change.case.assignee, after=account)

    def share(self, who: Officer, number: int, account: str, *, reason: str) -> None:
        """Let an account see a protected case, to review it for instance; raises AlreadyThere."""
        reason = checked_text("reason", reason)
        account = Officer(account, frozenset()).account
        with self._files.changing(who, number) as change:
            if not case_files.grant(change.connection, number, account, by=who.account, now=change.now):
                raise AlreadyThere("this account may see the case already")
            change.happened("shared", reason, after=account)

    def add_photo(
        self, who: Officer, number: int, prepared: PreparedPhoto, content: bytes, *, taken_on: str = ""
    ) -> None:
        """Keep a photo of the person; raises BadField for one without a face, AlreadyThere for the same again."""
        if prepared.template is None:
            raise BadField("photo", f"the photo can't be used: {why_refused(prepared, anyway=True)[1]}")
        taken = checked_date("taken_on", taken_on, today=self._files.today)
        ids = (self._files.new_number(), self._files.new_number(), new_link())
        with self._files.changing(who, number) as change:
            must_not_be_ended(change.case)
            if case_photos.known(change.connection, number, prepared.sha256):
                raise AlreadyThere("the case has this photo already")
            case_photos.add(
                change.connection, number, prepared, content, ids=ids, taken_on=taken, by=who.account, now=change.now
            )
            change.happened("photo added", after=prepared.sha256[:12])

    def photo(self, who: Officer, number: int, sha256: str) -> tuple[bytes, str]:
        """The bytes and format of a photo, for somebody to look at, which is recorded; raises NotFound."""
        with self._files.changing(who, number) as change:
            found = case_photos.content(change.connection, number, sha256)
            if found is None:
                raise NotFound(f"case {change.case.id} has no photo {sha256[:12]}")
            change.record(Action.PHOTO_VIEWED, {}, photo_subject(sha256.lower()))
            return found

    def put_to(self, who: Officer, number: int, gallery: str, *, country: str, basis: str) -> None:
        """Put a case to a gallery, on a basis of its own; each gallery once. Raises NotFound or AlreadyThere."""
        basis, code = checked_text("basis", basis), checked_country(country)
        with self._files.changing(who, number) as change:
            must_not_be_ended(change.case)
            gallery_number(change.connection, gallery)
            table = case_tables.case_request
            there = select(table.c.id).where(table.c.case_id == number, table.c.gallery == gallery)
            if change.connection.execute(there).one_or_none() is not None:
                raise AlreadyThere(f"case {change.case.id} is put to gallery {gallery} already")
            row = {"id": self._files.new_number(), "case_id": number, "gallery": gallery, "country": code,
                   "basis": basis, "by": who.account, "at": change.now}  # fmt: skip
            change.connection.execute(insert(table), row)
            change.happened("put to gallery", basis, after=gallery)

    def note_notice(self, who: Officer, number: int, *, country: str, kind: str, reference: str, sent_on: str) -> None:
        """Record an official notice to a country; a protected case can't be named in one: raises Confidential."""
        reference, code = checked_text("reference", reference), checked_country(country)
        kind = checked_text("kind", kind)[:32]
        sent = checked_date("sent_on", sent_on, today=self._files.today, required=True)
        with self._files.changing(who, number) as change:
            must_be_lifted(change.case, "named in a notice")
            row = {"id": self._files.new_number(), "case_id": number, "country": code, "kind": kind,
                   "reference": reference, "sent_on": sent, "by": who.account, "at": change.now}  # fmt: skip
            change.connection.execute(insert(case_tables.case_notice), row)
            change.happened("notice", reference, after=code)


def _cursor(case: CaseFile) -> str:
    plain = f"{case.deadline or NO_DEADLINE}|{case.number}"
    return base64.urlsafe_b64encode(plain.encode()).decode("ascii")


def cursor_place(cursor: str) -> tuple[str, int]:
    """Deadline and number of the last case before a page; raises BadField."""
    if not cursor:
        return "", 0
    try:
        plain = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True).decode("ascii")
        deadline, number = plain.split("|")
        return deadline, int(number)
    except (UnicodeError, binascii.Error, ValueError) as exc:
        raise BadField("cursor", "cursor is not the `next` of a page; begin without one") from exc
