"""``matcher evaluate``: how often the product is wrong, on photos of which it is known who they show."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from api.cli.console import out, progress, remark, say, table
from api.cli.exits import plain
from api.cli.options import EngineOption, HomeOption, TopOption, WorkersOption, settings_of
from matcher.person import checked_gallery
from matcher.wording import counted


def evaluate(
    ctx: typer.Context,
    *,
    manifest: Annotated[
        Path,
        typer.Argument(
            help="A CSV with photo,person_id,role,probe_kind and perhaps group: role is gallery or probe, probe_kind "
            "mated or non-mated. Its photo paths are relative to it.",
            show_default=False,
        ),
    ],
    folder: Annotated[
        Path,
        typer.Option("--out", help="The folder for results.json, statement.html and the rest.", show_default=False),
    ],
    gallery: Annotated[
        str | None,
        typer.Option(
            "--gallery",
            help="Search this gallery of yours, which is only read, instead of one made of the gallery rows.",
            show_default=False,
        ),
    ] = None,
    several_faces: Annotated[
        str,
        typer.Option(
            "--several-faces",
            help="Gallery photos with several faces of similar size: refuse, as enroll does, or take the most "
            "prominent face.",
        ),
    ] = "refuse",
    top: TopOption = None,
    workers: WorkersOption = None,
    encoding: Annotated[
        str, typer.Option("--encoding", help="The CSV's text encoding if it is not UTF-8, as in gb18030.")
    ] = "",
    home: HomeOption = None,
    engine: EngineOption = None,
) -> None:
    """Measure error rates with the engine, settings and calibration in use; your own records are never written."""
    # All of this is loaded for this command alone.
    from matcher.evaluation.plan import read_plan
    from matcher.evaluation.results import results_of
    from matcher.evaluation.running import SeveralFaces, run
    from matcher.evaluation.writing import STATEMENT_FILE, make_folder, write_all

    if several_faces not in set(SeveralFaces):
        raise typer.BadParameter(f"{several_faces!r} is not one of refuse, take", param_hint="'--several-faces'")
    settings = settings_of(ctx, home, engine, top=top, workers=workers)
    name = checked_gallery(gallery) if gallery is not None else ""
    plan = read_plan(manifest, own_gallery=bool(name), encoding=encoding)
    make_folder(folder)
    done = run(plan, settings, own_gallery=name, several_faces=SeveralFaces(several_faces), stage=progress)
    results = results_of(done, at=datetime.now(UTC))
    write_all(folder, results, plan, done.searches, done.refused)
    _show(results)
    say(f"To disclose: {folder / STATEMENT_FILE}, two pages; every figure is in results.json beside it.")


def _show(results: Mapping[str, Any]) -> None:
    data, gallery, rates = results["data"], results["gallery"], results["rates"]
    say(
        f"{counted(gallery['people'], 'person', 'people')} in the gallery; "
        f"{counted(data['mated_searches'], 'search', 'searches')} for people who are in it, "
        f"{data['non_mated_searches']:,} for people who are not. Engine {results['product']['engine']}."
    )
    listed = table("share of searches", "95 % interval over people")
    for label, figure in (
        ("photo gave nothing to search with", rates["not_acquired"]),
        ("right person first", rates["ranks"][0]["hit"]),
        (f"right person among the first {len(rates['ranks'])}", rates["ranks"][-1]["hit"]),
    ):
        listed.add_row(label, _with_interval(figure))
    out().print(listed)
    out().print(_points(rates))
    if gallery["photos_refused"]:
        remark(f"  {counted(gallery['photos_refused'], 'gallery photo')} refused; refused.csv says why.")
    if (groups := results["groups"]) is not None:
        for what, one in (("False alarms", groups["false_alarms"]), ("Misses", groups["misses"])):
            remark(f"  {what} by group: {plain(_unevenness(one))}.")
    if not results["product"]["calibrated"]:
        remark("  Nothing is calibrated for this engine here: no predictions, confidences or likelihood ratios.")


def _points(rates: Mapping[str, Any]) -> Table:
    """The operating points: at these searches' own FPIR, and as `--fpir` promises it."""
    asked = {point["target"]: point for point in rates["as_asked"]}
    listed = table("FPIR", "FNIR where FPIR is that here", "FPIR with --fpir", "FNIR with --fpir")
    for point in rates["at_observed"]:
        with_fpir = asked.get(point["target"])
        rest = [_with_interval(with_fpir[name]) if with_fpir else "not calibrated" for name in ("fpir", "fnir")]
        listed.add_row(f"{point['target']:g}", _with_interval(point["fnir"]), *rest)
    return listed


def _with_interval(figure: Mapping[str, Any]) -> str:
    if figure["value"] is None:
        return "-"
    return f"{figure['value']:.4f} ({figure['low']:.4f} to {figure['high']:.4f})"


def _unevenness(one: Mapping[str, Any]) -> str:
    if one["too_few"]:
        return f"too few to compare ({one['too_few']})"
    if one["ratio"] is None:
        return f"none in {one['best']}, so there is no ratio"
    return f"{one['worst']} {one['ratio']:.1f} times {one['best']}"
