"""``matcher engines``: engines that users bring; joining and comparing them is in `engine_trials`."""

import json as js
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import engine_trials
from api.cli.console import out, remark, say, table
from api.cli.exits import plain
from api.cli.options import HomeOption, settings_as_given
from matcher.build import engine_cache
from matcher.engines.brought.manifest import Brought, Channels, DetectorKind, Kind, Metric, Triple
from matcher.engines.brought.shelf import Shelf
from matcher.engines.brought.toml import to_toml
from matcher.engines.opening import BUILT_IN, DLIB_RESNET, engine_names, engine_spec
from matcher.errors import BadEngine, EngineUnavailable

if TYPE_CHECKING:
    from matcher.engines.brought.adding import Described

app = typer.Typer(help="Bring, join, compare and remove engines.", no_args_is_help=True)

app.command()(engine_trials.join)
app.command()(engine_trials.compare)

NameOption = Annotated[
    str, typer.Option("--name", help="What to call the engine: small letters, digits, - and _.", show_default=False)
]
OneEngine = Annotated[str, typer.Argument(help="The engine's name.", show_default=False)]


@app.command()
def add(
    ctx: typer.Context,
    *,
    model: Annotated[Path, typer.Argument(help="The network, an .onnx file for faces of 112x112.", show_default=False)],
    name: NameOption,
    licence: Annotated[
        str | None,
        typer.Option("--licence", help="The model's licence, as its provider states it.", show_default=False),
    ] = None,
    notes: Annotated[
        str | None,
        typer.Option("--notes", help="Where it is from and what it was trained on.", show_default=False),
    ] = None,
    kind: Annotated[Kind | None, typer.Option("--kind", help="[default: arcface]", show_default=False)] = None,
    detector: Annotated[
        str | None,
        typer.Option(
            "--detector",
            help="own-68 (the default engine's, aligned by 68 landmarks), own (by five), or the file of OpenCV's "
            "YuNet. [default: own-68]",
            show_default=False,
        ),
    ] = None,
    channels: Annotated[Channels | None, typer.Option("--channels", help="[default: rgb]", show_default=False)] = None,
    mean: Annotated[
        str | None,
        typer.Option("--mean", help="One number or three, as in 0.485,0.456,0.406.", show_default=False),
    ] = None,
    std: Annotated[
        str | None, typer.Option("--std", help="The same, for (value - mean) / std.", show_default=False)
    ] = None,
    top: Annotated[
        float | None,
        typer.Option("--top", help="Pixel values go up to 1 or to 255; told from mean and std.", show_default=False),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", help="The output with the vector, where there are several.", show_default=False),
    ] = None,
    metric: Annotated[
        Metric | None,
        typer.Option("--metric", help="How its vectors are compared. [default: cosine]", show_default=False),
    ] = None,
    mirror: Annotated[
        bool | None,
        typer.Option(
            "--mirror/--no-mirror", help="Average in the mirror image. [default: for arcface]", show_default=False
        ),
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option("--manifest", help="A TOML file with all this, as `show` writes it.", show_default=False),
    ] = None,
    home: HomeOption = None,
) -> None:
    """Add a network: it is looked at, tried on drawn faces, and copied into the data folder."""
    from matcher.engines.brought.adding import Described
    from matcher.engines.brought.adding import add as added

    settings = settings_as_given(ctx, home, DLIB_RESNET)
    own, yunet = _detector(detector)
    said = Described(
        kind=kind,
        licence=licence,
        notes=notes,
        channels=channels,
        top=top,
        mean=_triple("--mean", mean),
        std=_triple("--std", std),
        output=output,
        metric=metric,
        mirror=mirror,
        detector=own,
    )
    if manifest is not None:
        said = said.over(_described(manifest))
    today = datetime.now(UTC).date().isoformat()
    done = added(settings.home, name, model, said, yunet=yunet, networks=engine_cache(settings), today=today)
    say(f"Added {done.manifest.name}@{done.manifest.version}: {done.manifest.dimension} numbers a face; {done.place}.")
    say(f"Use it with --engine {name}. Of {done.trial.people} drawn people it told {done.trial.nearest} apart.")
    remark("  How well it does on your own photos: matcher engines compare. Its licence is yours to keep to.")


@app.command("list")
def list_engines(
    ctx: typer.Context,
    *,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    home: HomeOption = None,
) -> None:
    """List the engines that can be used here."""
    place = settings_as_given(ctx, home, DLIB_RESNET).home
    listed = table("engine", "key", "numbers", "what it is", "licence", right=("numbers",))
    for name in engine_names(place):
        try:
            spec = engine_spec(name, home=place)
            key, numbers, what, licence = str(spec.key), spec.dimension, spec.description, _licence(place, name)
        except EngineUnavailable as exc:
            key, numbers, what, licence = "", 0, f"can't be used: {exc}", ""
        if json:
            print(js.dumps({"name": name, "key": key, "dimension": numbers, "description": what, "licence": licence}))
        else:
            listed.add_row(name, key, str(numbers), plain(what), plain(licence))
    if not json:
        out().print(listed)


@app.command()
def show(ctx: typer.Context, *, name: OneEngine, home: HomeOption = None) -> None:
    """Print an engine's manifest: what it is made of, its checksums and its licence."""
    print(to_toml(Shelf(settings_as_given(ctx, home, DLIB_RESNET).home).manifest(_brought_name(name))), end="")


@app.command()
def remove(
    ctx: typer.Context,
    *,
    name: OneEngine,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Even where a gallery has templates of it, which nothing can use then.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Forget an engine and its model; refused while it is in use."""
    from matcher.engine_use import templates_of

    settings = settings_as_given(ctx, home, DLIB_RESNET)
    shelf = Shelf(settings.home)
    _brought_name(name)
    if joined := shelf.joined_of(name):
        raise BadEngine(f"{name} is part of {', '.join(joined)}; remove that first")
    count = templates_of(settings, name)
    if count and not anyway:
        raise BadEngine(
            f"there are {count:,} templates of {name} in this home; move it to another engine with matcher reembed, or "
            "remove the engine --anyway"
        )
    shelf.remove(name)
    say(f"Removed {name}." + (f" Its {count:,} templates can't be searched any more." if count else ""))


def _detector(text: str | None) -> tuple[DetectorKind | None, Path | None]:
    """The detector that is meant: one of the program's own, or YuNet's file."""
    if text in (DetectorKind.OWN.value, DetectorKind.OWN_68.value):
        return DetectorKind(text), None
    return (None, None) if text is None else (DetectorKind.YUNET, Path(text))


def _triple(option: str, text: str | None) -> Triple | None:
    if text is None:
        return None
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) == 1:
        values *= 3
    if len(values) != 3:
        raise BadEngine(f"{option} {text!r} is not one number or three; write it as in 127.5 or 0.485,0.456,0.406")
    return values[0], values[1], values[2]


def _described(manifest: Path) -> "Described":
    from matcher.engines.brought.adding import described_in

    try:
        return described_in(manifest.read_text(encoding="utf-8"))
    except UnicodeDecodeError as exc:
        raise BadEngine(f"{manifest} is not UTF-8; save it so") from exc
    except BadEngine as exc:
        raise BadEngine(f"{manifest}: {exc}") from exc


def _brought_name(name: str) -> str:
    if name in BUILT_IN:
        raise BadEngine(f"{name} is part of the program: it has no manifest, and can't be removed")
    return name


def _licence(home: Path, name: str) -> str:
    if name in BUILT_IN:
        return "see NOTICE"
    manifest = Shelf(home).manifest(name)
    return manifest.licence if isinstance(manifest, Brought) else "those of its parts"
