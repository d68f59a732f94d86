"""``matcher gallery move``: the index of a live home to a Milvus and back, while searches and enrolment go on."""

import json as js
import random
import time
from dataclasses import asdict
from typing import Annotated

import typer

from api.cli.console import progress, remark, say
from api.cli.exits import Exit, tell
from api.cli.options import HomeOption, settings_of
from matcher.engine_choice import as_recorded, open_records, require_records
from matcher.engines.opening import engine_spec
from matcher.errors import BadField
from matcher.index_moving import Moved, MoveRefused, destination, move, shown
from matcher.index_place import forget_before, placement_of
from matcher.records.database import Database
from matcher.settings import Settings

app = typer.Typer(help="Where a gallery's index is: in the home or on a server.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Where a gallery's index is: in the home or on a server."""


@app.command("move")
def move_command(
    ctx: typer.Context,
    *,
    to: Annotated[
        str | None,
        typer.Option(
            "--to", help="A Milvus, as in milvus://host:19530, or local for the home's own index.", show_default=False
        ),
    ] = None,
    back: Annotated[bool, typer.Option("--back", help="To where the index was before the last move.")] = False,
    discard: Annotated[
        bool, typer.Option("--discard", help="Remove what the last move left behind; there is no --back then.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object about what was found, or where it is.")] = False,
    home: HomeOption = None,
) -> None:
    """Build the index in another place, compare it with the one in use, and let searches look there.

    May be interrupted and run again. Without options, say where the index is. Exit code 3 where the new index is not
    fit; searches then look where they did. Running services use the new place from their next start on.
    """
    if (to is not None) + back + discard > 1:
        raise BadField("move", "--to, --back and --discard stand alone; run one after the other")
    settings = as_recorded(require_records(settings_of(ctx, home, None)))
    with open_records(settings) as database:
        if discard:
            _discard(settings, database)
        elif to is not None or back:
            _move(settings, database, to, json=json)
            return
        _standing(database, json=json)


def _move(settings: Settings, database: Database, to: str | None, *, json: bool) -> None:
    place, started = destination(settings, database, to), time.monotonic()
    spec = engine_spec(settings.engine, home=settings.home)
    try:
        with progress("Writing entries") as told:
            moved = move(settings, database, spec, place, chance=random.Random(0), told=told)
    except MoveRefused as refusal:
        tell(str(refusal))
        raise typer.Exit(Exit.NOTHING_DONE) from refusal
    if json:
        print(js.dumps(asdict(moved)))
        return
    say(_found(moved))
    say(f"Searches look in the index {shown(place)} from now on ({time.monotonic() - started:.1f} s).")
    remark(
        "services that run use it from their next start on, and are in step until then; matcher gallery move --back "
        "returns, --discard removes what was left"
    )


def _found(moved: Moved) -> str:
    return (
        f"{moved.entries:,} entries for {moved.templates:,} templates; {moved.found} of {moved.searched} sampled "
        f"templates are there with their own vectors, recall of the 20 nearest {moved.recall:.4f}."
    )


def _discard(settings: Settings, database: Database) -> None:
    before = forget_before(settings, database)
    say("Nothing was left behind." if before is None else f"The index {shown(before)} was removed.")


def _standing(database: Database, *, json: bool) -> None:
    now = placement_of(database)
    if json:
        print(js.dumps({"place": now.place, "before": now.before}))
        return
    say(f"The index is {'' if not now.place else 'at '}{shown(now.place)}.")
    if now.before is not None:
        say(f"Before the last move it was {'' if not now.before else 'at '}{shown(now.before)}; it is kept there.")
