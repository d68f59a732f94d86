"""``matcher cases search`` and what follows: duplicates, reviews as photos and a CSV, consulates' answers."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import remark, say
from api.cli.desk import CaseId, CountryOption, case_number, case_text, desk_of, office_of
from api.cli.exits import Exit, plain, tell
from api.cli.options import AnywayOption, EngineOption, HomeOption
from api.cli.signing_in import officer_here
from matcher.casework.answers import AnswerKind, Rejection
from matcher.casework.features import Opinion
from matcher.casework.numbers import number_of
from matcher.casework.office import Office
from matcher.casework.officer import Officer
from matcher.errors import BadManifest, NotFound
from matcher.wording import counted

VERDICTS = "verdicts.csv"
_COLUMNS = ("candidate", "photo", "verdict", "confidence", "reasons", "remark")
ReviewId = Annotated[str, typer.Argument(metavar="REVIEW", help="The review's number, as in R-7K3M9-Q2XWD.")]


def search(
    ctx: typer.Context,
    *,
    case: CaseId,
    gallery: Annotated[str, typer.Option("--gallery", help="One that the case was put to.", show_default=False)],
    photo: Annotated[str, typer.Option("--photo", help="SHA-256 of the case's photo; the last one if empty.")] = "",
    top: Annotated[int, typer.Option("--top", min=1, max=200)] = 20,
    anyway: AnywayOption = False,
    home: HomeOption = None,
    engine: EngineOption = None,
) -> None:
    """Search for a case's person in one gallery. The candidates are kept for their reviewers, and not shown here."""
    with desk_of(ctx, home, engine) as opened:
        found, answer = opened.desk.searches.search(
            officer_here(), case_number(case), gallery=gallery, photo=photo, top=top, anyway=anyway
        )
        opened.desk.duplicates.look_by_itself(officer_here(), case_number(case))
    say(f"{found.id}: {answer.outcome.value}, {counted(found.candidates, 'candidate')}")
    if not found.candidates:
        raise typer.Exit(Exit.NOTHING_DONE)


def duplicates(ctx: typer.Context, *, case: CaseId, home: HomeOption = None, engine: EngineOption = None) -> None:
    """Compare a case's photos with those of all other cases."""
    with desk_of(ctx, home, engine) as opened:
        found = opened.desk.duplicates.look(officer_here(), case_number(case))
    for one in found:
        chance = "not calibrated" if one.false_alarm_probability is None else f"{one.false_alarm_probability:.2g}"
        say(f"{one.id}: {one.state}, score {one.score:.2f}, by chance in {chance}")
    if not found:
        say("no other case looks like this person's")


def waiting(ctx: typer.Context, *, home: HomeOption = None) -> None:
    """List the searches that wait for your review."""
    with office_of(ctx, home) as office:
        for one in office.reviews.waiting(officer_here()):
            say(f"{one.id} of {case_text(one.case)}: {counted(one.candidates, 'candidate')}")


def review(
    ctx: typer.Context,
    *,
    search: Annotated[str, typer.Argument(metavar="SEARCH", help="The search's number.", show_default=False)],
    folder: Annotated[Path, typer.Option("--out", help="Where the photos and verdicts.csv go.", show_default=False)],
    home: HomeOption = None,
) -> None:
    """Begin a review: the photos without scores, in an order of their own, and a CSV for your verdicts."""
    with office_of(ctx, home) as office:
        who = officer_here()
        begun = office.reviews.begin(who, number_of("S", search))
        view = office.reviews.view(who, begun.number)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe, _ = office.cases.photo(who, view.case.number, view.photo_sha256)
        (folder / "probe.photo").write_bytes(probe)
        rows = [(one.candidate.id, _written(office, who, begun.number, one.candidate.id, folder))
                for one in view.candidates]  # fmt: skip
    with (folder / VERDICTS).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows((*row, "", "", "", "") for row in rows)
    say(f"{begun.id}: compare probe.photo with each photo in {folder}, fill in {VERDICTS}")
    remark(f"  verdicts: {', '.join(Opinion)}; confidence 0 to 100; reasons as in ears:similar nose:different")


