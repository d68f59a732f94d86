"""``matcher keys``: the key that protects a home's photos and templates."""

import json as js
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import progress, remark, say
from api.cli.options import Given, HomeOption
from matcher.engine_choice import open_records, require_records
from matcher.errors import AlreadyThere, BadSetting
from matcher.index_place import guard_key, index_root
from matcher.index_secret import guard_index_secret
from matcher.protection import keys as protection
from matcher.protection.guard import RecordsGuard
from matcher.protection.master import FILE_VARIABLE, KeyRefused, key_in, make_key_file, master_key
from matcher.protection.sealing import Key
from matcher.records.database import Database
from matcher.settings import Settings, load_settings
from matcher.wording import counted

app = typer.Typer(help="Encrypt photos and templates at rest, and look after the key.", no_args_is_help=True)


@app.command()
def init(
    ctx: typer.Context,
    *,
    file: Annotated[
        Path | None,
        typer.Option("--out", help="Make a key and write it here, outside the home.", show_default=False),
    ] = None,
    home: HomeOption = None,
) -> None:
    """Give a home a key: what is written from now on is encrypted. With --out a new one, else the environment's."""
    settings = _settings(ctx, home)
    if file is not None:
        _refuse_inside(file, settings.home)
    with open_records(settings) as database:
        if protection.status(database).keys:
            raise AlreadyThere("this home has a key already; matcher keys status says which")
        key = make_key_file(file) if file is not None else _environments_key()
        protection.begin(database, key)
    say(f"This home has the key {key.fingerprint}: photos and templates that are added from now on are encrypted.")
    if file is not None:
        say(f"Set {FILE_VARIABLE}={file.absolute()} for everything that uses this home, and keep a copy of the")
        say("file safe: without it nothing that is encrypted can be read again.")
    say("What is there already is encrypted by: matcher keys encrypt")


@app.command()
def encrypt(ctx: typer.Context, *, home: HomeOption = None) -> None:
    """Encrypt what is there already. May be interrupted and run again; searches go on meanwhile."""
    settings = require_records(_settings(ctx, home))
    with open_records(settings) as database, progress("Encrypting") as told:
        count = _encrypt(settings, database, told)
    say(f"{counted(count, 'value')} encrypted; all of this home is now, and plain photos and templates are refused.")


@app.command()
def rotate(
    ctx: typer.Context,
    *,
    to: Annotated[
        Path, typer.Option("--to", help="The new key's file, outside the home; made if not there.", show_default=False)
    ],
    data: Annotated[
        bool, typer.Option("--data", help="Also encrypt all photos and templates anew, with a new data key.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Protect the home with another key; the one of the environment is needed once more."""
    settings = require_records(_settings(ctx, home))
    _refuse_inside(to, settings.home)
    with open_records(settings) as database:
        old = _environments_key()
        new = key_in(to) if to.exists() else make_key_file(to)
        if data:
            protection.replace(database, old)
            with progress("Encrypting") as told:
                count = _encrypt(settings, database, told)
            remark(f"{counted(count, 'value')} encrypted anew")
        protection.rotate(database, old, new)
    say(f"The home is protected by key {new.fingerprint} now, no longer by {old.fingerprint}.")
    say(f"Set {FILE_VARIABLE}={to.absolute()} for everything that uses this home, and start services anew.")
    say("Backups that were made before still need the old key.")


@app.command()
def status(
    ctx: typer.Context,
    *,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    home: HomeOption = None,
) -> None:
    """Say how the home is protected, and whether the right key is there."""
    with open_records(require_records(_settings(ctx, home))) as database:
        found = protection.status(database)
    given = master_key()
    if json:
        print(js.dumps({**asdict(found), "given": given.fingerprint if given else ""}))
        return
    if not found.keys:
        say("This home has no key: photos and templates lie in it as they are. matcher keys init begins one.")
        return
    say(f"Photos and templates are encrypted with AES-256-GCM under key {found.master}.")
    say(
        f"Not encrypted yet: {found.waiting_templates:,} of {found.templates:,} templates, "
        f"{found.waiting_photos:,} of {found.photos:,} photos."
        if not found.complete
        else "Everything is encrypted; plain photos and templates are refused."
    )
    if given is None or given.fingerprint != found.master:
        raise KeyRefused(
            f"the key given is {given.fingerprint if given else 'none'}, this home needs {found.master}; name its file "
            f"with {FILE_VARIABLE}"
        )


def _settings(ctx: typer.Context, home: Path | None) -> Settings:
    before = ctx.obj if isinstance(ctx.obj, Given) else Given()
    return load_settings(home or before.home)


def _encrypt(settings: Settings, database: Database, told: protection.Told) -> int:

    def beside() -> None:
        guard_index_secret(index_root(settings.home), RecordsGuard(database))
        guard_key(database)

    return protection.encrypt(database, beside=beside, told=told)


def _environments_key() -> Key:
    key = master_key()
    if key is None:
        raise BadSetting(f"no key is given; name its file with {FILE_VARIABLE}; matcher keys init --out makes one")
    return key


def _refuse_inside(file: Path, home: Path) -> None:
    if file.absolute().resolve().is_relative_to(home.resolve()):
        raise BadSetting(f"{file} is in the home; whoever copies the home must not get its key, name another place")
