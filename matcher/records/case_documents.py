"""Documents of cases in the records, sealed as photos are; their public keys; and what came back for them."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from matcher.casework.numbers import number_text
from matcher.records import case_tables
from matcher.records import document_tables as tables
from matcher.records.values import PersonKey
from matcher.records.vault import vault_of

REQUEST = b"case_document.request"
PDF = b"case_document.pdf"
RESPONSE = b"case_response.content"


@dataclass(frozen=True, slots=True)
class KeptKey:
    """A public key. public: its 32 bytes. retired_at: None while it is in use."""

    fingerprint: str
    public: bytes
    made_by: str
    made_at: int
    retired_at: int | None


@dataclass(frozen=True, slots=True)
class KeptDocument:
    """A document without its bytes. sha256: of the canonical request, in hex. sent_on: ISO date, empty before."""

    number: int
    case: int
    identification: int
    country: str
    sha256: str
    key: str
    made_by: str
    made_at: int
    sent_on: str
    sent_how: str
    sent_by: str

    @property
    def id(self) -> str:
        return number_text("D", self.number)


def keys(connection: Connection) -> tuple[KeptKey, ...]:
    """Every key, the newest first."""
    table = tables.document_key
    rows = connection.execute(select(table).order_by(table.c.made_at.desc(), table.c.fingerprint))
    return tuple(KeptKey(row.fingerprint, bytes(row.public), row.made_by, row.made_at, row.retired_at) for row in rows)


def current_key(connection: Connection) -> KeptKey | None:
    """The key that is not retired; None where there is none."""
    return next((kept for kept in keys(connection) if kept.retired_at is None), None)


def add_key(connection: Connection, kept: KeptKey) -> None:
    row = {"fingerprint": kept.fingerprint, "public": kept.public, "made_by": kept.made_by, "made_at": kept.made_at}
    connection.execute(insert(tables.document_key), row)


def retire(connection: Connection, fingerprint: str, *, now: int) -> None:
    table = tables.document_key
    connection.execute(update(table).where(table.c.fingerprint == fingerprint).values(retired_at=now))


def add(connection: Connection, kept: KeptDocument, *, request: bytes, pdf: bytes) -> None:
    """Write a document, sealed where the home has a key."""
    vault, number = vault_of(connection), kept.number
    row = {
        "id": number,
        "case_id": kept.case,
        "identification_id": kept.identification,
        "country": kept.country,
        "sha256": bytes.fromhex(kept.sha256),
        "key": kept.key,
        "request": vault.seal(connection, REQUEST, [number], [request])[0],
        "pdf": vault.seal(connection, PDF, [number], [pdf])[0],
        "made_by": kept.made_by,
        "made_at": kept.made_at,
    }
    connection.execute(insert(tables.case_document), row)


def documents(connection: Connection, case: int) -> tuple[KeptDocument, ...]:
    """A case's documents, the oldest first."""
    table = tables.case_document
    rows = connection.execute(_columns().where(table.c.case_id == case).order_by(table.c.made_at, table.c.id))
    return tuple(_kept(row) for row in rows)


def holding(connection: Connection, number: int) -> KeptDocument | None:
    """A document by its number, whosever case it is; None where there is none."""
    row = connection.execute(_columns().where(tables.case_document.c.id == number)).one_or_none()
    return None if row is None else _kept(row)


def stating(connection: Connection, people: Collection[PersonKey]) -> tuple[KeptDocument, ...]:
    """The documents in which one of these people is the proposed record, the oldest first."""
    document, found, candidate = tables.case_document, case_tables.case_identification, case_tables.case_candidate
    query = _columns().add_columns(candidate.c.gallery, candidate.c.person_id)
    query = query.join(found, found.c.id == document.c.identification_id)
    query = query.join(candidate, candidate.c.id == found.c.candidate_id).order_by(document.c.made_at, document.c.id)
    wanted = set(people)
    return tuple(_kept(row) for row in connection.execute(query) if (row.gallery, row.person_id) in wanted)


def request_bytes(connection: Connection, number: int) -> bytes:
    """The signed JSON of a document that is there."""
    return _opened(connection, number, tables.case_document.c.request, REQUEST)


def pdf_bytes(connection: Connection, number: int) -> bytes:
    """The signed PDF of a document that is there."""
    return _opened(connection, number, tables.case_document.c.pdf, PDF)


def mark_sent(connection: Connection, number: int, *, on: str, how: str, by: str) -> None:
    table = tables.case_document
    values = {"sent_on": on, "sent_how": how, "sent_by": by}
    connection.execute(update(table).where(table.c.id == number).values(values))


def add_response(connection: Connection, answer: int, document: int, content: bytes) -> None:
    """Keep what came back for a document beside the answer that it is."""
    (sealed,) = vault_of(connection).seal(connection, RESPONSE, [answer], [content])
    row = {"answer_id": answer, "document_id": document, "content": sealed}
    connection.execute(insert(tables.case_response), row)


def responses(connection: Connection, document: int) -> tuple[tuple[int, bytes], ...]:
    """What came back for a document: the answers' numbers and the responses' bytes."""
    table, vault = tables.case_response, vault_of(connection)
    query = select(table.c.answer_id, table.c.content).where(table.c.document_id == document)
    rows = connection.execute(query.order_by(table.c.answer_id)).all()
    return tuple((row[0], vault.open(connection, RESPONSE, [row[0]], [bytes(row[1])])[0]) for row in rows)


def _columns() -> Any:
    table = tables.case_document
    return select(*(column for column in table.c if column.name not in ("request", "pdf")))


def _opened(connection: Connection, number: int, column: Any, place: bytes) -> bytes:
    blob = connection.execute(select(column).where(tables.case_document.c.id == number)).scalar_one()
    return vault_of(connection).open(connection, place, [number], [bytes(blob)])[0]


def _kept(row: Row[Any]) -> KeptDocument:
    return KeptDocument(
        number=row.id, case=row.case_id, identification=row.identification_id, country=row.country,
        sha256=bytes(row.sha256).hex(), key=row.key, made_by=row.made_by, made_at=row.made_at,
        sent_on=row.sent_on or "", sent_how=row.sent_how or "", sent_by=row.sent_by or "",
    )  # fmt: skip
