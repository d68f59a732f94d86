"""``matcher backup``, ``matcher restore`` and ``matcher person export``: a home, or a person, in one file."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import remark, say
from api.cli.options import Given, HomeOption, IntoGallery
from matcher.backup import back_up
from matcher.backup import restore as restored
from matcher.engine_choice import open_records, require_records
from matcher.person_export import export_person
from matcher.settings import Settings, load_settings
from matcher.wording import counted


def backup(
    ctx: typer.Context,
    *,
    file: Annotated[Path, typer.Option("--out", help="Where to write it, outside the home.", show_default=False)],
    without_index: Annotated[
        bool, typer.Option("--without-index", help="Leave the index out; it is built again from the records.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Write the whole home into one file, of one moment, while others search and enroll. It holds people's data."""
    settings = require_records(_settings(ctx, home))
    with open_records(settings) as database:
        made = back_up(settings.home, database, file, with_index=not without_index)
    say(f"{counted(len(made.files), 'file')}, {made.size / 2**20:,.1f} MiB, are in {file}, each with its SHA-256.")
    remark("What is encrypted stays so; neither its key nor the audit's private key is in the file.")


def restore(
    ctx: typer.Context,
    *,
    file: Annotated[Path, typer.Argument(help="What matcher backup wrote.", show_default=False)],
    home: HomeOption = None,
) -> None:
    """Make a new home of a backup, whole or not at all; the records go to MATCHER_DATABASE_URL where that is set."""
    settings = _settings(ctx, home)
    server = settings.database_url
    found = restored(file, settings.home, server=None if server is None else server.get_secret_value())
    where = f"{settings.home}" if server is None else f"{settings.home}, their records on the server"
    say(f"{counted(len(found.files), 'file')} of {found.made_at[:19]}Z, each as it was, are in {where}.")


def export(
    ctx: typer.Context,
    *,
    person_id: Annotated[str, typer.Argument(help="The person's id in the gallery.", show_default=False)],
    file: Annotated[Path, typer.Option("--out", help="The .zip to write.", show_default=False)],
    gallery: IntoGallery = "main",
    home: HomeOption = None,
) -> None:
    """Write everything that is kept about one person into a file, for that person: fields, photos, templates, uses."""
    with open_records(require_records(_settings(ctx, home))) as database:
        count = export_person(database, gallery, person_id, file)
    say(f"Everything about {person_id} in {gallery}, {counted(count, 'photo')} included, is in {file}.")


def _settings(ctx: typer.Context, home: Path | None) -> Settings:
    before = ctx.obj if isinstance(ctx.obj, Given) else Given()
    return load_settings(home or before.home)
