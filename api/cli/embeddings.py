"""``matcher import-embeddings`` and ``matcher export-embeddings``: templates in and out, without photos."""

import csv
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import progress, remark, say
from api.cli.exits import Exit, tell
from api.cli.galleries import tell_held
from api.cli.options import EngineOption, GalleryOption, HomeOption, IntoGallery, settings_of, settings_to_ask
from matcher.build import open_parts
from matcher.embeddings import Embeddings, read_npy
from matcher.engines.opening import engine_spec
from matcher.errors import BadManifest
from matcher.exporting import export_embeddings
from matcher.importing import ImportTally, Refuse, RefusedRow, import_embeddings
from matcher.interchange import read_parquet
from matcher.person import checked_gallery
from matcher.settings import Settings
from matcher.sources import REFUSED_FILE, latest_day
from matcher.tables import cell, path_cell, writing_whole
from matcher.wording import counted

IdsOption = Annotated[
    Path | None,
    typer.Option(
        "--ids",
        help="For .npy: a text file with an id a line, or a CSV with person_id and any of the person's fields.",
        show_default=False,
    ),
]
_COLUMNS = ("source", "row", "person_id", "code", "reason")


def import_command(
    ctx: typer.Context,
    *,
    file: Annotated[
        Path,
        typer.Argument(
            help="A .parquet with person_id, vector and any of the person's fields; or a .npy of float32 rows, whose "
            "ids come from --ids, or are the rows' numbers from 0.",
            show_default=False,
        ),
    ],
    ids: IdsOption = None,
    gallery: IntoGallery = "main",
    refused: Annotated[Path, typer.Option("--refused", help="Where to list rows that were not imported, and why.")] = (
        Path(REFUSED_FILE)
    ),
    home: HomeOption = None,
    engine: EngineOption = None,
) -> None:
    """Add people by embeddings made elsewhere with the same engine. May be interrupted and run again."""
    settings = settings_of(ctx, home, engine)
    into = checked_gallery(gallery)
    if file.suffix.lower() != ".npy" and ids is not None:
        raise BadManifest("--ids is for .npy files; a Parquet file has its ids in the column person_id")
    tally, started = ImportTally(), time.monotonic()
    try:
        with _refusals(refused, file) as refuse:
            _import(settings, file, ids, into=into, tally=tally, refuse=refuse)
    except BaseException:
        if tally.rows:
            remark(f"ended early; {counted(tally.rows, 'row')} done, the same command goes on from there")
        raise
    seconds = time.monotonic() - started
    say(
        f"Rows: {tally.added:,} added, {tally.known:,} known already, {tally.refused:,} refused. "
        f"People: {tally.people_new:,} new, {tally.people_updated:,} updated."
    )
    say(f"{counted(tally.rows, 'row')} in {seconds:.1f} s ({tally.rows / max(seconds, 1e-3):,.0f}/s).")
    if tally.refused:
        say(f"Why rows were refused is in {refused}.")
    if not tally.added + tally.known:
        tell(f"no row was imported; {refused} says why for each" if tally.rows else f"{file} has no rows")
        raise typer.Exit(Exit.NOTHING_DONE)


def export_command(
    ctx: typer.Context,
    *,
    file: Annotated[Path, typer.Argument(help="A .parquet, or a .npy with its ids beside it.", show_default=False)],
    ids: Annotated[
        Path | None,
        typer.Option("--ids", help="For .npy: where the ids and fields go; FILE.ids.csv if not given."),
    ] = None,
    gallery: GalleryOption = None,
    home: HomeOption = None,
    engine: EngineOption = None,
) -> None:
    """Write every template with its person's fields. The file is biometric data: keep it as safe as the records."""
    settings = settings_to_ask(ctx, home, engine)
    chosen = checked_gallery(gallery) if gallery is not None else None
    started = time.monotonic()
    with open_parts(settings) as parts, progress("Exporting templates") as told:
        count = export_embeddings(parts, file, gallery=chosen, ids=ids, progress=told)
        key = parts.gallery.engine
    say(f"{counted(count, 'template')} of {key} in {file} ({time.monotonic() - started:.1f} s).")


def _import(settings: Settings, file: Path, ids: Path | None, *, into: str, tally: ImportTally, refuse: Refuse) -> None:
    source = _read(file, ids, engine_spec(settings.engine, home=settings.home).dimension)
    with open_parts(settings, expecting=source.rows) as parts, progress("Importing") as told:
        import_embeddings(
            source, parts.gallery, into=into, today=latest_day(), tally=tally, refuse=refuse, progress=told
        )
        tell_held(parts.database)
        gathered = parts.index.gathers and tally.added
    if gathered:
        remark("building the index of what was imported")
        with open_parts(settings) as parts:
            parts.index.compact()


def _read(file: Path, ids: Path | None, dimension: int) -> Embeddings:
    kind = file.suffix.lower()
    if kind == ".npy":
        return read_npy(file, ids, dimension)
    if kind == ".parquet":
        return read_parquet(file, dimension)
    raise BadManifest(f"{file} is neither .parquet nor .npy; name the file by what it is")


@contextmanager
def _refusals(path: Path, source: Path) -> Iterator[Refuse]:
    """Writes refused rows as they come; the list is there after an interruption too."""
    ended: BaseException | None = None
    with writing_whole(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        place = path_cell(str(source))

        def refuse(row: RefusedRow) -> None:
            writer.writerow((place, row.row, cell(row.person_id), row.code, cell(row.reason)))

        try:
            yield refuse
        except BaseException as exc:  # noqa: BLE001 - raised again below, once the list is written
            ended = exc
    if ended is not None:
        raise ended
