"""``matcher document``: what needs no case: keys, schemas, and verification, which needs no home either."""

import json as js
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import out, remark, say, table
from api.cli.desk import office_of
from api.cli.exits import Exit, plain, tell
from api.cli.options import HomeOption
from api.cli.signing_in import officer_here
from matcher.audit.signing import fingerprint, public_from_bytes, public_key, public_pem
from matcher.casework.document.checking import Checked
from matcher.casework.document.keys import COMMAND
from matcher.casework.document.reading import summary
from matcher.casework.document.schemas import NAMES, schema_text
from matcher.casework.document.signing import NotGenuine
from matcher.casework.document.verifying import Genuine, PublicKeys, verify, verify_short
from matcher.errors import BadField, BadManifest

app = typer.Typer(help="Documents for consulates: verify them, their keys and schemas.", no_args_is_help=True)
key_app = typer.Typer(help="The key that documents are signed with.", no_args_is_help=True)
app.add_typer(key_app, name="key")


@app.command("verify")
def verify_command(
    ctx: typer.Context,
    *,
    file: Annotated[Path | None, typer.Argument(help="A document, PDF or JSON.", show_default=False)] = None,
    qr: Annotated[str, typer.Option("--qr", help="The text of a QR code: alone, or held against the file.")] = "",
    key: Annotated[
        list[Path] | None,
        typer.Option("--key", help="The public key, PEM; may be repeated. [those of the home]", show_default=False),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    home: HomeOption = None,
) -> None:
    """Verify a document; exit code 1 where it is not genuine. With --key no home is needed: any machine will do."""
    if file is None and not qr:
        raise BadField("file", "name a document, or give the text of its QR code with --qr")
    data = None if file is None else _read(file)
    found = _offline(data, qr, key) if key else _at_home(ctx, data, qr, home)
    reason = next((one.reason for one in found if one.reason), "") or _differing(found)
    if json:
        genuine = None if reason else found[0].genuine
        print(js.dumps({"genuine": not reason, "reason": reason, **(_facts(genuine) if genuine else {})}))
    elif reason:
        tell(f"not genuine: {reason}")
    else:
        for one in found:
            if one.genuine is not None:
                _show(one.genuine, kept=one.kept if not key else None)
    if reason:
        raise typer.Exit(Exit.PROBLEMS)


@app.command()
def schema(
    name: Annotated[str, typer.Argument(help="request or response.", show_default=False)],
) -> None:
    """Print the JSON Schema of documents, or of the responses to them."""
    if name not in NAMES:
        raise BadField("name", f"there is no schema {name!r}; there are {', '.join(NAMES)}")
    print(schema_text(name), end="")


@key_app.command("new")
def new_key(
    ctx: typer.Context,
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="In place of the one in use, whose public half is kept.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Make the key that documents are signed with."""
    with office_of(ctx, home) as office:
        made = office.documents.keys.make(officer_here().named, replace=replace)
    say(f"The private key is readable by its owner alone; the public key is {made.public}.")
    say(f"Fingerprint {made.fingerprint}: give it, with the public key, to whoever verifies documents.")
    if made.replaced:
        say(f"It replaces {made.replaced}: what that one signed stays verifiable.")


@key_app.command("list")
def list_keys(ctx: typer.Context, *, home: HomeOption = None) -> None:
    """List the public keys, the newest first."""
    made = table("fingerprint", "made", "by", "retired")
    with office_of(ctx, home) as office:
        for one in office.documents.keys.known():
            retired = "in use" if one.retired_at is None else _day(one.retired_at)
            made.add_row(one.fingerprint, _day(one.made_at), plain(one.made_by), retired)
    out().print(made)


@key_app.command("export")
def export_key(
    ctx: typer.Context,
    *,
    file: Annotated[Path, typer.Option("--out", help="Where the PEM goes.", show_default=False)],
    name: Annotated[
        str, typer.Option("--fingerprint", help="How its fingerprint begins; the one in use if not given.")
    ] = "",
    home: HomeOption = None,
) -> None:
    """Write a public key, to be given to whoever verifies documents."""
    with office_of(ctx, home) as office:
        found = office.documents.keys.one(name)
    file.write_bytes(public_pem(public_from_bytes(found.public)))
    say(f"{file} is the public key {found.fingerprint}")


def _at_home(ctx: typer.Context, data: bytes | None, qr: str, home: Path | None) -> list[Checked]:
    found = []
    with office_of(ctx, home) as office:
        who = officer_here()
        if data is not None:
            found.append(office.verification.check(who, data))
        if qr:
            found.append(office.verification.check_short(who, qr))
    return found


def _offline(data: bytes | None, qr: str, paths: list[Path]) -> list[Checked]:
    keys: PublicKeys = {fingerprint(one): one for one in (public_key(path, command=COMMAND) for path in paths)}
    found = []
    if data is not None:
        found.append(_checked(lambda: verify(data, keys)))
    if qr:
        found.append(_checked(lambda: verify_short(qr, keys)))
    return found


def _checked(verifying: Callable[[], Genuine]) -> Checked:
    try:
        return Checked(verifying(), "", kept=False)
    except NotGenuine as exc:
        return Checked(None, str(exc), kept=False)


def _differing(found: list[Checked]) -> str:
    """Why a file and a QR code, each genuine, are not of one document."""
    digests = {one.genuine.sha256 for one in found if one.genuine is not None}
    return "the QR code is another document's" if len(digests) > 1 else ""


def _facts(genuine: Genuine) -> dict[str, str]:
    return {
        "kind": genuine.kind,
        "document": genuine.document,
        "case": genuine.case,
        "sha256": genuine.sha256,
        "key": genuine.key,
    }


def _show(genuine: Genuine, *, kept: bool | None) -> None:
    what = {"pdf": "every byte of the PDF", "json": "every byte of the JSON", "short": "the QR code"}[genuine.kind]
    say(f"genuine: {what} is as key {genuine.key} signed it")
    say(f"{genuine.document} of case {genuine.case}, SHA-256 {genuine.sha256}")
    for line in summary(genuine.request):
        say(line)
    if genuine.kind == "short":
        remark("  what is printed around a QR code is not in it: compare it with the file")
    if kept is not None:
        say("these records made it" if kept else "these records do not hold it")


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as exc:
        raise BadManifest(f"{file} can't be read ({exc.strerror}); name a document") from exc
