"""The bytes that are hashed: one form for each value, the form of RFC 8785, on the fast way and on the slow."""

import json
import math
from collections import OrderedDict
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from audit.content import canonical, plain
from core.records import dataclass

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text()
    | st.text(alphabet='0123456789.e+-:,[]"\\\ud800\U0001f600\ue000\x00')
    | st.dates()
    | st.datetimes(timezones=st.just(UTC)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.frozensets(st.integers()),
    max_leaves=15,
)


class Color(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Word(Enum):
    YES = "tak"


@dataclass(frozen=True, slots=True)
class Pair:
    first: str
    second: Decimal


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": None}, '{"a":null,"b":1}'),
        (Decimal("10.50"), '"10.50"'),
        (2**53 - 1, "9007199254740991"),
        (2**53, '"9007199254740992"'),
        (-(2**53), '"-9007199254740992"'),
        (1.0, "1"),
        (-0.0, "0"),
        (1e21, '"1000000000000000000000"'),
        (1e16, '"10000000000000000"'),
        (0.000001, "0.000001"),
        (1e-7, "1e-7"),
        (12.5, "12.5"),
        (math.nan, '"NaN"'),
        (-math.inf, '"-Infinity"'),
        (date(2026, 1, 5), '"2026-01-05"'),
        (time(7, 30), '"07:30:00"'),
        (datetime(2026, 1, 5, 8, tzinfo=timezone(timedelta(hours=1))), '"2026-01-05T07:00:00.000000Z"'),
        (datetime(2026, 1, 5, 8), '"2026-01-05T08:00:00.000000"'),  # noqa: DTZ001 -- forms have local times
        (timedelta(days=1, microseconds=5), '"PT86400.000005S"'),
        ((1, "ą"), '[1,"ą"]'),
        ({3, 1, 2}, "[1,2,3]"),
        (Color.RED, '"red"'),
        (Level.HIGH, "3"),
        (Word.YES, '"tak"'),
        (Pair("a", Decimal(1)), '{"first":"a","second":"1"}'),
        (OrderedDict(z=1, a=2), '{"a":2,"z":1}'),
        ("\ud800", '"\\\\ud800"'),
        ('\x00\x1f\n"\\', '"\\u0000\\u001f\\n\\"\\\\"'),
        ({"\ue000": 1, "\U0001f600": 2}, '{"\U0001f600":2,"\ue000":1}'),
    ],
)
def test_each_value_has_one_form(value: object, text: str) -> None:
    assert canonical(value).decode() == text


@given(VALUES)
@example({"a": 1e16, "b": "0e+5"})
@example([2.0, "1.0"])
@example({"\ue000": 1, "\U0001f600": 2})
@example([12345678901234567890, -12345678901234567890])
@example("1" * 20)
@example(12345678901234567)
@example(1e300)
def test_the_fast_way_writes_what_rfc8785_writes(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(plain(value))


@given(VALUES)
def test_what_was_read_back_has_the_same_form(value: object) -> None:
    content = canonical(value)

    assert canonical(json.loads(content)) == content


@pytest.mark.parametrize("value", [object(), b"bytes", {1: "key"}, [({True: 1},)], {None: 1}, [{"a": object()}]])
def test_what_has_no_form_is_a_programming_error(value: object) -> None:
    with pytest.raises(TypeError):
        canonical(value)
