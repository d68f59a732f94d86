"""A home's keys: begun, wrapped anew by another master key, replaced; and everything sealed with the newest of them."""

import json
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Column, ColumnElement, Connection, Table, bindparam, delete, func, insert, select, update

from matcher.audit.chain import append
from matcher.audit.entry import Action, Entry
from matcher.errors import AlreadyThere, NotFound
from matcher.protection.master import unwrap, wrap
from matcher.protection.sealing import KEY_BYTES, Key, seal_head
from matcher.records import (
    case_documents,
    case_files,
    case_photos,
    case_tables,
    document_tables,
    job_leases,
    job_tables,
    tables,
)
from matcher.records.database import Database
from matcher.records.ledger import Ledger
from matcher.records.vault import CONTENT, LANDMARKS, META, VECTOR, is_complete, vault_of

Told = Callable[[int, int], None]
Clock = Callable[[], float]

_PHOTOS_AT_ONCE = 32
_TEMPLATES_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Status:
    """How a home is protected. master: fingerprint of the master key, empty without one. keys: how many data keys.
    waiting: templates and photos that are not sealed with the newest. complete: plain bytes are refused."""

    master: str
    keys: int
    templates: int
    photos: int
    waiting_templates: int
    waiting_photos: int
    complete: bool


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A column whose bytes are sealed, bound to its row's number."""

    table: Table
    number: "Column[int]"
    content: "Column[bytes]"
    place: bytes
    at_once: int


def _sealed_columns() -> tuple[_Sealed, ...]:
    template, content = tables.template, tables.photo_content
    return (
        _Sealed(template, template.c.id, template.c.vector, VECTOR, _TEMPLATES_AT_ONCE),
        _Sealed(template, template.c.id, template.c.landmarks, LANDMARKS, _TEMPLATES_AT_ONCE),
        _Sealed(content, content.c.photo_id, content.c.content, CONTENT, _PHOTOS_AT_ONCE),
    )


def _job_columns() -> tuple[_Sealed, ...]:
    item = job_tables.job_item
    return (
        _Sealed(item, item.c.id, item.c.answer, job_leases.ANSWER, _TEMPLATES_AT_ONCE),
        _Sealed(item, item.c.id, item.c.vector, job_leases.VECTOR, _TEMPLATES_AT_ONCE),
    )


def _case_columns() -> tuple[_Sealed, ...]:
    file, template = case_tables.case_file, case_tables.case_template
    content, consent = case_tables.case_photo_content, case_tables.case_consent
    document, response = document_tables.case_document, document_tables.case_response
    return (
        _Sealed(file, file.c.id, file.c.claim, case_files.CLAIM, _TEMPLATES_AT_ONCE),
        _Sealed(template, template.c.id, template.c.vector, case_photos.VECTOR, _TEMPLATES_AT_ONCE),
        _Sealed(template, template.c.id, template.c.landmarks, case_photos.LANDMARKS, _TEMPLATES_AT_ONCE),
        _Sealed(content, content.c.photo_id, content.c.content, case_photos.CONTENT, _PHOTOS_AT_ONCE),
        _Sealed(consent, consent.c.id, consent.c.document, case_files.DOCUMENT, _PHOTOS_AT_ONCE),
        _Sealed(document, document.c.id, document.c.request, case_documents.REQUEST, _PHOTOS_AT_ONCE),
        _Sealed(document, document.c.id, document.c.pdf, case_documents.PDF, _PHOTOS_AT_ONCE),
        _Sealed(response, response.c.answer_id, response.c.content, case_documents.RESPONSE, _PHOTOS_AT_ONCE),
    )


def begin(database: Database, master: Key, *, clock: Clock = time.time) -> None:
    """Give a home its first key: what is written from now on is sealed. Raises AlreadyThere."""
    with database.writing() as connection:
        # Writers take turns from here on, so that none can still be writing plain bytes afterwards.
        Ledger(connection)
        if _newest(connection) is not None:
            raise AlreadyThere("this home has a key already; matcher keys status says which")
        number = _add(connection, master, clock)
        append(connection, _entry("begun", master, data_key=number))


def replace(database: Database, master: Key, *, clock: Clock = time.time) -> None:
    """Give a home a new data key; `encrypt` then seals everything with it. Raises NotFound or KeyRefused."""
    with database.writing() as connection:
        Ledger(connection)
        _must_have_keys(connection)
        _unwrapped(connection, master)
        number = _add(connection, master, clock)
        _set_complete(connection, complete=False)
        append(connection, _entry("data key replaced", master, data_key=number))


def rotate(database: Database, old: Key | None, new: Key) -> int:
    """Wrap every data key by another master key, all or none; how many. Raises NotFound or KeyRefused."""
    with database.writing() as connection:
        _must_have_keys(connection)
        found = _unwrapped(connection, old)
        table = tables.data_key
        for number, secret in found.items():
            values = {"wrapped": wrap(new, number, secret), "master": new.fingerprint}
            connection.execute(update(table).where(table.c.id == number).values(values))
        append(connection, _entry("master key replaced", new, before=old.fingerprint if old else ""))
        return len(found)


