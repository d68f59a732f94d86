"""Documents that come back or turn up, held against every key of these records."""

from collections.abc import Callable
from dataclasses import dataclass

from matcher.accounts.roles import Right
from matcher.audit.chain import append
from matcher.audit.entry import Action, Entry
from matcher.casework.document.documents import document_subject
from matcher.casework.document.keys import DocumentKeys
from matcher.casework.document.signing import NotGenuine
from matcher.casework.document.verifying import Genuine, verify, verify_short
from matcher.casework.files import Files
from matcher.casework.numbers import number_of
from matcher.casework.officer import Officer
from matcher.records import case_documents


@dataclass(frozen=True, slots=True)
class Checked:
    """What verification found. reason: why it is not genuine, else empty. kept: these records made it, as it stands."""

    genuine: Genuine | None
    reason: str
    kept: bool


class Verification:
    """Verifying with the keys of one database."""

    def __init__(self, files: Files, keys: DocumentKeys) -> None:
        self._files = files
        self._keys = keys

    def check(self, who: Officer, data: bytes) -> Checked:
        """Verify a PDF or JSON with every key of these records, which is recorded."""
        who.must(Right.WORK_CASES)
        return self._checked(who, lambda: verify(data, self._keys.public()))

    def check_short(self, who: Officer, text: str) -> Checked:
        """The same for the text of a QR code."""
        who.must(Right.WORK_CASES)
        return self._checked(who, lambda: verify_short(text, self._keys.public()))

    def _checked(self, who: Officer, verifying: Callable[[], Genuine]) -> Checked:
        try:
            found = verifying()
            checked = Checked(found, "", self._is_kept(found))
        except NotGenuine as exc:
            checked = Checked(None, str(exc), kept=False)
        about = [document_subject(checked.genuine.document)] if checked.genuine else []
        entry = Entry(Action.DOCUMENT, about, {"what": "verified", "genuine": not checked.reason}, actor=who.named)
        with self._files.database.writing(flushed=False) as connection:
            append(connection, entry, clock=self._files.clock)
        return checked

    def _is_kept(self, found: Genuine) -> bool:
        with self._files.database.reading() as connection:
            kept = case_documents.holding(connection, number_of("D", found.document))
        return kept is not None and (kept.sha256, kept.key) == (found.sha256, found.key)
