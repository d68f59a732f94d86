"""Canonical JSON: RFC 8785's own examples, and that no other bytes pass for it."""

import json
import math
import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.casework.document.canonical import canonical, read_canonical
from matcher.errors import BadManifest

# Appendix B: the bits of a double, and how it is written.
NUMBERS = (
    ("0000000000000000", "0"), ("8000000000000000", "0"), ("0000000000000001", "5e-324"),
    ("8000000000000001", "-5e-324"), ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("ffefffffffffffff", "-1.7976931348623157e+308"), ("4340000000000000", "9007199254740992"),
    ("c340000000000000", "-9007199254740992"), ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"), ("44b52d02c7e14af6", "1e+23"),
    ("44b52d02c7e14af7", "1.0000000000000001e+23"), ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef4f", "999999999999999900000"), ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"), ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"), ("41b3de4355555557", "333333333.33333343"),
    ("becbf647612f3696", "-0.0000033333333333333333"), ("43143ff3c1cb0959", "1424953923781206.2"),
)  # fmt: skip

texts = st.text(st.characters(exclude_categories=["Cs"]))
scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts | st.floats(allow_nan=False,
                                                                                      allow_infinity=False)  # fmt: skip
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=20)


@pytest.mark.parametrize(("bits", "text"), NUMBERS)
def test_numbers_of_the_rfc(bits: str, text: str) -> None:
    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical(value).decode() == text


def test_order_and_escapes_of_the_rfc() -> None:
    value = {"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
             "\U0001f600": "Emoji: Grinning Face", "\x80": "Control", "\u00f6": "Latin Small Letter O"}  # fmt: skip
    assert list(json.loads(canonical(value))) == ["\r", "1", "\x80", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    literal = canonical({"string": '\u20ac$\u000f\nA\'B"\\\\"/', "literals": [None, True, False]})
    assert literal.decode() == '{"literals":[null,true,false],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'


@given(values)
def test_what_is_written_reads_back_as_the_same_value(value: object) -> None:
    data = canonical(value)
    assert canonical(read_canonical(data)) == data


@given(values, st.data())
def test_no_other_bytes_of_the_value_are_taken(value: object, draw: st.DataObject) -> None:
    data = canonical({"a": value, "b": 1})
    place = draw.draw(st.integers(0, len(data)))
    other = data[:place] + b" " + data[place:]
    with suppress(BadManifest):
        # Inside a text it is another value, and canonical; elsewhere it is not canonical.
        assert read_canonical(other) != {"a": value, "b": 1}


@pytest.mark.parametrize("value", [math.nan, math.inf, 2**53 + 1, "\ud800", {1: 2}, b"", {"a": {3}}])
def test_what_json_can_not_hold_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        canonical(value)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[1e400]", b'{"a":1,"a":1}', b"1.0", b"[" * 100_000])
def test_other_bytes_are_told(data: bytes) -> None:
    with pytest.raises(BadManifest):
        read_canonical(data)
