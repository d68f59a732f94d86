"""``matcher audit``: the chain verified, checkpoints signed, entries shown and written out."""

import json as js
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import out, progress, remark, say, table
from api.cli.exits import Exit, plain, tell
from api.cli.options import Given, HomeOption
from matcher.audit import asking, signing, verifying
from matcher.audit.chain import append
from matcher.audit.entry import Action, Entry, path_text
from matcher.audit.inspecting import sign_checkpoint
from matcher.audit.signing import KEY_NAME, KEY_VARIABLE
from matcher.build import open_database
from matcher.errors import AuditNotWhole, BadField, BadSetting, RecordsUnavailable
from matcher.records.database import Database
from matcher.records.sqlite import FILE_NAME
from matcher.settings import Settings, load_settings
from matcher.tables import writing_whole

app = typer.Typer(help="Verify, sign, show and export the record of who did what.", no_args_is_help=True)

KeyOption = Annotated[
    Path | None,
    typer.Option("--key", help=f"The private key. [{KEY_VARIABLE}, else {KEY_NAME} in the home]", show_default=False),
]
SubjectOption = Annotated[
    str | None,
    typer.Option(
        "--subject", help="About this one: person:GALLERY/ID, photo:SHA256, gallery:NAME.", show_default=False
    ),
]
ActorOption = Annotated[str | None, typer.Option("--actor", help="By this one, as in os:anna.", show_default=False)]
ActionOption = Annotated[Action | None, typer.Option("--action", help="Of this kind.", show_default=False)]
SinceOption = Annotated[
    str | None,
    typer.Option("--since", help="From this time on: 2026-03-01, or 2026-03-01T09:30 (UTC).", show_default=False),
]
UntilOption = Annotated[str | None, typer.Option("--until", help="Before this time.", show_default=False)]


@app.command()
def verify(
    ctx: typer.Context,
    *,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option("--checkpoint", help="Also hold the chain against this; may be repeated.", show_default=False),
    ] = None,
    public_key: Annotated[
        Path | None,
        typer.Option(
            "--public-key", help="Who signed the checkpoints. [the key's .pub in the home]", show_default=False
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", help="Verify this export of the whole chain instead; no home needed.", show_default=False
        ),
    ] = None,
    home: HomeOption = None,
) -> None:
    """Find any entry that was removed, altered, inserted or moved; exit code 1 where one was.

    Without a checkpoint from elsewhere, a chain that was cut at its end or rewritten throughout by somebody with every
    right to the database looks whole.
    """
    known = _checkpoints(ctx, home, checkpoint or [], public_key)
    if file is not None:
        try:
            with file.open("rb") as lines:
                verdict = verifying.verify_lines(lines, known)
        except OSError as exc:
            raise BadSetting(
                f"{file} can't be read ({exc.strerror}); name a file that matcher audit export wrote"
            ) from exc
    else:
        with _records(ctx, home) as database, database.reading() as connection, progress("Verifying") as told:
            verdict = verifying.verify(connection, known, progress=told)
    if verdict.finding is not None:
        tell(f"the audit is not whole: {verdict.finding.message} ({verdict.finding.fault.value})")
        raise typer.Exit(Exit.PROBLEMS)
    against = f", as {len(known)} checkpoints say" if len(known) > 1 else ", as the checkpoint says" if known else ""
    say(f"{verdict.entries:,} entries, none altered, removed, inserted or moved{against}.")
    say(f"The last one's hash is {verdict.last.hex()}.")
    if not known:
        remark("A checkpoint kept elsewhere shows whether the last entries are missing, too: matcher audit checkpoint.")


@app.command()
def key(
    ctx: typer.Context,
    *,
    file: Annotated[
        Path | None, typer.Option("--out", help=f"Where to write it; {KEY_NAME} in the home if not given.")
    ] = None,
    home: HomeOption = None,
) -> None:
    """Make the key that checkpoints are signed with. Keep it away from this machine if you can."""
    place = file or _settings(ctx, home).home / KEY_NAME
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    public = signing.make_key(place)
    print_ = signing.fingerprint(signing.public_key(public))
    if (_settings(ctx, home).home / FILE_NAME).exists():
        with _records(ctx, home) as database, database.writing() as connection:
            append(connection, Entry(Action.KEY_CHANGED, (), {"what": "audit", "fingerprint": print_}))
    say(f"The private key is {place}, readable by its owner alone; the public key is {public}.")
    say(f"Fingerprint {print_}: give it, with the public key, to whoever verifies.")


