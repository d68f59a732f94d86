"""Dates, numbers, names and countries as a reader of a language expects them."""

from datetime import UTC, date, datetime
from functools import cache

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent
from markupsafe import Markup, escape

from api.web.languages import Language

# British English writes days before months, which nobody takes for the other order.
_LOCALES = {Language.ENGLISH: "en_GB", Language.CHINESE: "zh_Hans_CN"}


class Formats:
    """What templates call as filters; every one takes a value and gives text or safe HTML."""

    def __init__(self, language: Language) -> None:
        self._locale = Locale.parse(_LOCALES[language])
        self._countries: tuple[tuple[str, str], ...] = ()

    def day(self, value: str | date) -> Markup:
        """A day, given as such or as an ISO text; what is no ISO date (a year alone) is shown as it stands."""
        try:
            day = date.fromisoformat(value) if isinstance(value, str) else value
        except ValueError:
            return escape(value)
        return Markup('<time datetime="{}">{}</time>').format(day.isoformat(), self.day_text(day))

    def plain_day(self, value: str) -> str:
        """The same for an attribute, as text."""
        return self.day(value).striptags()

    def day_text(self, value: date) -> str:
        return format_date(value, format="medium", locale=self._locale)

    def moment(self, seconds: float) -> Markup:
        """A moment, given in seconds since 1970, in UTC to the minute."""
        at = datetime.fromtimestamp(seconds, UTC)
        text = format_datetime(at, format="medium", locale=self._locale).rpartition(":")[0] + " UTC"
        return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), text)

    def number(self, value: float, digits: int = 0) -> str:
        """A number with so many digits after the point at most."""
        return format_decimal(round(value, digits), locale=self._locale)

    def percent(self, value: float, digits: int = 0) -> str:
        """A share of 0 to 1."""
        return format_percent(round(value, digits + 2), format=None, locale=self._locale, decimal_quantization=False)

    def country(self, code: str) -> str:
        """The name of a country by its code of three letters; the code where there is no name."""
        import pycountry

        found = pycountry.countries.get(alpha_3=code)
        return code if found is None else self._locale.territories.get(found.alpha_2, code)

    def countries(self) -> tuple[tuple[str, str], ...]:
        """Every country's code of three letters and name, by name."""
        import pycountry

        if not self._countries:
            named = [(one.alpha_3, self.country(one.alpha_3)) for one in pycountry.countries]
            self._countries = tuple(sorted(named, key=lambda one: one[1]))
        return self._countries


@cache
def formats(language: Language) -> Formats:
    return Formats(language)
