"""Addresses are written as Werkzeug writes them, by functions that are made when they are needed."""

from __future__ import annotations

from typing import Any

from werkzeug.routing import Map, Rule

from webapp.rules import LateRule

ADDRESSES = ["/", "/cases/<int:number>", "/cases/<int:number>/files/<path:name>", "/a b/ż"]
ASKED: list[tuple[str, dict[str, Any]]] = [
    ("/", {}),
    ("/", {"q": "zażółć & co", "page": 2}),
    ("/cases/<int:number>", {"number": 7}),
    ("/cases/<int:number>", {"number": 7, "tab": ["a", "b"]}),
    ("/cases/<int:number>/files/<path:name>", {"number": 7, "name": "umowa/1 %.pdf"}),
    ("/a b/ż", {"self": "me", "rule": "x"}),
]


class _Counting(Rule):
    """Knows how many functions were made for its kind."""

    made = 0

    def _compile_builder(self, append_unknown: bool = True) -> Any:
        type(self).made += 1
        return super()._compile_builder(append_unknown)


class _Late(LateRule, _Counting):
    pass


def written(kind: type[Rule]) -> list[str]:
    known = Map([kind(address, endpoint=address) for address in ADDRESSES]).bind("obieg.example", "/")
    return [known.build(endpoint, values) for endpoint, values in ASKED]


def test_addresses_are_those_of_werkzeug() -> None:
    assert written(LateRule) == written(Rule)


def test_a_function_is_made_for_an_address_that_is_written_and_only_once() -> None:
    known = Map([_Late(address, endpoint=address) for address in ADDRESSES]).bind("obieg.example", "/")
    before = _Late.made

    for _ in range(3):
        known.build("/cases/<int:number>", {"number": 7})

    assert before == 0
    assert _Late.made == 1