@app.command()
def checkpoint(
    ctx: typer.Context,
    *,
    file: Annotated[Path, typer.Option("--out", help="Where to write it; keep it elsewhere.", show_default=False)],
    key: KeyOption = None,
    home: HomeOption = None,
) -> None:
    """Sign where the chain stands now. The chain is verified first; exit code 1 where it is not whole."""
    with _records(ctx, home) as database, progress("Verifying") as told:
        try:
            made = sign_checkpoint(database, _key_place(ctx, home, key), file=file, progress=told)
        except AuditNotWhole as fault:
            tell(str(fault))
            raise typer.Exit(Exit.PROBLEMS) from fault
    with writing_whole(file) as text:
        text.write(made)
    number = js.loads(made)["sequence"]
    say(f"Checkpoint of entry {number:,} in {file}; keep it where who can change the records can't reach it.")


@app.command()
def show(
    ctx: typer.Context,
    *,
    subject: SubjectOption = None,
    actor: ActorOption = None,
    action: ActionOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="Entries of a page.")] = 50,
    before: Annotated[
        int | None, typer.Option("--before", help="The page before this entry.", show_default=False)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line, as it was hashed.")] = False,
    home: HomeOption = None,
) -> None:
    """Show the newest entries, newest first."""
    wanted = _filter(subject, actor, action, since, until)
    with _records(ctx, home) as database, database.reading() as connection:
        lines = asking.page(connection, wanted, before=before, limit=limit)
    if json:
        for line in lines:
            print(line.body)
        return
    listed = table("entry", "time", "actor", "action", "subjects", "details", right=("entry",))
    for line in lines:
        listed.add_row(*_cells(line))
    out().print(listed)
    if len(lines) == limit:
        remark(f"more: --before {lines[-1].sequence}")


@app.command()
def export(
    ctx: typer.Context,
    *,
    file: Annotated[Path, typer.Option("--out", help="Where to write the lines.", show_default=False)],
    subject: SubjectOption = None,
    actor: ActorOption = None,
    action: ActionOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    home: HomeOption = None,
) -> None:
    """Write entries, oldest first, one JSON object a line, as they were hashed.

    The whole chain, without filters, can be verified anywhere: matcher audit verify --file.
    """
    wanted = _filter(subject, actor, action, since, until)
    asked = {"subject": subject, "actor": actor, "action": action, "since": since, "until": until}
    details = {"what": "audit", "file": path_text(file), **asked}
    count = 0
    with _records(ctx, home) as database:
        with database.writing() as connection:
            append(connection, Entry(Action.EXPORT, (), details))
        with database.reading() as connection, writing_whole(file) as text:
            for line in asking.stream(connection, wanted):
                text.write(line.body + "\n")
                count += 1
    say(f"{count:,} entries are in {file}.")


def _settings(ctx: typer.Context, home: Path | None) -> Settings:
    before = ctx.obj if isinstance(ctx.obj, Given) else Given()
    return load_settings(home or before.home)


@contextmanager
def _records(ctx: typer.Context, home: Path | None) -> Iterator[Database]:
    settings = _settings(ctx, home)
    if settings.database_url is None and not (settings.home / FILE_NAME).exists():
        raise RecordsUnavailable(f"there are no records in {settings.home}; name their home with --home")
    with closing(open_database(settings)) as database:
        yield database


def _key_place(ctx: typer.Context, home: Path | None, key: Path | None) -> Path:
    return key or signing.key_place(_settings(ctx, home).home)


def _checkpoints(
    ctx: typer.Context, home: Path | None, files: list[Path], public_key: Path | None
) -> list[signing.Checkpoint]:
    if not files:
        return []
    if public_key is None:
        public_key = signing.public_path(_key_place(ctx, home, None))
        if not public_key.exists():
            raise BadSetting("no public key is there to verify the checkpoint with; name it with --public-key")
        remark(f"the public key is taken from {public_key}; one that came by another way proves more")
    trusted = signing.public_key(public_key)
    return [signing.read_checkpoint(file, trusted) for file in files]


def _filter(
    subject: str | None, actor: str | None, action: Action | None, since: str | None, until: str | None
) -> asking.Filter:
    return asking.Filter(subject, actor, action, _time("since", since), _time("until", until))


def _time(name: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as exc:
        raise BadField(name, f"--{name} {text!a} is not a time; write it as in 2026-03-01 or 2026-03-01T09:30") from exc
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _cells(line: asking.Line) -> tuple[str, ...]:
    said = js.loads(line.body)
    details = js.dumps(said["details"], separators=(",", ":"), ensure_ascii=False)
    more = f" and {len(said['subjects']) - 3:,} more" if len(said["subjects"]) > 3 else ""
    about = " ".join(said["subjects"][:3]) + more
    texts = (said["at"][:19].replace("T", " "), said["actor"], said["action"], about, details[:200])
    return (str(line.sequence), *(plain(text) for text in texts))
