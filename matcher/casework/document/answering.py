"""What comes back for a document: read from JSON or typed in, bound to it, and written down as the case's answer."""

from matcher.casework.answers import AnswerKind, Rejection, answer_id, given_answer, write_down
from matcher.casework.case import checked_date, checked_text
from matcher.casework.document.documents import kept_in, of, record
from matcher.casework.document.response import Response
from matcher.casework.document.signing import read_signed
from matcher.casework.files import Files
from matcher.casework.numbers import number_text
from matcher.casework.officer import Officer
from matcher.records import case_documents


class Responses:
    """Responses to the documents of one database's cases."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def respond(self, who: Officer, number: int, document: str, data: bytes) -> str:
        """Write down the answer that came back as JSON; its number. Another person checks it, as every answer.

        Raises BadField for what is no response, or that of another document; NotNow where the case was never sent.
        """
        return self._answered(who, number, document, Response.read(data, today=self._files.today))

    def respond_typed(
        self,
        who: Officer,
        number: int,
        document: str,
        *,
        answer: AnswerKind,
        answered_on: str,
        answered_by: str,
        reason: Rejection | None = None,
        reference: str = "",
        office: str = "",
        remarks: str = "",
    ) -> str:
        """The same for an answer on paper, typed in; it is bound to the document that it is said to answer."""
        with self._files.reading(who, number) as (connection, _):
            kept = of(case_documents.documents(connection, number), document)
            _, signature = read_signed(case_documents.request_bytes(connection, kept.number))
        given = Response(
            document=signature.document, case=signature.case, sha256=signature.sha256, answer=answer, reason=reason,
            answered_on=checked_date("answered_on", answered_on, today=self._files.today, required=True),
            answered_by=checked_text("answered_by", answered_by),
            reference=checked_text("reference", reference, required=False),
            office=checked_text("office", office, required=False),
            remarks=checked_text("remarks", remarks, required=False),
        )  # fmt: skip
        return self._answered(who, number, document, given)

    def responses(self, who: Officer, number: int, document: str) -> tuple[tuple[str, bytes], ...]:
        """What came back for a document: each answer's number, and the response as canonical JSON."""
        with self._files.changing(who, number) as change:
            kept = kept_in(change, document)
            record(change, kept, "responses read")
            return tuple(
                (answer_id(row), data) for row, data in case_documents.responses(change.connection, kept.number)
            )

    def _answered(self, who: Officer, number: int, document: str, given: Response) -> str:
        with self._files.changing(who, number) as change:
            kept = kept_in(change, document)
            _, signature = read_signed(case_documents.request_bytes(change.connection, kept.number))
            given.must_answer(signature)
            said = given_answer(
                self._files, kind=given.answer, country=kept.country, received_on=self._files.today.isoformat(),
                reference=given.reference, reason=given.reason,
            )  # fmt: skip
            about = number_text("I", kept.identification)
            answer = write_down(change, said, number=self._files.new_number(), identification=about)
            case_documents.add_response(change.connection, answer, kept.number, given.content())
            record(change, kept, "answered")
        return answer_id(answer)
