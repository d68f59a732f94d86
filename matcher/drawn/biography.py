"""What a drawn person's papers say. Every name, place and number is invented and recognisable as such."""

from datetime import date, timedelta

import numpy as np

from matcher.chinese_id import check_character
from matcher.person import Person

SEED = 20240601
ENROLLED_ON = date(2024, 6, 1)
"""The day on which every drawn person's first photo was taken; ages are counted to it."""

FICTITIOUS_PROVINCE = "79"
"""No province of China has this code (above 65, GB/T 2260 assigns 71, 81 and 82), so the numbers are nobody's."""

# Surnames are words of nature that are hardly ever surnames; together with the source "drawn" they mark an invention.
SURNAMES = (
    ("溪", "Xi"), ("岚", "Lan"), ("霜", "Shuang"), ("岩", "Yan"), ("枫", "Feng"), ("虹", "Hong"), ("鹭", "Lu"),
    ("舟", "Zhou"), ("笛", "Di"), ("瓷", "Ci"), ("墨", "Mo"), ("砚", "Yan"), ("萤", "Ying"), ("霞", "Xia"),
    ("泉", "Quan"), ("峰", "Feng"), ("荷", "He"), ("桐", "Tong"), ("雁", "Yan"), ("鲸", "Jing"), ("帆", "Fan"),
    ("礁", "Jiao"), ("穗", "Sui"), ("藤", "Teng"), ("露", "Lu"), ("潭", "Tan"), ("鹤", "He"), ("竹", "Zhu"),
)  # fmt: skip
GIVEN = (
    ("安", "an"), ("宁", "ning"), ("明", "ming"), ("朗", "lang"), ("书", "shu"), ("文", "wen"), ("若", "ruo"),
    ("晨", "chen"), ("夕", "xi"), ("青", "qing"), ("远", "yuan"), ("思", "si"), ("知", "zhi"), ("乐", "le"),
    ("清", "qing"), ("和", "he"), ("景", "jing"), ("星", "xing"), ("月", "yue"), ("川", "chuan"), ("海", "hai"),
    ("林", "lin"), ("松", "song"), ("禾", "he"), ("言", "yan"), ("可", "ke"), ("一", "yi"), ("子", "zi"),
    ("雨", "yu"), ("雪", "xue"), ("楠", "nan"), ("琪", "qi"), ("瑶", "yao"), ("航", "hang"), ("博", "bo"),
)  # fmt: skip
CITIES = ("画溪市", "绘山市", "墨湖市", "彩云市", "青笔市", "素描市", "纸鸢市", "丹青市", "水粉市", "版画市")
COUNTIES = ("竹林区", "松风区", "荷塘区", "石桥区", "灯塔区", "麦田县", "梯田县", "风车县", "云海县", "萤火县")
NATIONALITIES = ("VNM", "KOR", "IND", "MEX", "NGA", "BRA", "ETH", "DEU", "EGY", "PHL", "COL", "UKR")
STARTS = ("Ta", "Be", "Lo", "Mi", "Sa", "Or", "Ne", "Ka", "Du", "Vi", "Ra", "El", "Po", "Ji", "Am", "Zu")
MIDDLES = ("ra", "li", "no", "ve", "sha", "mi", "do", "ka", "be", "ru")
ENDS = ("n", "th", "la", "ro", "m", "s", "nne", "vi", "dor", "ka")


def biography(person: int) -> Person:
    """The papers of drawn person number `person` (0 or more); all fields stated, the Chinese ones for China only."""
    rng = np.random.default_rng(np.random.SeedSequence([SEED, person, 1]))
    sex = "F" if rng.random() < 0.5 else "M"
    chinese = rng.random() < 0.5
    # Ages 18 to 75, the younger ones more often; a few days more, for leap years.
    days = 5 + int(365.25 * (18 + 57 * rng.random() ** 1.5))
    born = ENROLLED_ON - timedelta(days=days)
    nationality = "CHN" if chinese else NATIONALITIES[rng.integers(len(NATIONALITIES))]
    native, name = _chinese_name(rng) if chinese else ("", _latin_name(rng))
    return Person(
        person_id=f"drawn-{person:06d}",
        name=name,
        native_name=native,
        date_of_birth=born.isoformat(),
        sex=sex,
        nationality=nationality,
        national_id=_number(person, born, sex) if chinese else "",
        household_registration=_registration(person) if chinese else "",
        source="drawn",
    )


def _number(person: int, born: date, sex: str) -> str:
    # Region and serial number follow from the person, so no two of the first 49,900 people share a number.
    serial = person // 100 % 499 * 2 + (1 if sex == "M" else 2)
    first17 = f"{FICTITIOUS_PROVINCE}{person // 10 % 10 + 1:02d}{person % 10 + 1:02d}{born:%Y%m%d}{serial:03d}"
    return first17 + check_character(first17)


def _registration(person: int) -> str:
    return "画省" + CITIES[person // 10 % 10] + COUNTIES[person % 10]


def _chinese_name(rng: np.random.Generator) -> tuple[str, str]:
    family, family_latin = SURNAMES[rng.integers(len(SURNAMES))]
    given = [GIVEN[i] for i in rng.integers(len(GIVEN), size=2 if rng.random() < 0.8 else 1)]
    native = family + "".join(character for character, _ in given)
    return native, f"{family_latin} {''.join(latin for _, latin in given).capitalize()}"


def _latin_name(rng: np.random.Generator) -> str:
    return f"{_word(rng)} {_word(rng)}"


def _word(rng: np.random.Generator) -> str:
    middle = "".join(MIDDLES[i] for i in rng.integers(len(MIDDLES), size=rng.integers(1, 3)))
    return STARTS[rng.integers(len(STARTS))] + middle + ENDS[rng.integers(len(ENDS))]
