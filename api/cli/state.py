"""``matcher stats`` and ``matcher doctor``: what there is, and whether all is well."""

import json as js
from dataclasses import asdict
from typing import Annotated

import typer

from api.cli.console import out, say, table
from api.cli.exits import Exit, plain
from api.cli.options import EngineOption, HomeOption, settings_of
from matcher.build import open_gallery
from matcher.diagnosis import Finding, Level, diagnose

_STYLES = {Level.OK: "green", Level.REMARK: "yellow", Level.PROBLEM: "bold red"}


def stats(
    ctx: typer.Context,
    *,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    home: HomeOption = None,
    engine: EngineOption = None,
) -> None:
    """How much the records hold, by gallery and engine."""
    settings = settings_of(ctx, home, engine)
    with open_gallery(settings) as gallery:
        state = gallery.state()
    size = sum(file.stat().st_size for file in settings.home.rglob("*") if file.is_file())
    if json:
        galleries = {name: asdict(part) for name, part in state.galleries.items()}
        facts = {"home": str(settings.home), "disk_bytes": size, "engine": state.engine, "version": state.version}
        print(js.dumps({**facts, "galleries": galleries}))
        return
    say(f"{settings.home}: {size / 2**20:,.1f} MiB, version {state.version} of the records, engine {state.engine}")
    listed = table("gallery", "people", "photos", "searchable photos", right=("people", "photos", "searchable photos"))
    for name, part in state.galleries.items():
        searchable = part.templates.get(state.engine, 0)
        listed.add_row(plain(name), f"{part.people:,}", f"{part.photos:,}", f"{searchable:,}")
    out().print(listed)


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
    settings = settings_of(ctx, home, engine)
    if rebuild:
        with open_gallery(settings) as gallery:
            gallery.rebuild()
    problems = 0
    for finding in diagnose(settings, contents=contents):
        problems += finding.level is Level.PROBLEM
        if json:
            print(js.dumps(asdict(finding)), flush=True)
        else:
            _show(finding)
    if problems:
        raise typer.Exit(Exit.PROBLEMS)


def _show(finding: Finding) -> None:
    console = out()
    console.print(f"{finding.level.value:8}", style=_STYLES[finding.level], end="")
    console.print(f"{finding.about:10} {plain(finding.message)}", soft_wrap=True)
