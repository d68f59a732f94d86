"""The charts of the statistics pages, in the page's language, each with its numbers for the table beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from api.web.formats import formats
from api.web.languages import N_
from api.web.pages import Page
from api.web.words import STATUSES
from matcher.casework.alarms import Alarms
from matcher.casework.pipeline import Month, Pipeline
from matcher.charts.axis import Axis, places_axis
from matcher.charts.bars import lying, standing
from matcher.charts.lines import lines
from matcher.charts.plot import Plot, Series, Shown

DUE = (
    N_("overdue"), N_("7 days or fewer"), N_("8 to 30 days"), N_("31 to 90 days"), N_("91 days or more"),
    N_("no deadline"),
)  # fmt: skip
TOOK = (N_("0 to 7"), N_("8 to 14"), N_("15 to 30"), N_("31 to 60"), N_("61 to 90"), N_("91 to 180"), N_("181 or more"))
MOST_COUNTRIES = 5
_LOW = 0.0005


@dataclass(frozen=True, slots=True)
class Chart:
    """What a template shows: the picture, and the plot whose table stands beside it. first: the table's first head."""

    plot: Plot
    svg: Markup
    first: str


def pipeline_chart(page: Page, found: Pipeline) -> Chart:
    """Where cases stand now; statuses at which none stands are left out."""
    here = [(status, count) for status, count in found.statuses.items() if count]
    plot = Plot(
        "pipeline", page.gettext("Where the cases stand"),
        page.gettext("One bar for each status, in the order in which cases pass through them."),
        [page.gettext(STATUSES[status]) for status, _ in here],
        [Series(page.gettext("Cases"), [count for _, count in here])], _number(page),
    )  # fmt: skip
    return _chart(plot, lying(plot), page.gettext("Status"))


def due_chart(page: Page, found: Pipeline) -> Chart:
    """How near the deadlines are."""
    plot = Plot(
        "due", page.gettext("Time left until the statutory deadline"),
        page.gettext("Cases that have not ended, by the days that are left. The first bar is late already."),
        [page.gettext(text) for text in DUE], [Series(page.gettext("Cases"), found.due, colour=2)], _number(page),
    )  # fmt: skip
    return _chart(plot, lying(plot), page.gettext("Days left"))


def requests_chart(page: Page, months: Sequence[Month]) -> Chart:
    """What was sent and what came of it, by the month in which the cases were opened."""
    plot = Plot(
        "requests", page.gettext("Requests and travel documents"),
        page.gettext("By the month in which a case was opened: cases sent to a consulate, and documents issued so far. "
                     "Recent months are still being worked on."),
        [month.month for month in months],
        [Series(page.gettext("Requests"), [month.requests for month in months]),
         Series(page.gettext("Documents"), [month.documents for month in months], colour=3)],
        _number(page),
    )  # fmt: skip
    return _chart(plot, standing(plot), page.gettext("Month"))


def success_chart(page: Page, months: Sequence[Month], by_country: Mapping[str, Sequence[Month]]) -> Chart:
    """The success rate by month: of all, and of the countries with the most requests."""
    shown = formats(page.preferences.language)
    rates = {"": months, **by_country}
    series = []
    for number, (country, own) in enumerate(rates.items(), 1):
        by_name = {month.month: month.success_rate for month in own}
        name = shown.country(country) if country else page.gettext("All countries")
        series.append(Series(name, [by_name.get(month.month) for month in months], colour=number))
    plot = Plot(
        "success", page.gettext("Success rate"),
        page.gettext("Documents to requests, by the month in which a case was opened. Months without a request have no "
                     "dot."),
        [month.month for month in months], series, _percent(page),
    )  # fmt: skip
    ticks = [(tick / 4, plot.shown(tick / 4)) for tick in range(5)]
    drawn = lines(plot, places_axis(plot.names), Axis("", 0, 1, ticks), list(range(len(months))))
    return _chart(plot, drawn, page.gettext("Month"))


def days_chart(page: Page, counts: Sequence[int]) -> Chart:
    """How long documents took."""
    plot = Plot(
        "days", page.gettext("Processing days"),
        page.gettext("Cases with a document, by the days from the first sending to the document."),
        [page.gettext(text) for text in TOOK], [Series(page.gettext("Cases"), counts, colour=3)], _number(page),
        along=page.gettext("Days"),
    )  # fmt: skip
    return _chart(plot, standing(plot, touching=True), page.gettext("Days"))


def alarms_chart(page: Page, found: Alarms) -> Chart:
    """Observed false alarms against what they are meant to be."""
    levels = found.levels[::-1]
    plot = Plot(
        "alarms", page.gettext("False alarms: observed and intended"),
        page.gettext("Each dot is the share of searches that found nobody and yet showed somebody that strong, with "
                     "its interval of 95 per cent. On the dashed line, observed and intended are equal: a dot above it "
                     "means more false alarms than intended."),
        [_percent(page, 2)(level.level) for level in levels],
        [Series(page.gettext("Observed"), [level.rate for level in levels], low=[level.low for level in levels],
                high=[level.high for level in levels])],
        _percent(page, 1),
    )  # fmt: skip
    ticks = [(value, _percent(page, 2)(value)) for value in (0.001, 0.01, 0.1, 1.0)]
    x = Axis(page.gettext("Intended"), _LOW, 1.0, ticks, log=True)
    y = Axis(page.gettext("Observed"), _LOW, 1.0, ticks, log=True)
    expected = Series(page.gettext("Intended"), [level.level for level in levels], colour=6)
    drawn = lines(plot, x, y, [level.level for level in levels], expected=expected, valued=True)
    return _chart(plot, drawn, page.gettext("Intended"))


def accuracy_chart(page: Page, names: Sequence[str], blind: Sequence[float], final: Sequence[float]) -> Chart:
    """How often each officer was right in control cases."""
    plot = Plot(
        "accuracy", page.gettext("Right answers in control cases"),
        page.gettext("The share of pairs that each officer judged rightly, before scores were shown and as handed in."),
        list(names),
        [Series(page.gettext("Before scores"), list(blind), colour=6), Series(page.gettext("Handed in"), list(final))],
        _percent(page),
    )  # fmt: skip
    return _chart(plot, standing(plot, whole=False), page.gettext("Officer"))


def _chart(plot: Plot, svg: str, first: str) -> Chart:
    return Chart(plot, Markup(svg), first)  # noqa: S704 - made here; its texts are escaped


def _number(page: Page) -> Shown:
    shown = formats(page.preferences.language)
    return shown.number


def _percent(page: Page, digits: int = 0) -> Shown:
    shown = formats(page.preferences.language)
    return lambda value: shown.percent(value, digits)
