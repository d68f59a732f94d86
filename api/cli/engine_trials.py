"""``matcher engines join`` and ``matcher engines compare``: two engines as one, and several side by side."""

import json as js
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import out, progress, remark, say, table
from api.cli.exits import plain
from api.cli.options import HomeOption, TopOption, WorkersOption, settings_as_given
from matcher.engines.opening import DLIB_RESNET
from matcher.errors import BadEngine
from matcher.settings import Settings

if TYPE_CHECKING:
    from matcher.engine_comparison import Compared
    from matcher.engine_joining import Weight
    from matcher.evaluation.fairness import Unevenness
    from matcher.evaluation.rates import Figure

SeveralOption = Annotated[
    str,
    typer.Option(
        "--several-faces",
        help="Gallery photos with several faces of similar size: refuse, as enroll does, or take the most prominent "
        "face.",
    ),
]


def join(
    ctx: typer.Context,
    *,
    name: Annotated[str, typer.Argument(help="What to call the joined engine.", show_default=False)],
    of: Annotated[list[str], typer.Option("--of", help="An engine; give two.", show_default=False)],
    weight: Annotated[
        float | None,
        typer.Option("--weight", help="Of the first engine against the second.", show_default=False),
    ] = None,
    photos: Annotated[
        Path | None,
        typer.Option(
            "--photos",
            help="Weigh them on the gallery photos of this CSV (photo,person_id,role,probe_kind) instead of your own "
            "galleries' kept photos.",
            show_default=False,
        ),
    ] = None,
    home: HomeOption = None,
) -> None:
    """Join two engines: both look at every photo, and one template holds what both see."""
    from matcher.engine_joining import Weight, join_engines, joinable

    settings = settings_as_given(ctx, home, DLIB_RESNET)
    if len(of) != 2:
        raise BadEngine(f"{len(of)} engines are named; name two, each with --of")
    if weight is not None and photos is not None:
        raise BadEngine("both --weight and --photos are given; leave one away")
    parts = of[0], of[1]
    joinable(settings.home, name, parts)
    chosen = _weighed(settings, parts, photos) if weight is None else Weight(weight, "given by hand")
    joined = join_engines(settings.home, name, parts, chosen, today=datetime.now(UTC).date().isoformat())
    say(f"Joined {name}@{joined.version}: {parts[0]} counts {joined.weight:g} to 1 of {parts[1]} ({chosen.origin}).")


def compare(
    ctx: typer.Context,
    *,
    manifest: Annotated[
        Path,
        typer.Argument(
            help="A CSV with photo,person_id,role,probe_kind and perhaps group, as for matcher evaluate.",
            show_default=False,
        ),
    ],
    engine: Annotated[list[str], typer.Option("--engine", help="An engine; may be repeated.", show_default=False)],
    several_faces: SeveralOption = "refuse",
    top: TopOption = None,
    workers: WorkersOption = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object an engine and line.")] = False,
    home: HomeOption = None,
) -> None:
    """Measure engines on photos of which it is known who they show; your own records are never read or written."""
    # All of this is loaded for this command alone.
    from matcher.engine_comparison import compare as compared
    from matcher.evaluation.plan import read_plan
    from matcher.evaluation.results import plain as as_json
    from matcher.evaluation.running import SeveralFaces

    if several_faces not in set(SeveralFaces):
        raise typer.BadParameter(f"{several_faces!r} is not one of refuse, take", param_hint="'--several-faces'")
    settings = settings_as_given(ctx, home, DLIB_RESNET, top=top, workers=workers)
    plan = read_plan(manifest)
    found = compared(plan, settings, engine, several_faces=SeveralFaces(several_faces), stage=progress)
    if json:
        for one in found:
            print(js.dumps(as_json(one)))
        return
    _show(found)


def _show(found: Sequence["Compared"]) -> None:
    targets = [point.target for point in found[0].points]
    numbers = ("people", "face found", "rank 1", *(f"FNIR at FPIR {target:g}" for target in targets), "ms a photo")
    listed = table("engine", *numbers, right=numbers)
    for one in found:
        rates = [_rate(point.fnir) for point in one.points]
        shares = _rate(one.found), _rate(one.rank_1)
        listed.add_row(one.engine, f"{one.people:,}", *shares, *rates, f"{one.milliseconds:.1f}")
    out().print(listed)
    remark("  In brackets 95 % intervals over people. Engines whose intervals overlap a good deal may be equally good.")
    for one in found:
        if one.refused:
            remark(f"  {one.engine}: {one.refused:,} gallery photos were refused; their people count as missed.")
        if one.fairness is not None:
            uneven = (("false alarms", one.fairness.false_alarms), ("misses", one.fairness.misses))
            said = "; ".join(f"{what} {_uneven(figure)}" for what, figure in uneven)
            remark(f"  {one.engine}, by group: {plain(said)}.")


def _rate(figure: "Figure") -> str:
    return f"{figure.value:.4f} ({figure.low:.3f}-{figure.high:.3f})"


def _uneven(one: "Unevenness") -> str:
    if one.too_few:
        return f"too few to compare ({one.too_few})"
    if not math.isfinite(one.ratio):
        return f"none in {one.best}, so there is no ratio"
    return f"{one.worst} {one.ratio:.1f} times {one.best} ({one.low:.1f}-{one.high:.1f})"


def _weighed(settings: Settings, parts: tuple[str, str], photos: Path | None) -> "Weight":
    from matcher.engine_choice import as_recorded
    from matcher.engine_joining import own_photos, weigh
    from matcher.evaluation.plan import read_plan

    if photos is None:
        return weigh(settings, parts, own_photos(as_recorded(settings)), origin="the galleries' own photos")
    first = {entry.person_id: Path(entry.path) for entry in reversed(read_plan(photos).gallery)}
    return weigh(settings, parts, (path.read_bytes() for path in first.values()), origin=f"the photos of {photos.name}")
