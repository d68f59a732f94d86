"""Documents of cases: previewed, made, given out and sent, always behind the gate and in the audit."""

from dataclasses import dataclass

from matcher.accounts.roles import Right
from matcher.audit.entry import Action, person_subject
from matcher.casework.case import checked_date, checked_text
from matcher.casework.document.keys import DocumentKeys
from matcher.casework.document.pdf_signing import signed_pdf
from matcher.casework.document.request import Pictured, document_id, request_of
from matcher.casework.document.signing import NotGenuine, sign, signed_json
from matcher.casework.document.stationery import Stationery
from matcher.casework.document.typesetting import characters_not_drawn, pages, preview
from matcher.casework.document.verifying import verify
from matcher.casework.dossier import Dossier, dossier
from matcher.casework.faults import NotNow, Outdated
from matcher.casework.files import Change, Files, must_be_lifted, must_not_be_ended
from matcher.casework.numbers import number_of
from matcher.casework.officer import Officer
from matcher.casework.references import References
from matcher.casework.statuses import Status, check_transition
from matcher.errors import BadField, NotFound, RecordsUnavailable
from matcher.records import case_documents, case_photos, case_searches
from matcher.records.case_documents import KeptDocument


@dataclass(frozen=True, slots=True)
class Previewed:
    """How a document would look. not_drawn: characters that its pages can only show by their Unicode numbers."""

    pdf: bytes
    not_drawn: tuple[str, ...]


