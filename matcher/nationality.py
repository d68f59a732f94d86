"""Nationality as travel documents state it: ISO 3166-1 alpha-3 and the further codes of ICAO Doc 9303-3."""

from functools import cache

from matcher.errors import BadField

# ICAO Doc 9303 part 3, section 5: what stands in documents without being in ISO 3166-1.
_BRITISH = ("GBD", "GBN", "GBO", "GBP", "GBS")
_ORGANISATIONS = ("EUE", "UNA", "UNO", "XBA", "XCC", "XCE", "XCO", "XDC", "XEC", "XES", "XIM", "XMP", "XOM", "XPO")
_OTHERS = ("RKS", "UNK", "XXA", "XXB", "XXC", "XXX")
ICAO_CODES = frozenset((*_BRITISH, *_ORGANISATIONS, *_OTHERS))
# What stands in documents or in everyday tables, and the one code that it is kept as.
_OTHER_SPELLINGS = {"D": "DEU", "XK": "RKS", "XKX": "RKS", "UK": "GBR"}


def nationality_code(text: str) -> str:
    """The alpha-3 code of an alpha-2 or alpha-3 code in any case; empty stays empty. Raises BadField."""
    code = text.strip().upper()
    if not code:
        return ""
    code = _OTHER_SPELLINGS.get(code, code)
    if code in ICAO_CODES:
        return code
    known = _iso_codes().get(code)
    if known is None:
        raise BadField(
            "nationality",
            f"nationality {text[:20]!r} is not a country code; use ISO 3166-1 alpha-2 or alpha-3 (CN, CHN) "
            "or an ICAO 9303 code (XXA stateless, XXB refugee, XXX or UNK unknown)",
        )
    return known


@cache
def _iso_codes() -> dict[str, str]:
    """alpha-2 and alpha-3 -> alpha-3. pycountry reads its tables when first used, so not at import."""
    import pycountry

    codes = {}
    for country in pycountry.countries:
        codes[country.alpha_2] = codes[country.alpha_3] = country.alpha_3
    return codes


def country_names(code: str) -> tuple[str, str]:
    """A country's short name in English and in Simplified Chinese; both empty for a code that is no ISO country's."""
    import gettext

    import pycountry

    found = pycountry.countries.get(alpha_3=code)
    if found is None:
        return "", ""
    name = str(getattr(found, "common_name", found.name))
    catalogue = gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=["zh_CN"], fallback=True)
    chinese = catalogue.gettext(name)
    return name, chinese if chinese != name else catalogue.gettext(found.name)