def verdicts(
    ctx: typer.Context,
    *,
    review: ReviewId,
    file: Annotated[Path, typer.Argument(help=f"The {VERDICTS} of this review.", show_default=False)],
    home: HomeOption = None,
) -> None:
    """Hand verdicts in from a CSV. The blind stage ends when every candidate has one; then scores are shown."""
    number = number_of("R", review)
    with office_of(ctx, home) as office:
        who = officer_here()
        for row in _rows(file):
            office.reviews.judge(
                who, number, row["candidate"], opinion=Opinion(row["verdict"]), confidence=int(row["confidence"]),
                reasons=row["reasons"].split(), remark=row["remark"],
            )  # fmt: skip
        if office.reviews.view(who, number).may_be_revealed:
            office.reviews.reveal(who, number)
        for one in office.reviews.view(who, number).candidates:
            scores, person = one.candidate.scores, one.person
            name = plain(person.native_name or person.name) if person else ""
            opinion = one.verdict.opinion.value if one.verdict else "-"
            say(f"{one.candidate.id} rank {scores.rank} score {scores.score:.2f} {name}: {opinion}")
    say(f"change verdicts in the same way, then matcher cases close-review {review}")


def close_review(ctx: typer.Context, *, review: ReviewId, home: HomeOption = None) -> None:
    """End your review; "same person" counts once a second reviewer has found it too."""
    number = number_of("R", review)
    with office_of(ctx, home) as office:
        who = officer_here()
        office.reviews.close(who, number)
        case = office.reviews.view(who, number).case.number
        found = office.reviews.identifications(who, case)
    for one in found:
        say(f"{case_text(case)} is {one.key[1]} in {one.key[0]}, as {one.first_reviewer} and {one.second_reviewer} say")
    if not found:
        say("closed")


def answer(
    ctx: typer.Context,
    *,
    case: CaseId,
    kind: Annotated[AnswerKind, typer.Argument(help="What the consulate says.", show_default=False)],
    country: CountryOption,
    received: Annotated[str, typer.Option("--received", help="When, as in 2026-03-01.", show_default=False)],
    why: Annotated[Rejection | None, typer.Option("--why", help="With rejected.", show_default=False)] = None,
    reference: Annotated[str, typer.Option("--reference", help="The consulate's reference.")] = "",
    home: HomeOption = None,
) -> None:
    """Write down a consulate's answer; another person checks it."""
    with office_of(ctx, home) as office:
        made = office.answers.record(
            officer_here(), case_number(case), kind=kind, country=country, received_on=received, reason=why,
            reference=reference,
        )  # fmt: skip
    say(f"{made}: another person checks it with matcher cases check-answer {case} {made}")


def check_answer(
    ctx: typer.Context,
    *,
    case: CaseId,
    answer: Annotated[str, typer.Argument(metavar="ANSWER", help="The answer's number.", show_default=False)],
    home: HomeOption = None,
) -> None:
    """Confirm, as another person than the one who wrote it down, that a consulate said so."""
    with office_of(ctx, home) as office:
        office.answers.check(officer_here(), case_number(case), answer)
    say("checked")


COMMANDS: dict[str, Callable[..., None]] = {
    "search": search,
    "duplicates": duplicates,
    "waiting": waiting,
    "review": review,
    "verdicts": verdicts,
    "close-review": close_review,
    "answer": answer,
    "check-answer": check_answer,
}


def _written(office: Office, who: Officer, review: int, candidate: str, folder: Path) -> str:
    try:
        content = office.reviews.open(who, review, candidate)
    except NotFound as missing:
        tell(f"{candidate}: {missing}")
        return ""
    (folder / f"{candidate}.photo").write_bytes(content)
    return f"{candidate}.photo"


def _rows(file: Path) -> list[dict[str, str]]:
    """The rows that have a verdict; raises BadManifest for a file that is not a review's."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise BadManifest(f"{file} can't be read ({exc}); name the {VERDICTS} of the review") from exc
    for place, row in enumerate(rows, 2):
        if set(_COLUMNS) - row.keys():
            raise BadManifest(f"{file} lacks columns; it has {', '.join(_COLUMNS)}")
        if row["verdict"] and (row["verdict"] not in set(Opinion) or not row["confidence"].isdecimal()):
            raise BadManifest(
                f"{file} line {place}: verdict is one of {', '.join(Opinion)}, confidence a number from 0 to 100"
            )
    return [row for row in rows if row["verdict"]]