class Documents:
    """What is done with the documents of one database's cases."""

    def __init__(self, files: Files, references: References, stationery: Stationery) -> None:
        self._files = files
        self._references = references
        self._stationery = stationery
        self.keys = DocumentKeys(files, stationery.key_file)

    def preview(self, who: Officer, number: int, *, identification: str = "") -> Previewed:
        """How a document of a case would look; nothing is signed or kept. See `make` for what it raises."""
        found, pictured = self._gathered(who, number, identification)
        request = request_of(found, pictured, self._stationery, number=0, now=self._files.now)
        request["document"] = "D-?????-?????"
        return Previewed(preview(request, self._stationery), characters_not_drawn(request, self._stationery))

    def make(self, who: Officer, number: int, *, identification: str = "") -> KeptDocument:
        """Make, sign and keep a document. identification: of whom; the case's only one if empty.

        Raises Confidential where the case's protection is not lifted, NotNow, NotFound, BadField where the case has
        several identifications and none is named, or BadSetting where there is no key.
        """
        found, pictured = self._gathered(who, number, identification)
        private, row_id = self.keys.private(), self._files.new_number()
        now = self._files.now
        request = request_of(found, pictured, self._stationery, number=row_id, now=now)
        signature = sign(request, private)
        data = signed_json(request, signature)
        pdf = signed_pdf(pages(request, self._stationery, signature=signature, attached=data), private)
        kept = KeptDocument(
            row_id, number, found.identification.number, found.request.country, signature.sha256, signature.key,
            who.account, now, "", "", "",
        )  # fmt: skip
        with self._files.changing(who, number) as change:
            # Once more: it may have been protected, or the key replaced, while the pages were set.
            must_be_lifted(change.case, "put into a document")
            must_not_be_ended(change.case)
            current = case_documents.current_key(change.connection)
            if current is None or current.fingerprint != signature.key:
                raise Outdated("the document key was replaced meanwhile; make the document anew")
            case_documents.add(change.connection, kept, request=data, pdf=pdf)
            change.happened("document made", after=document_id(row_id))
            record(change, kept, "made", person_subject(found.identification.key))
        return kept

    def documents(self, who: Officer, number: int) -> tuple[KeptDocument, ...]:
        """A case's documents, the oldest first."""
        with self._files.reading(who, number) as (connection, _):
            return case_documents.documents(connection, number)

    def one(self, who: Officer, number: int, document: str) -> KeptDocument:
        """One of them; raises NotFound."""
        return of(self.documents(who, number), document)

    def json_of(self, who: Officer, number: int, document: str) -> bytes:
        """A document's signed JSON, to be given out, which is recorded. Raises Confidential or NotFound."""
        return self._given_out(who, number, document, "json")

    def pdf_of(self, who: Officer, number: int, document: str) -> bytes:
        """A document's signed PDF, to be given out, which is recorded. Raises Confidential or NotFound."""
        return self._given_out(who, number, document, "pdf")

    def mark_sent(
        self, who: Officer, number: int, document: str, *, sent_on: str, how: str, version: int | None = None
    ) -> KeptDocument:
        """Say that a document was sent: the case is then sent to the consulate. how: by which way, with a reference.

        Raises NotNow where it was said before or the case's status does not allow it, Confidential, or BadField.
        """
        how = checked_text("how", how)
        day = checked_date("sent_on", sent_on, today=self._files.today, required=True)
        with self._files.changing(who, number, version=version) as change:
            who.must_decide(Right.WORK_CASES)
            must_be_lifted(change.case, "sent to a consulate")
            kept = kept_in(change, document)
            if kept.sent_on:
                raise NotNow(f"document {kept.id} was sent on {kept.sent_on}, as {kept.sent_by} said")
            if change.case.status is not Status.SENT_TO_CONSULATE:
                before = change.case.status
                check_transition(before, Status.SENT_TO_CONSULATE)
                change.values |= {"status": Status.SENT_TO_CONSULATE.value, "status_at": change.now}
                change.happened("status", before=before.value, after=Status.SENT_TO_CONSULATE.value)
            case_documents.mark_sent(change.connection, kept.number, on=day, how=how, by=who.account)
            change.happened("document sent", how, after=kept.id)
            record(change, kept, "sent")
            return kept_in(change, document)

    def _gathered(self, who: Officer, number: int, identification: str) -> tuple[Dossier, Pictured]:
        found = dossier(self._files, self._references, who, number, identification or self._only(who, number))
        with self._files.reading(who, number) as (connection, case):
            must_be_lifted(case, "put into a document")
            kept = {photo.sha256: case_photos.content(connection, number, photo.sha256) for photo in found.photos}
        try:
            reference = self._references.photo(found.identification.key, found.identification.photo_sha256)
        except NotFound:
            # Its bytes were never kept; the document says so.
            reference = None
        contents = {sha256: content[0] for sha256, content in kept.items() if content is not None}
        return found, Pictured(contents, reference)

    def _only(self, who: Officer, number: int) -> str:
        """The identification of a case that has one; raises NotNow for none, BadField for several."""
        with self._files.reading(who, number) as (connection, case):
            must_be_lifted(case, "put into a document")
            found = case_searches.identifications(connection, number)
        if not found:
            raise NotNow(f"case {case.id} has no identification by two people yet; a document is made of one")
        if len(found) > 1:
            named = ", ".join(one.id for one in found)
            raise BadField("identification", f"case {case.id} has several identifications; name one of {named}")
        return found[0].id

    def _given_out(self, who: Officer, number: int, document: str, what: str) -> bytes:
        with self._files.changing(who, number) as change:
            must_be_lifted(change.case, "given out in a document")
            kept = kept_in(change, document)
            read = case_documents.pdf_bytes if what == "pdf" else case_documents.request_bytes
            data = read(change.connection, kept.number)
            record(change, kept, f"{what} given out", action=Action.EXPORT)
        try:
            genuine = verify(data, self.keys.public())
        except NotGenuine as exc:
            raise _altered(kept) from exc
        if (genuine.sha256, genuine.document) != (kept.sha256, kept.id):
            raise _altered(kept)
        return data


def kept_in(change: Change, document: str) -> KeptDocument:
    """A document of the case that is changed; raises NotFound."""
    return of(case_documents.documents(change.connection, change.case.number), document)


def record(change: Change, kept: KeptDocument, what: str, *subjects: str, action: Action = Action.DOCUMENT) -> None:
    """An entry of the audit about a document of the case that is changed."""
    details = {"what": what, "sha256": kept.sha256, "country": kept.country}
    change.record(action, details, document_subject(kept.id), *subjects)


def document_subject(document: str) -> str:
    """A document as the audit names it."""
    return f"document:{document}"


def of(known: tuple[KeptDocument, ...], document: str) -> KeptDocument:
    """The one of this number; raises NotFound."""
    wanted = number_of("D", document)
    found = next((one for one in known if one.number == wanted), None)
    if found is None:
        raise NotFound("the case has no document of that number")
    return found


def _altered(kept: KeptDocument) -> RecordsUnavailable:
    return RecordsUnavailable(f"document {kept.id} is not as it was signed: the records were altered; restore a backup")
