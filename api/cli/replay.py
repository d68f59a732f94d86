"""``matcher audit replay``: a search that the audit holds, made once more."""

import json as js
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import say
from api.cli.exits import Exit, plain, tell
from api.cli.options import EngineOption, HomeOption, settings_to_ask
from matcher.build import open_matcher, photo_limits
from matcher.photo import read_bytes
from matcher.replay import Replayed
from matcher.replay import replay as replayed


def replay(
    ctx: typer.Context,
    *,
    entry: Annotated[int, typer.Argument(min=1, help="The number of a search's entry.", show_default=False)],
    photo: Annotated[
        Path | None,
        typer.Argument(help="The photo that was searched with; one that is kept is found.", show_default=False),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    home: HomeOption = None,
    engine: EngineOption = None,
) -> None:
    """Make a search again and compare: the same result, or what has changed since.

    Exit code 3 where the result differs and something has changed, 1 where nothing has that explains it.
    """
    settings = settings_to_ask(ctx, home, engine)
    content = b"" if photo is None else read_bytes(photo, limits=photo_limits(settings))
    with open_matcher(settings) as matcher:
        found = replayed(matcher, entry, photo=content)
    if json:
        print(js.dumps({"entry": entry, "same": found.same, "changed": found.changed, "differs": found.differs}))
    else:
        _say_replayed(found)
    if not found.same:
        raise typer.Exit(Exit.NOTHING_DONE if found.is_explained else Exit.PROBLEMS)


def _say_replayed(found: Replayed) -> None:
    if found.same:
        say(f"Entry {found.sequence}: the same result, to the last bit.")
    else:
        say(f"Entry {found.sequence}: another result.")
    for line in found.differs:
        say(f"  {plain(line)}")
    if found.changed:
        say("Changed since:")
    for line in found.changed:
        say(f"  {plain(line)}")
    if not found.is_explained:
        tell("nothing that the search rested on has changed; records, index or program are not what they were")
