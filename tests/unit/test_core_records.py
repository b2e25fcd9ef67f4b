from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from core.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A record with all kinds of fields."""

    name: str
    tags: tuple[str, ...] = ()
    found: dict[str, int] = field(default_factory=dict)
    secret: str = field(default="", repr=False)
    note: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Older(Named):
    """A record on top of another, which looks at what it is given."""

    age: int

    def __post_init__(self) -> None:
        if self.age < 0:
            raise ValueError("nobody is younger than nothing")


@dataclass(frozen=True, slots=True)
class Pair:
    """A record whose fields have an order."""

    left: Any
    right: Any = None


@dataclass(frozen=True, slots=True)
class Empty:
    """A record without fields."""


@dataclass(frozen=True, slots=True)
class Own:
    """A record with methods of its own, which stay."""

    number: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Own) and self.number % 10 == other.number % 10

    def __hash__(self) -> int:
        return self.number % 10

    def __repr__(self) -> str:
        return "own"


@dataclass(slots=True)
class Changing:
    """Not a record: the standard library's dataclass."""

    number: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Model:
    """What `Pair` has to behave like."""

    left: Any
    right: Any = None


def test_a_record_takes_what_its_fields_say_and_names_what_is_wrong() -> None:
    assert Older(name="Ewa", age=3).found == {}
    assert Older(name="Ewa", age=3).found is not Older(name="Ewa", age=3).found
    assert Pair(1).right is None
    with pytest.raises(TypeError, match=r"Named\.__init__\(\) missing 1 required keyword-only argument: 'name'"):
        Named()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unexpected keyword argument 'first'"):
        Named(first="Ewa")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="positional"):
        Named("Ewa")  # type: ignore[misc]
    with pytest.raises(ValueError, match="younger"):
        Older(name="Ewa", age=-1)


def test_a_record_can_not_be_changed() -> None:
    record = Named(name="Ewa")
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'name'"):
        record.name = "Jan"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'name'"):
        del record.name
    with pytest.raises(dataclasses.FrozenInstanceError):
        record.nick = "E"  # type: ignore[attr-defined]
    assert record == Named(name="Ewa")
    assert not hasattr(record, "__dict__")


def test_records_are_equal_when_what_they_compare_is() -> None:
    assert Named(name="Ewa", note="tall") == Named(name="Ewa")
    assert Named(name="Ewa", secret="1") != Named(name="Ewa")
    assert Older(name="Ewa", age=1) != Named(name="Ewa")
    assert Pair(1, 2) != Model(1, 2)
    assert Empty() == Empty()
    assert len({Pair(1, 2), Pair(1, 2), Pair(2, 1)}) == 2
    assert len({Empty(), Empty()}) == 1
    with pytest.raises(TypeError, match="unhashable"):
        hash(Named(name="Ewa"))


def test_a_record_shows_its_fields_but_no_secrets() -> None:
    assert repr(Named(name="Ewa", secret="most")) == "Named(name='Ewa', tags=(), found={}, note='')"
    itself: list[object] = []
    record = Pair(itself)
    itself.append(record)
    assert repr(record) == "Pair(left=[...], right=None)"


def test_methods_that_a_record_has_of_its_own_stay() -> None:
    assert Own(11) == Own(21)
    assert len({Own(1), Own(11), Own(2)}) == 2
    assert repr(Own(1)) == "own"


def test_the_library_takes_a_record_for_what_it_is() -> None:
    record = Older(name="Ewa", age=3, tags=("a",))
    assert dataclasses.replace(record, age=4) == Older(name="Ewa", age=4, tags=("a",))
    assert dataclasses.asdict(Pair(Pair(1), [Pair(2)])) == {
        "left": {"left": 1, "right": None},
        "right": [{"left": 2, "right": None}],
    }
    assert copy.deepcopy(record) == copy.copy(record) == pickle.loads(pickle.dumps(record)) == record
    match Pair(1, 2):
        case Pair(left, right):
            assert (left, right) == (1, 2)
    assert TypeAdapter(Older).validate_python({"name": "Ewa", "age": "3"}) == Older(name="Ewa", age=3)
    assert TypeAdapter(Older).dump_python(record)["tags"] == ("a",)


def test_what_is_not_a_record_is_left_to_the_library() -> None:
    counter = Changing()
    counter.number += 1
    assert counter == Changing(1)
    assert repr(counter) == "Changing(number=1)"


anything = st.one_of(st.integers(), st.text(), st.none(), st.floats(), st.tuples(st.integers()))


@given(anything, anything, anything, anything)
def test_a_record_equals_hashes_and_shows_like_the_librarys(a: object, b: object, c: object, d: object) -> None:
    assert (Pair(a, b) == Pair(c, d)) == (Model(a, b) == Model(c, d))
    assert hash(Pair(a, b)) == hash(Model(a, b))
    assert repr(Pair(a, b)) == repr(Model(a, b)).replace("Model(", "Pair(")
