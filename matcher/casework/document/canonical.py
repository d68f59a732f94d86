"""JSON that is the same bytes for the same value, as RFC 8785 (JSON Canonicalization Scheme) has it."""

import json
import math
from typing import Any

from matcher.errors import BadManifest

_EXACT = 2**53
"""Beyond it, programs that hold numbers as doubles would read another integer."""


def canonical(value: object) -> bytes:
    """The value's bytes: UTF-8, no spaces, keys in order of their UTF-16 code units. Raises ValueError for what I-JSON
    can't hold: NaN, infinities, integers that a double can't, surrogates, keys that are no text."""
    return _text(value).encode("utf-8")


def read_canonical(data: bytes) -> Any:
    """The value of canonical bytes; raises BadManifest for any others, whatever their value."""
    try:
        value = json.loads(data.decode("utf-8"), parse_int=_whole)
        is_exact = canonical(value) == data
    except (ValueError, RecursionError) as exc:
        raise BadManifest("it can't be read as JSON") from exc
    if not is_exact:
        raise BadManifest("it is not byte for byte as it was written")
    return value


def _text(value: object) -> str:
    if value is None or isinstance(value, (bool, str)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int):
        if abs(value) > _EXACT:
            raise ValueError(f"{value} is no integer that every program reads alike")
        return str(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, (list, tuple)):
        return f"[{','.join(map(_text, value))}]"
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise ValueError("a key is no text")
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(f"{_text(key)}:{_text(value[key])}" for key in keys) + "}"
    raise ValueError(f"a {type(value).__name__} is not a JSON value")


def _whole(digits: str) -> int | float:
    """As a double where it is too large for anything else: then only a double's own digits are canonical."""
    value = int(digits) if len(digits) < 18 else float(digits)
    return float(value) if abs(value) > _EXACT else value


def _number(value: float) -> str:
    """As ECMAScript writes numbers: the shortest digits that read back the same, which Python finds too."""
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a JSON number")
    if value == 0:
        return "0"
    sign, shown = ("-", repr(-value)) if value < 0 else ("", repr(value))
    mantissa, _, exponent = shown.partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    # The value is 0.digits times ten to the power of point.
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    return sign + _placed(digits, point)


def _placed(digits: str, point: int) -> str:
    if len(digits) <= point <= 21:
        return digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    power = f"{point - 1:+d}"
    return f"{digits}e{power}" if len(digits) == 1 else f"{digits[0]}.{digits[1:]}e{power}"
