"""``matcher calibrate`` and ``matcher audit-gallery``: what the operator's own photos say of scores and of records."""

import json as js
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from api.cli.console import out, progress, remark, say, table
from api.cli.exits import plain
from api.cli.options import EngineOption, GalleryOption, HomeOption, settings_to_ask
from matcher.audit.chain import append
from matcher.audit.entry import Action, Entry
from matcher.audit.searches import audited_entries
from matcher.build import open_gallery
from matcher.gallery import Gallery
from matcher.gallery_audit import Audit, AuditTally, Pair, audit
from matcher.own_calibration import calibrate_on
from matcher.records.case_pairs import CertainPair, certain_pairs
from matcher.scoring.opening import keep_calibration, open_scorer
from matcher.wording import counted

_SURE = 1e-4


def calibrate(
    ctx: typer.Context,
    *,
    gallery: GalleryOption = None,
    with_cases: Annotated[
        bool, typer.Option("--with-cases", help="Photos of cases that consulates confirmed serve as mates, too.")
    ] = False,
    home: HomeOption = None,
    engine: EngineOption = None,
) -> None:
    """Fit the probabilities on your own people; those with several photos serve as mates. Kept in the data folder."""
    settings = settings_to_ask(ctx, home, engine)
    with open_gallery(settings) as opened:
        pairs = _certain_pairs(opened) if with_cases else ()
        made = calibrate_on(opened, gallery, today=datetime.now(UTC).date(), pairs=pairs)
        source = made.source
        entry = Entry(Action.THRESHOLD_CHANGED, (), {"calibration": js.loads(made.to_json())["source"]})
        # On the disk before the file is: no calibration is ever used that the audit does not know of.
        with opened.database.writing() as connection:
            append(connection, entry)
        place = keep_calibration(settings.home, made)
    say(
        f"Calibrated {source.engine} on {counted(source.people, 'person', 'people')}: {source.non_mated:,} "
        f"searches without and {source.mated:,} with the person in the gallery, "
        f"galleries of up to {max(source.sizes):,} people."
    )
    say(f"Kept in {place}; searches use it from their next start on. Remove the file to go back to the shipped one.")


def _certain_pairs(opened: Gallery) -> tuple[CertainPair, ...]:
    with opened.database.reading() as connection:
        pairs = tuple(certain_pairs(connection, opened.engine, opened.dimension))
    mated = sum(pair.mated for pair in pairs)
    remark(f"consulates said for certain: {counted(mated, 'photo')} of the person, {len(pairs) - mated} of another one")
    return pairs


def audit_gallery(
    ctx: typer.Context,
    *,
    expected: Annotated[
        float,
        typer.Option("--expected", min=0, max=1000, help="List pairs of which chance would bring at most so many."),
    ] = 1.0,
    gallery: GalleryOption = None,
    after: Annotated[
        int, typer.Option("--after", min=-1, help="Go on after this number, which an interrupted audit has named.")
    ] = -1,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    home: HomeOption = None,
    engine: EngineOption = None,
) -> None:
    """List look-alikes, one person under two ids, people of whom one photo is unlike the others. Changes no record."""
    settings = settings_to_ask(ctx, home, engine)
    with open_gallery(settings) as opened:
        scorer = open_scorer(opened, settings.home, prior=settings.prior)
        tally = AuditTally(last=after)
        try:
            with progress("people compared") as told:
                audit(opened, scorer, gallery, expected=expected, tally=tally, progress=told)
        except KeyboardInterrupt:
            # What was found before was looked at, so that it is recorded and shown as well.
            opened.trail.record(*audited_entries(tally.audit(), gallery))
            _say(tally.audit(), json=json)
            remark(f"ended early; the same command with --after {tally.last} goes on from there")
            raise
        opened.trail.record(*audited_entries(tally.audit(), gallery))
    _say(tally.audit(), json=json)


def _say(found: Audit, *, json: bool) -> None:
    if json:
        print(js.dumps(asdict(found)))
    else:
        _show(found)


def _by_chance(pair: Pair) -> str:
    # Smaller numbers would pretend that the law is known so far out.
    return f"{pair.expected:.2g}" if pair.expected >= _SURE else f"under {_SURE:g}"


def _show(found: Audit) -> None:
    say(
        f"{counted(found.people, 'person', 'people')} compared: {counted(len(found.pairs), 'pair')} so alike that "
        f"they should be compared, {counted(len(found.strays), 'person', 'people')} with a photo unlike the others."
    )
    if found.pairs:
        listed = table("person_id", "gallery", "other person_id", "gallery", "score", "by chance")
        for pair in found.pairs:
            names = (*reversed(pair.one), *reversed(pair.other))
            listed.add_row(*(plain(name) for name in names), f"{pair.score:.2f}", _by_chance(pair))
        out().print(listed)
        remark("  By chance: how many pairs as alike as this one a gallery of this size would hold among strangers.")
        remark("  Far below 1 it is one person under two ids, or twins: compare the photos before anything is merged.")
    if found.strays:
        listed = table("person_id", "gallery", "photos", "least alike photo", "score")
        for stray in found.strays:
            gallery, person_id = stray.person
            listed.add_row(
                plain(person_id), plain(gallery), str(stray.photos), stray.agreement.value, f"{stray.score:.2f}"
            )
        out().print(listed)
        remark(
            "  A photo of somebody else, or a poor one: compare; matcher person show lists a person's photos, "
            "person remove ID --photo SHA256 removes one."
        )
