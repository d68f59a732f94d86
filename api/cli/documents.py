"""``matcher cases document`` and what follows: made, listed, written out, sent, answered."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import remark, say
from api.cli.desk import CaseId, case_number, office_of
from api.cli.exits import plain
from api.cli.options import HomeOption
from api.cli.signing_in import officer_here
from matcher.casework.answers import AnswerKind, Rejection
from matcher.casework.office import Office
from matcher.casework.officer import Officer
from matcher.errors import BadField, BadManifest
from matcher.records.case_documents import KeptDocument

DocumentId = Annotated[
    str, typer.Argument(metavar="DOCUMENT", help="The document's number, as in D-7K3M9-Q2XWD.", show_default=False)
]
OutOption = Annotated[Path, typer.Option("--out", help="The folder that the files go to.", show_default=False)]


def document(
    ctx: typer.Context,
    *,
    case: CaseId,
    folder: OutOption,
    identification: Annotated[
        str, typer.Option("--identification", help="Of whom; the case's only one if not given.")
    ] = "",
    preview: Annotated[
        bool, typer.Option("--preview", help="Only how it would look: neither signed nor kept.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Make a verification request for the consulate, sign and keep it, and write it as PDF and JSON."""
    number = case_number(case)
    with office_of(ctx, home) as office:
        who = officer_here()
        if preview:
            seen = office.documents.preview(who, number, identification=identification)
            _write(folder / f"{case}-preview.pdf", seen.pdf)
            say(f"{folder / f'{case}-preview.pdf'} shows it")
            _warn(seen.not_drawn)
            return
        made = office.documents.make(who, number, identification=identification)
        _written(office, who, made, folder)
    say(f"say that it was sent: matcher cases sent {case} {made.id} --on DATE --how HOW")


def documents(ctx: typer.Context, *, case: CaseId, home: HomeOption = None) -> None:
    """List a case's documents."""
    with office_of(ctx, home) as office:
        for one in office.documents.documents(officer_here(), case_number(case)):
            sent = f"sent on {one.sent_on}, {plain(one.sent_how)}" if one.sent_on else "not sent"
            say(f"{one.id} to {one.country} by {plain(one.made_by)}: {sent}; SHA-256 {one.sha256}")


def export(
    ctx: typer.Context, *, case: CaseId, document: DocumentId, folder: OutOption, home: HomeOption = None
) -> None:
    """Write a document that was made before as PDF and JSON once more, byte for byte."""
    number = case_number(case)
    with office_of(ctx, home) as office:
        who = officer_here()
        _written(office, who, office.documents.one(who, number, document), folder)


def sent(
    ctx: typer.Context,
    *,
    case: CaseId,
    document: DocumentId,
    on: Annotated[str, typer.Option("--on", help="When, as in 2026-03-01.", show_default=False)],
    how: Annotated[str, typer.Option("--how", help="By which way, with its reference.", show_default=False)],
    home: HomeOption = None,
) -> None:
    """Say that a document was sent; the case is then sent to the consulate."""
    with office_of(ctx, home) as office:
        office.documents.mark_sent(officer_here(), case_number(case), document, sent_on=on, how=how)
    say(f"{document} was sent; {case} is sent_to_consulate")


def response(
    ctx: typer.Context,
    *,
    case: CaseId,
    document: DocumentId,
    file: Annotated[
        Path | None, typer.Option("--file", help="The response as JSON, as it came.", show_default=False)
    ] = None,
    answer: Annotated[
        AnswerKind | None, typer.Option("--answer", help="Typed in from paper instead.", show_default=False)
    ] = None,
    why: Annotated[Rejection | None, typer.Option("--why", help="With rejected.", show_default=False)] = None,
    on: Annotated[str, typer.Option("--on", help="The answer's date.")] = "",
    by: Annotated[str, typer.Option("--by", help="Who answered.")] = "",
    reference: Annotated[str, typer.Option("--reference", help="The consulate's reference.")] = "",
    remarks: Annotated[str, typer.Option("--remarks", help="What else it says.")] = "",
    home: HomeOption = None,
) -> None:
    """Write down what came back for a document; another person checks it."""
    number = case_number(case)
    with office_of(ctx, home) as office:
        who = officer_here()
        if file is not None and answer is None:
            made = office.responses.respond(who, number, document, _read(file))
        elif answer is not None and file is None:
            made = office.responses.respond_typed(
                who, number, document, answer=answer, reason=why, answered_on=on, answered_by=by, reference=reference,
                remarks=remarks,
            )  # fmt: skip
        else:
            raise BadField("answer", "give the response with --file, or type it in with --answer; one of the two")
    say(f"{made}: another person checks it with matcher cases check-answer {case} {made}")


COMMANDS: dict[str, Callable[..., None]] = {
    "document": document,
    "documents": documents,
    "export-document": export,
    "sent": sent,
    "response": response,
}


def _written(office: Office, who: Officer, made: KeptDocument, folder: Path) -> None:
    name = made.id
    _write(folder / f"{name}.pdf", office.documents.pdf_of(who, made.case, name))
    _write(folder / f"{name}.json", office.documents.json_of(who, made.case, name))
    say(f"{folder / name}.pdf and .json: {name}, SHA-256 {made.sha256}, key {made.key[:16]}")


def _write(path: Path, data: bytes) -> None:
    """Readable by its owner alone; raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as exc:
        raise BadManifest(f"{file} can't be read ({exc.strerror}); name the response's file") from exc


def _warn(not_drawn: tuple[str, ...]) -> None:
    if not_drawn:
        numbers = " ".join(f"U+{ord(sign):04X}" for sign in not_drawn)
        remark(f"  no font has {numbers}: its pages show the numbers; name a font that has them in document_fonts")
