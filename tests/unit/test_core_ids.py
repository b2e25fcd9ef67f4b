"""Identifiers sort by time and never repeat."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from core.ids import ALPHABET, LENGTH, encode, is_id, new_id, successor


def test_within_a_process_each_is_greater_than_the_one_before() -> None:
    made = [new_id() for _ in range(5000)]

    assert all(earlier < later for earlier, later in pairwise(made))
    assert all(is_id(each) for each in made)


def test_eight_threads_never_get_the_same_and_each_sees_them_grow() -> None:
    start = threading.Barrier(8)

    def make(_: int) -> list[str]:
        start.wait()
        return [new_id() for _ in range(2000)]

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(make, range(8)))

    assert len({each for series in made for each in series}) == 16_000
    assert all(series == sorted(series) for series in made)


@given(st.integers(0, 32**LENGTH - 1), st.integers(0, 32**LENGTH - 1))
def test_texts_sort_as_their_numbers_do(one: int, two: int) -> None:
    assert (encode(one) < encode(two)) == (one < two)


@given(st.integers(0, 32**LENGTH - 2))
def test_the_successor_is_the_next_one(number: int) -> None:
    assert successor(encode(number)) == encode(number + 1)


def test_tells_identifiers_from_other_texts() -> None:
    good = ALPHABET[:LENGTH]

    assert is_id(good)
    assert not any(is_id(bad) for bad in ["", good[:-1], good + "0", good.lower(), "I" * LENGTH, "../" + "0" * 23])