def encrypt(
    database: Database, *, beside: Callable[[], None] = lambda: None, told: Told = lambda _done, _all: None
) -> int:
    """Seal whatever is plain or sealed with an older key; how many rows. Killed at any moment, it goes on when called
    again. Afterwards older keys are forgotten and plain bytes refused. Raises NotFound or KeyRefused.

    beside: seals what lies beside the records with the newest key, before older ones are forgotten.
    """
    with database.reading() as connection:
        number = _must_have_keys(connection)
        columns = (*_sealed_columns(), *_case_columns(), *_job_columns())
        total = sum(_waiting(connection, column, number) for column in columns)
    done = 0
    for column in columns:
        for count in _seal_column(database, column, number):
            done += count
            told(done, total)
    beside()
    with database.writing() as connection:
        Ledger(connection)
        left = sum(_waiting(connection, column, number) for column in columns)
        if not left and not is_complete(connection):
            connection.execute(delete(tables.data_key).where(tables.data_key.c.id < number))
            _set_complete(connection, complete=True)
            append(connection, Entry(Action.KEY_CHANGED, (), {"what": "everything encrypted", "data_key": number}))
    database.sweep()
    return done


def status(database: Database) -> Status:
    """How a home is protected; looks at the first bytes of every row."""
    with database.reading() as connection:
        key = tables.data_key
        rows = connection.execute(select(key.c.id, key.c.master).order_by(key.c.id)).all()
        vectors, _, contents = _sealed_columns()
        newest = rows[-1].id if rows else None
        return Status(
            master=rows[-1].master if rows else "",
            keys=len(rows),
            templates=_count(connection, vectors.table),
            photos=_count(connection, contents.table),
            waiting_templates=_waiting(connection, vectors, newest),
            waiting_photos=_waiting(connection, contents, newest),
            complete=is_complete(connection),
        )


def _seal_column(database: Database, column: _Sealed, number: int) -> Iterator[int]:
    """Seal one column part by part, each in a transaction of its own."""
    last = -1
    while True:
        with database.writing() as connection:
            query = select(column.number, column.content).where(column.number > last, _not_sealed(column, number))
            rows = connection.execute(query.order_by(column.number).limit(column.at_once)).all()
            if not rows:
                return
            ids, vault = [row[0] for row in rows], vault_of(connection)
            plain = vault.open(connection, column.place, ids, [bytes(row[1]) for row in rows])
            sealed = vault.seal(connection, column.place, ids, plain)
            statement = update(column.table).where(column.number == bindparam("row"))
            statement = statement.values({column.content: bindparam("sealed")})
            values = [{"row": row, "sealed": blob} for row, blob in zip(ids, sealed, strict=True)]
            connection.execute(statement, values)
            last = ids[-1]
        yield len(rows)


def _not_sealed(column: _Sealed, number: int | None) -> ColumnElement[bool]:
    head = seal_head(number) if number is not None else b"\xff"
    return (func.length(column.content) > 0) & (func.substr(column.content, 1, len(head)) != head)


def _waiting(connection: Connection, column: _Sealed, number: int | None) -> int:
    query = select(func.count()).select_from(column.table).where(_not_sealed(column, number))
    return int(connection.execute(query).scalar_one())


def _count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _newest(connection: Connection) -> int | None:
    newest: int | None = connection.execute(select(func.max(tables.data_key.c.id))).scalar_one()
    return newest


def _must_have_keys(connection: Connection) -> int:
    number = _newest(connection)
    if number is None:
        raise NotFound("this home has no key; matcher keys init begins one")
    return number


def _add(connection: Connection, master: Key, clock: Clock) -> int:
    number = (_newest(connection) or 0) + 1
    wrapped = wrap(master, number, secrets.token_bytes(KEY_BYTES))
    row = {"id": number, "wrapped": wrapped, "master": master.fingerprint, "made_at": int(clock())}
    connection.execute(insert(tables.data_key), row)
    return number


def _unwrapped(connection: Connection, master: Key | None) -> dict[int, bytes]:
    rows = connection.execute(select(tables.data_key)).all()
    return {row.id: unwrap(master, row.id, bytes(row.wrapped), needed=row.master).secret for row in rows}


def _set_complete(connection: Connection, *, complete: bool) -> None:
    connection.execute(delete(tables.meta).where(tables.meta.c.name == META))
    connection.execute(insert(tables.meta), {"name": META, "value": json.dumps({"complete": complete})})
    vault_of(connection).forget()


def _entry(what: str, master: Key, **details: object) -> Entry:
    return Entry(Action.KEY_CHANGED, (), {"what": what, "master": master.fingerprint, **details})
