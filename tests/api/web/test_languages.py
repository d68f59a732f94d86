"""The pages' languages: nothing is left untranslated, nothing is left over, and what is chosen is shown."""

import re

import pytest

from api.web.audit_words import ACTIONS
from api.web.formats import formats
from api.web.languages import Language, translations, wanted_language
from api.web.search_words import WORDS
from matcher.audit.entry import Action
from matcher.scoring.normaliser import Basis
from tests.api.web.catalogues import marked, translated

PLACE = re.compile(r"%\((\w+)\)|\{(\w+)\}")


def test_every_text_of_the_pages_is_translated() -> None:
    said = {message.id for catalogue in translated().values() for message in catalogue if message.id and message.string}
    missing = [f"{place}: {text!r}" for text, place in marked().items() if text not in said]
    assert not missing, "add to api/web/locale/zh_Hans/AREA.po:\n" + "\n".join(missing)


def test_no_translation_is_left_over_or_uncertain() -> None:
    texts = marked()
    for name, catalogue in translated().items():
        for message in catalogue:
            if message.id:
                assert message.id in texts, f"{name}: no page says {message.id!r} any more"
                assert not message.fuzzy, f"{name}: {message.id!r} is marked fuzzy"
        assert not catalogue.obsolete, name


def test_files_that_translate_the_same_text_agree() -> None:
    said: dict[object, object] = {}
    for name, catalogue in translated().items():
        for message in catalogue:
            if message.id:
                before = said.setdefault(message.id, message.string)
                assert before == message.string, f"{name}: {message.id!r} is {message.string!r} and {before!r}"


def test_translations_have_the_values_of_their_texts() -> None:
    for name, catalogue in translated().items():
        for message in catalogue:
            if not message.id:
                continue
            texts = message.id if isinstance(message.id, tuple) else (message.id,)
            given = message.string if isinstance(message.string, tuple) else (message.string,)
            wanted = set(PLACE.findall(texts[-1]))
            for text in given:
                assert set(PLACE.findall(text)) == wanted, f"{name}: {message.id!r}"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", Language.ENGLISH),
        ("zh-CN,zh;q=0.9,en;q=0.8", Language.CHINESE),
        ("en;q=0.3, zh-Hans;q=0.7", Language.CHINESE),
        ("fr-FR, fr;q=0.9", Language.ENGLISH),
        ("zh;q=0, en;q=0.1", Language.ENGLISH),
        ("zh;q=high", Language.ENGLISH),
        (";;,,q=", Language.ENGLISH),
    ],
)
def test_the_language_that_a_browser_asks_for(header: str, language: Language) -> None:
    assert wanted_language(header) is language


def test_dates_numbers_and_countries_are_as_readers_expect_them() -> None:
    english, chinese = formats(Language.ENGLISH), formats(Language.CHINESE)
    assert english.day("2026-02-01") == '<time datetime="2026-02-01">1 Feb 2026</time>'
    assert chinese.day("2026-02-01") == '<time datetime="2026-02-01">2026年2月1日</time>'
    assert english.day("<1985>") == "&lt;1985&gt;"
    assert english.moment(0) == '<time datetime="1970-01-01T00:00:00+00:00">1 Jan 1970, 00:00 UTC</time>'
    assert chinese.moment(0) == '<time datetime="1970-01-01T00:00:00+00:00">1970年1月1日 00:00 UTC</time>'
    assert english.number(12345.678, 1) == "12,345.7"
    assert english.percent(0.1234) == "12%"
    assert (english.country("CHN"), chinese.country("VNM"), english.country("XXA")) == ("China", "越南", "XXA")


def test_a_language_without_a_catalogue_speaks_english() -> None:
    assert translations(Language.ENGLISH).gettext("Sign out") == "Sign out"
    assert translations(Language.CHINESE).gettext("Sign out") == "退出登录"


def test_every_basis_of_scores_has_words() -> None:
    assert {basis.value for basis in Basis} <= set(WORDS)


def test_every_action_of_the_audit_has_words() -> None:
    assert set(ACTIONS) == set(Action)
