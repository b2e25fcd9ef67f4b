"""JSON text that the database keeps."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.jsontext import to_json

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(VALUES)
def test_what_is_written_is_read_back(value: object) -> None:
    assert json.loads(to_json(value)) == value


@pytest.mark.parametrize("value", [2**70, -(2**64), "\ud800", {1: "one"}])
def test_what_the_fast_way_refuses_is_written_the_slow_way(value: object) -> None:
    assert to_json(value) == json.dumps(value)


def test_what_is_no_json_is_a_programming_error() -> None:
    with pytest.raises(TypeError):
        to_json(object())
