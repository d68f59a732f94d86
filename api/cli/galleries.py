"""``matcher galleries``: what galleries are and on what basis they may be used; held ones released by two."""

from typing import Annotated

import typer

from api.cli.console import say
from api.cli.desk import CountryOption, office_of
from api.cli.exits import plain, tell
from api.cli.options import HomeOption
from api.cli.signing_in import officer_here
from matcher.casework.galleries import GalleryKind, GalleryStanding
from matcher.records import gallery_terms
from matcher.records.database import Database

app = typer.Typer(help="State and release galleries' terms.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="GALLERY", help="The gallery's name.", show_default=False)]
Basis = Annotated[str, typer.Option("--basis", help="The legal basis, in writing.", show_default=False)]


@app.command()
def show(ctx: typer.Context, *, gallery: Name, home: HomeOption = None) -> None:
    """Show a gallery's terms, and whether searches may use it."""
    with office_of(ctx, home) as office:
        _show(office.galleries.standing(gallery))


@app.command()
def state(
    ctx: typer.Context,
    *,
    gallery: Name,
    kind: Annotated[GalleryKind, typer.Option("--kind", show_default=False)],
    supplier: Annotated[str, typer.Option("--supplier", show_default=False)],
    country: CountryOption,
    basis: Basis,
    own: Annotated[bool, typer.Option("--own", help="Not supplied by another country.")] = False,
    home: HomeOption = None,
) -> None:
    """State who supplied a gallery, of which kind it is and on what basis it is used."""
    with office_of(ctx, home) as office:
        found = office.galleries.state(
            officer_here(), gallery, kind=kind, supplier=supplier, country=country, is_foreign=not own,
            legal_basis=basis,
        )  # fmt: skip
        _show(found)


@app.command("ask-to-release")
def ask(ctx: typer.Context, *, gallery: Name, basis: Basis, home: HomeOption = None) -> None:
    """Ask to release a held gallery; another administrator has to agree."""
    with office_of(ctx, home) as office:
        office.galleries.ask_to_release(officer_here(), gallery, basis=basis)
    say("asked; another administrator agrees with matcher galleries release")


@app.command()
def release(ctx: typer.Context, *, gallery: Name, home: HomeOption = None) -> None:
    """Agree to release a gallery that another administrator asked to release."""
    with office_of(ctx, home) as office:
        office.galleries.agree_to_release(officer_here(), gallery)
    say(f"{gallery} is released")


def tell_held(database: Database) -> None:
    """Say which galleries no search may use, after people have come in."""
    with database.reading() as connection:
        for name in gallery_terms.held(connection):
            tell(f"gallery {name} is held: it looks like a list of wanted people; matcher galleries show {name}")


def _show(found: GalleryStanding) -> None:
    terms, makeup = found.terms, found.makeup
    held = f", since it is {terms.held_for}" if terms.held_for else ""
    say(f"{plain(terms.gallery)}: {terms.kind}, {terms.state}{held}")
    if terms.supplier:
        origin = "another country's" if terms.is_foreign else "own"
        say(f"supplied by {plain(terms.supplier)} ({terms.country}, {origin}), on {plain(terms.legal_basis)}")
    say(f"{makeup.people:,} people")
    if found.release is not None and not found.release.agreed_by:
        say(f"{plain(found.release.asked_by)} asks to release it: {plain(found.release.basis)}")
