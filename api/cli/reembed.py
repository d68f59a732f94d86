"""``matcher reembed``: a home to another engine and back, while searches go on."""

import json as js
import random
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import progress, remark, say
from api.cli.exits import Exit, tell
from api.cli.options import HomeOption, WorkersOption, settings_to_ask
from matcher.build import with_engine
from matcher.engine_choice import key_of, open_records
from matcher.errors import BadField
from matcher.faces import EngineKey
from matcher.person import checked_gallery
from matcher.records.database import Database
from matcher.records.serving import Role, name_of
from matcher.reembedding import (
    Tally,
    begin,
    discard,
    embed_photos,
    photo_crew,
    remove_index,
    roll_back,
)
from matcher.reembedding import progress as progress_of
from matcher.reembedding_check import Checked, SwitchRefused, check, refuse_unfit, switch
from matcher.reembedding_report import standing, write_refused
from matcher.settings import Settings

REFUSED_FILE = "not-reembedded.csv"
_AT_MOST = 0.01
_CATCHING_UP = 5


def reembed(
    ctx: typer.Context,
    *,
    to: Annotated[
        str | None,
        typer.Option("--to", help="Make templates of every kept photo with this engine.", show_default=False),
    ] = None,
    gallery: Annotated[
        str | None, typer.Option("--gallery", help="With --to: of this gallery's photos only.", show_default=False)
    ] = None,
    switched: Annotated[
        bool, typer.Option("--switch", help="Check the new engine's index, then let searches use it.")
    ] = False,
    at_most: Annotated[
        float,
        typer.Option(
            "--at-most", min=0, max=1, help="The share of photos that searches may lose with the switch, as in 0.02."
        ),
    ] = _AT_MOST,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Let searches use the engine from before the switch again.")
    ] = False,
    discarded: Annotated[
        bool, typer.Option("--discard", help="Remove the templates and the index of the engine that does not serve.")
    ] = False,
    refused: Annotated[
        Path, typer.Option("--refused", help="Where to list photos of which no template could be made, and why.")
    ] = Path(REFUSED_FILE),
    workers: WorkersOption = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object about how things stand at the end.")] = False,
    home: HomeOption = None,
) -> None:
    """Move a home to another engine while the old one serves, and back. Without options, say how things stand.

    May be interrupted and run again: nothing is done twice. Exit code 3 where the switch is refused.
    """
    settings = settings_to_ask(ctx, home, None, workers=workers)
    name = None if gallery is None else checked_gallery(gallery)
    _refuse_contradictions(to=to, gallery=name, switched=switched, rollback=rollback, discarded=discarded)
    with open_records(settings) as database:
        try:
            if to is not None:
                _embed(settings, database, key_of(with_engine(settings, to)), name, refused)
            if switched:
                _switch(settings, database, at_most, refused)
        except SwitchRefused as refusal:
            tell(str(refusal))
            raise typer.Exit(Exit.NOTHING_DONE) from refusal
        if rollback:
            _roll_back(database)
        if discarded:
            _discard(settings, database)
        _standing(database, json=json)


def _refuse_contradictions(
    *, to: str | None, gallery: str | None, switched: bool, rollback: bool, discarded: bool
) -> None:
    if (to is not None or switched) + rollback + discarded > 1:
        raise BadField("reembed", "--rollback and --discard stand alone; --to and --switch may come together")
    if gallery is not None and to is None:
        raise BadField("gallery", "--gallery narrows --to; the switch is of the whole home, as searches are")


def _embed(settings: Settings, database: Database, to: EngineKey, gallery: str | None, refused: Path) -> None:
    begin(database, to, unless_recorded=key_of(settings))
    tally, started = Tally(), time.monotonic()
    try:
        _make(settings, database, to, gallery, tally)
    except BaseException:
        remark(f"ended early; {tally.made:,} templates of {to} are kept, the same command goes on from there")
        raise
    finally:
        listed = write_refused(refused, database, to)
    seconds = time.monotonic() - started
    tried = tally.made + tally.refused + tally.lost
    say(f"{tally.made:,} templates of {to} made in {seconds:.1f} s ({tried / max(seconds, 1e-3):.0f} photos/s).")
    if tally.lost:
        remark(f"photos whose process ended while it worked on them: {tally.lost}; run the same command again")
    if listed:
        say(f"Photos without a template of {to}: {listed:,}; why is in {refused}.")


def _make(
    settings: Settings, database: Database, to: EngineKey, gallery: str | None, tally: Tally, *, giving_up: bool = False
) -> None:
    waiting = progress_of(database, to).waiting
    with photo_crew(settings, to, photos=waiting) as crew, progress("Embedding photos") as told:
        embed_photos(database, to, crew, tally=tally, gallery=gallery, giving_up=giving_up, told=told)


def _switch(settings: Settings, database: Database, at_most: float, refused: Path) -> None:
    now = progress_of(database)
    to = now.engines.beside
    if now.engines.role is Role.PREVIOUS:
        raise SwitchRefused(f"{to} served before the last switch; matcher reembed --rollback returns to it")
    if now.engines.role is not Role.INCOMING:
        raise SwitchRefused("no engine is being prepared; begin with matcher reembed --to ENGINE")
    for _ in range(_CATCHING_UP):
        # Photos that a process without the new engine added since.
        if not progress_of(database).waiting:
            break
        _make(settings, database, to, None, Tally(), giving_up=True)
    checked = check(settings, database, to, chance=random.Random(0))
    refuse_unfit(checked)
    say(_looked(checked))
    before = switch(database, to, at_most=at_most)
    write_refused(refused, database, to)
    say(
        f"Searches use {to} from now on, running services too. {before.engines.serving} is kept: matcher reembed "
        "--rollback returns to it at once, --discard removes it."
    )


def _looked(checked: Checked) -> str:
    said = (
        f"{checked.found} of {checked.searched} sampled templates were found with themselves, index and records agree."
    )
    if checked.mated:
        said += (
            f" Of {checked.mated} people with several photos, another photo of theirs came first for "
            f"{checked.first_before} before, for {checked.first_now} now."
        )
    return said


def _roll_back(database: Database) -> None:
    before = roll_back(database)
    say(f"Searches use {before.engines.beside} again.")
    if before.lacking:
        remark(
            f"photos without a template of it: {before.lacking:,}; searches don't find those. matcher reembed --to "
            f"{name_of(before.engines.beside)} makes what can be made"
        )


def _discard(settings: Settings, database: Database) -> None:
    with progress("Removing templates") as told:
        engine, count = discard(database, told=told)
    remove_index(settings, database, engine)
    say(f"{count:,} templates of {engine} and its index were removed.")


def _standing(database: Database, *, json: bool) -> None:
    now = progress_of(database)
    if json:
        print(js.dumps({**asdict(now), "waiting": now.waiting, "lacking": now.lacking}))
        return
    for line in standing(now):
        say(line)
