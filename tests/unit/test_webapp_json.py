from __future__ import annotations

import contextlib
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.api.json_body import parse, plain
from webapp.errors import BadRequest


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"",
        b"NaN",
        b"[Infinity]",
        b"1e999",
        b'"a\\u0000b"',
        b'{"\\u0000": 1}',
        b'"\\ud800"',
        b"\xff",
        b"[" * 100000,
        b"[" * 200 + b"]" * 200,
    ],
)
def test_what_cannot_be_stored_is_refused_with_a_sentence(raw: bytes) -> None:
    with pytest.raises(BadRequest):
        parse(raw)


@given(st.binary(max_size=200))
def test_no_body_is_a_surprise(raw: bytes) -> None:
    with contextlib.suppress(BadRequest):
        json.dumps(parse(raw), allow_nan=False).encode()


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12))
def test_amounts_keep_their_digits(amount: Decimal) -> None:
    written = json.loads(json.dumps(plain(amount)), parse_float=Decimal, parse_int=Decimal)

    assert written == amount


def test_digits_that_a_number_would_lose_are_written_as_text() -> None:
    assert plain(Decimal("0.1234567890123456789")) == "0.1234567890123456789"
    assert plain(Decimal(12345678901234567890)) == "12345678901234567890"


def test_times_are_utc_and_dates_are_dates() -> None:
    assert plain({"at": datetime(2026, 1, 5, 7, tzinfo=UTC), "on": date(2026, 1, 5)}) == {
        "at": "2026-01-05T07:00:00Z",
        "on": "2026-01-05",
    }
