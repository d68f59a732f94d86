"""Statistics as pages: where cases stand, results, false alarms now, officers' results in control cases."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Response

from api.deps import TheDesk, TheMatcher
from api.officers import TheOffice, TheOfficer
from api.web import charts
from api.web.control_view import officer_lines
from api.web.pages import Page, ThePage
from api.web.period import Period, ThePeriod, csv_answer, csv_file
from matcher.accounts.roles import Right
from matcher.among import Among
from matcher.casework.alarms import Alarms, alarms
from matcher.casework.controls import control_results
from matcher.casework.pipeline import by_days, by_month, pipeline
from matcher.casework.statistics import csv_text, statistics
from matcher.errors import OutsideCalibration
from matcher.pipeline import Matcher
from matcher.scoring.calibration import Calibration

router = APIRouter(include_in_schema=False)


@router.get("/statistics")
def stands(page: ThePage, who: TheOfficer, office: TheOffice, asked: ThePeriod) -> Response:
    """The pipeline: for officers of the cases that they may see."""
    found = pipeline(office.files, who, **_asked(asked))
    if asked.is_csv:
        rows = [("status", status.value, count) for status, count in found.statuses.items()]
        rows += [("due", name, count) for name, count in zip(charts.DUE, found.due, strict=True)]
        return csv_answer("pipeline", ("what", "name", "cases"), rows)
    return _shown(
        page,
        "pipeline",
        asked,
        found=found,
        charts=(charts.pipeline_chart(page, found), charts.due_chart(page, found)) if found.cases else (),
    )


@router.get("/statistics/results")
def results(page: ThePage, who: TheOfficer, office: TheOffice, asked: ThePeriod) -> Response:
    """Success rate, processing days and answers, by country and month."""
    found = statistics(office.files, who, **_asked(asked))
    if asked.is_csv:
        return csv_file("statistics", csv_text(found))
    months = by_month(found.counted)
    most = sorted(found.countries, key=lambda one: (-one.requests, one.country))[: charts.MOST_COUNTRIES]
    by_country = {one.country: by_month(found.counted.of(one.country)) for one in most} if len(most) > 1 else {}
    drawn = (
        charts.requests_chart(page, months),
        charts.success_chart(page, months, by_country),
        charts.days_chart(page, by_days(found.counted)),
    )
    return _shown(page, "results", asked, found=found, charts=drawn if found.total.requests else ())


@router.get("/statistics/alarms")
def false_alarms(
    *, page: ThePage, who: TheOfficer, office: TheOffice, matcher: TheMatcher, desk: TheDesk, asked: ThePeriod
) -> Response:
    """The false-alarm rate now, held against the target."""
    target = desk.settings.fpir
    found = alarms(office.files, who, **_asked(asked), gallery=asked.gallery, target=target)
    if asked.is_csv:
        rows = [(level.level, level.alarms, found.calibrated, level.rate, level.low, level.high)
                for level in found.levels]  # fmt: skip
        return csv_answer("false-alarms", ("intended", "alarms", "searches", "observed", "low", "high"), rows)
    return _shown(
        page,
        "alarms",
        asked,
        found=found,
        target=target,
        rests=_rests(matcher, found, target),
        charts=(charts.alarms_chart(page, found),) if found.calibrated else (),
    )


@router.get("/statistics/officers")
def officers(page: ThePage, who: TheOfficer, office: TheOffice, asked: ThePeriod) -> Response:
    """How each officer decides in control cases."""
    found = officer_lines(control_results(office.files, who))
    if asked.is_csv:
        header = ("officer", "reviews", "pairs", "blind_accuracy", "accuracy", "low", "high", "hits", "misses",
                  "false_alarms", "correct_rejections", "d_prime", "criterion")  # fmt: skip
        return csv_answer("officers", header, [line.row() for line in found])
    judged = [line for line in found if line.accuracy is not None]
    drawn = charts.accuracy_chart(
        page,
        [line.name for line in judged],
        [line.blind_accuracy or 0.0 for line in judged],
        [line.accuracy or 0.0 for line in judged],
    )
    return _shown(page, "officers", asked, lines=found, charts=(drawn,) if judged else ())


def _asked(asked: Period) -> dict[str, Any]:
    return {"since": asked.since, "until": asked.until, "country": asked.country,
            "with_confidential": asked.confidential}  # fmt: skip


def _shown(page: Page, name: str, asked: Period, **values: Any) -> Response:
    tabs = [("/statistics", page.gettext("Pipeline"), Right.OWN_ACCOUNT),
            ("/statistics/results", page.gettext("Results"), Right.READ_STATISTICS),
            ("/statistics/alarms", page.gettext("False alarms"), Right.READ_STATISTICS),
            ("/statistics/officers", page.gettext("Officers"), Right.SUPERVISE_CASES)]  # fmt: skip
    return page.render(
        f"statistics/{name}.html",
        tabs=[(asked.address(path), text, None) for path, text, right in tabs if page.may(right)],
        at=asked.address(page.path),
        asked=asked,
        is_supervisor=page.may(Right.SUPERVISE_CASES),
        csv=asked.address(page.path, format="csv"),
        **values,
    )


@dataclass(frozen=True, slots=True)
class _Rests:
    """What the scores of a gallery's searches rest on now. threshold: the score that the target asks for; None without
    a target, or where it can't be kept, which is said in why."""

    people: int = 0
    calibration: Calibration | None = None
    threshold: float | None = None
    why: str = ""


def _rests(matcher: Matcher, found: Alarms, target: float | None) -> _Rests:
    state = matcher.gallery.state()
    if found.gallery not in state.galleries:
        return _Rests()
    scale = matcher.scorer.scale(Among(gallery=found.gallery), state)
    if scale.calibration is None or target is None:
        return _Rests(scale.people, scale.calibration)
    try:
        threshold = scale.calibration.false_matches.threshold(target, scale.people)
    except OutsideCalibration as fault:
        return _Rests(scale.people, scale.calibration, why=str(fault))
    return _Rests(scale.people, scale.calibration, threshold)
