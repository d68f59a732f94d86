"""``matcher stats`` and ``matcher doctor``: what there is, and whether all is well."""

import json as js
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import out, say, table
from api.cli.exits import Exit, plain
from api.cli.options import EngineOption, HomeOption, settings_as_given, settings_of, settings_to_ask
from index.base import Stats
from matcher.build import open_gallery, open_parts
from matcher.diagnosis import Finding, Level, diagnose
from matcher.errors import RecordsError
from matcher.reembedding import progress
from matcher.reembedding_report import standing
from matcher.settings import Settings
from matcher.wording import counted

_STYLES = {Level.OK: "green", Level.REMARK: "yellow", Level.PROBLEM: "bold red"}


def stats(
    ctx: typer.Context,
    *,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    home: HomeOption = None,
    engine: EngineOption = None,
) -> None:
    """How much the records hold, by gallery and engine, and what the index says of itself."""
    settings = settings_to_ask(ctx, home, engine)
    with open_parts(settings) as parts:
        state, index, move = parts.gallery.state(), parts.index.stats(), progress(parts.database)
    size = _size(settings.home)
    if json:
        galleries = {name: asdict(part) for name, part in state.galleries.items()}
        facts = {"home": str(settings.home), "disk_bytes": size, "engine": state.engine, "version": state.version}
        moving = {**asdict(move), "waiting": move.waiting, "lacking": move.lacking}
        print(js.dumps({**facts, "galleries": galleries, "index": asdict(index), "engines": moving}))
        return
    say(f"{settings.home}: {size / 2**20:,.1f} MiB, version {state.version} of the records, engine {state.engine}")
    listed = table("gallery", "people", "photos", "searchable photos", right=("people", "photos", "searchable photos"))
    for name, part in state.galleries.items():
        searchable = part.templates.get(state.engine, 0)
        listed.add_row(plain(name), f"{part.people:,}", f"{part.photos:,}", f"{searchable:,}")
    out().print(listed)
    for key in sorted({key for part in state.galleries.values() for key in part.templates}):
        count = sum(part.templates.get(key, 0) for part in state.galleries.values())
        say(f"templates of {key}: {count:,}")
    for line in standing(move):
        say(line)
    say(index_words(index))


def index_words(stats: Stats) -> str:
    """What an index says of itself, in a line."""
    compares = "compares with every template" if stats.exact else "searches codes, then compares the nearest exactly"
    held = int(stats.details.get("memory_bytes", 0)) / 2**20
    disk = f" and {stats.disk_bytes / 2**20:,.1f} MiB on disk, which all processes share" if stats.disk_bytes else ""
    place = f"in {held:,.1f} MiB of memory{disk}"
    measured = "" if stats.exact else f"; measured recall {stats.recall:.4f}, asked for {stats.recall_target}"
    trouble = stats.details.get("last_compaction_error", "")
    ended = f"; the last compaction failed: {trouble}" if trouble else ""
    return f"index: {stats.kind}, {counted(stats.entries, 'template')} {place}; {compares}{measured}{ended}"


def _size(home: Path) -> int:
    size = 0
    for file in home.rglob("*"):
        # Files of the index and of SQLite come and go while others write.
        with suppress(FileNotFoundError):
            size += file.stat().st_size if file.is_file() else 0
    return size


def doctor(
    ctx: typer.Context,
    *,
    contents: Annotated[
        bool, typer.Option("--contents", help="Also read every kept photo and compare its SHA-256.")
    ] = False,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="First make the index anew from the records.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    home: HomeOption = None,
    engine: EngineOption = None,
) -> None:
    """Look at programs, models, processor, disk, records and index; exit code 1 where something is wrong."""
    settings = given = settings_as_given(ctx, home, engine)
    # Records that can't be read are a finding of their own.
    with suppress(RecordsError):
        settings = settings_of(ctx, home, engine)
    if rebuild:
        with open_gallery(settings) as gallery:
            gallery.rebuild()
    problems = 0
    for finding in chain(_chosen(given, settings), diagnose(settings, contents=contents)):
        problems += finding.level is Level.PROBLEM
        if json:
            print(js.dumps(asdict(finding)), flush=True)
        else:
            _show(finding)
    if problems:
        raise typer.Exit(Exit.PROBLEMS)


def _chosen(given: Settings, settings: Settings) -> Iterator[Finding]:
    if given.engine != settings.engine:
        message = f"the settings name {given.engine}, this home's searches use {settings.engine}, as it records"
        yield Finding("engine", Level.REMARK, message)


def _show(finding: Finding) -> None:
    console = out()
    console.print(f"{finding.level.value:8}", style=_STYLES[finding.level], end="")
    console.print(f"{finding.about:10} {plain(finding.message)}", soft_wrap=True)
