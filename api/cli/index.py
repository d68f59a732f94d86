"""``matcher index``: the index that searches look in, which can always be made again from the records."""

import time

import typer

from api.cli.console import say
from api.cli.exits import Exit, tell
from api.cli.options import EngineOption, HomeOption, settings_to_ask
from index.base import Stats
from matcher.build import open_parts
from matcher.engine_choice import open_records
from matcher.index_place import index_root, renew_key
from matcher.index_secret import renew_index_secret
from matcher.protection.guard import RecordsGuard
from matcher.wording import counted

app = typer.Typer(help="Verify or rebuild the index that searches look in.", no_args_is_help=True)


@app.command()
def verify(ctx: typer.Context, *, home: HomeOption = None, engine: EngineOption = None) -> None:
    """Read every file of the index, and compare it with the records; exit code 1 where something is wrong."""
    settings = settings_to_ask(ctx, home, engine)
    with open_parts(settings) as parts:
        on_disk = parts.index.verify()
        problems = parts.gallery.check()
        stats = parts.index.stats()
    for problem in problems:
        tell(f"{problem.kind.value}: {problem.message}")
    if problems:
        raise typer.Exit(Exit.PROBLEMS)
    read = f", {stats.disk_bytes / 2**20:,.1f} MiB read" if on_disk else f", {stats.details.get('place', 'in memory')}"
    say(f"{_holds(stats)}{read}; it agrees with the records.")


@app.command()
def rebuild(ctx: typer.Context, *, home: HomeOption = None, engine: EngineOption = None) -> None:
    """Make the index anew from the records; other processes go on searching the old one until it is done."""
    started = time.monotonic()
    with open_parts(settings_to_ask(ctx, home, engine)) as parts:
        parts.gallery.rebuild()
        stats = parts.index.stats()
    say(f"{_holds(stats)}, rebuilt in {time.monotonic() - started:.1f} s.")


@app.command()
def renew(ctx: typer.Context, *, home: HomeOption = None, engine: EngineOption = None) -> None:
    """Store all vectors under a new secret: copies of the old index can't be compared with the new one.

    Indexes of other engines are rebuilt at their next use.
    """
    settings = settings_to_ask(ctx, home, engine)
    started = time.monotonic()
    with open_records(settings) as database:
        renew_index_secret(index_root(settings.home), RecordsGuard(database))
        renew_key(database)
    # An index that was made with the old secret is refused, and so rebuilt, where it is opened.
    with open_parts(settings) as parts:
        stats = parts.index.stats()
    say(f"There is a new secret. {_holds(stats)}, rebuilt in {time.monotonic() - started:.1f} s.")


def _holds(stats: Stats) -> str:
    return f"The {stats.kind} index holds {counted(stats.entries, 'template')}"
