"""Forms: what is no form is refused when it is deployed, and nothing that is submitted hangs or breaks a task."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DomainError
from engine.bpmn.findings import Findings
from engine.errors import FormRefused
from engine.forms import accept, check_form

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def form(*components: Any) -> dict[str, Any]:
    return {"id": "f", "components": list(components)}


def text(**more: Any) -> dict[str, Any]:
    return {"type": "textfield", "key": "a", "label": "Name", **more}


def number(**more: Any) -> dict[str, Any]:
    return {"type": "number", "key": "a", "label": "Amount", **more}


def told(schema: Any) -> list[str]:
    findings = Findings("f.form")
    check_form(json.dumps(schema).encode(), findings)
    return [each.sentence for each in findings if each.severity == "error"]


def taken(schema: dict[str, Any], **data: Any) -> dict[str, Any]:
    assert told(schema) == []
    return accept(schema, data, {}, NOW)


@pytest.mark.parametrize(
    ("component", "sentence"),
    [
        (5, "A component must be an object with a type."),
        (text(validate=[1]), "Its rules (`validate`) must be an object."),
        (text(validate={"minLength": "x"}), "Its rule minLength must be a number or an expression."),
        (text(validate={"pattern": 5}), "The pattern 5 cannot be used: it is no text."),
        (text(validate={"pattern": "(a"}), "The pattern (a cannot be used: it is malformed or looks back."),
        (text(validate={"pattern": "(?=a)b"}), "The pattern (?=a)b cannot be used: it looks ahead or behind."),
        (text(conditional="x"), "Its condition must be an object whose `hide` is an expression."),
        (text(key=5), "Its key must be a text."),
        (number(decimalDigits="x"), "Its decimalDigits must be a whole number up to 30."),
        ({"type": "expression", "key": "a"}, "It has no expression."),
        ({"type": "expression", "expression": "= 1"}, "It has no key."),
        ({"type": "dynamiclist", "components": []}, "It has no path."),
        ({"type": "group", "components": "abc"}, "Its components must be a list."),
        ({"type": "group", "components": [text(validate=1)]}, "Its rules (`validate`) must be an object."),
        ({"type": "select", "key": "a", "values": 5}, "Its values must be a list."),
    ],
)
def test_what_no_submission_could_be_read_by_is_refused_with_a_sentence(component: Any, sentence: str) -> None:
    assert told(form(component)) == [sentence]


def test_no_pattern_makes_a_submission_wait() -> None:
    schema = form(text(validate={"pattern": "^(a+)+$"}))

    with pytest.raises(FormRefused, match="does not have the form"):
        taken(schema, a="a" * 50_000 + "!")
    assert taken(schema, a="a" * 50_000) == {"a": "a" * 50_000}


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (r"^\d{2}-\d{3}$", "30-001", "30001"),
        (r"[A-Z]{2}", "xxPLxx", "pl"),
        (r"^(?:\+48)?[ \d]{9,}$", "+48600700800", "six"),
        (r"^[\w.-]+@firm\.example$", "anna@firm.example", "anna@firm.example\n"),
        ('= "^" + "b"', "bc", "cb"),
        (r"^[\u0105\u0107]+$", "ąć", "ac"),
    ],
)
def test_a_text_has_the_form_of_its_pattern(pattern: str, good: str, bad: str) -> None:
    schema = form(text(validate={"pattern": pattern}))

    assert taken(schema, a=good) == {"a": good}
    with pytest.raises(FormRefused, match="does not have the form"):
        taken(schema, a=bad)


@pytest.mark.parametrize(
    ("value", "is_taken"),
    [(12.25, True), (12.256, False), (12.5, True), (10**40, True), (1e300, True), (1e-9, False), (0, True)],
)
def test_digits_behind_the_point_are_counted_for_numbers_of_any_size(value: float, is_taken: bool) -> None:
    schema = form(number(decimalDigits=2))

    if is_taken:
        assert taken(schema, a=value) == {"a": value}
    else:
        with pytest.raises(FormRefused, match="at most 2 decimal digits"):
            taken(schema, a=value)


@pytest.mark.parametrize(
    ("component", "sentence"),
    [
        (number(validate={"min": '= "many"'}), "Amount: the rule min of the form gives no number"),
        (text(validate={"pattern": '= "(a"'}), "Name: the pattern of the form cannot be used"),
        ({"type": "select", "key": "a", "label": "Way", "valuesExpression": "= 5"}, "Way must be one of"),
    ],
)
def test_a_rule_that_gives_nonsense_is_told(component: dict[str, Any], sentence: str) -> None:
    with pytest.raises(DomainError, match=sentence.replace("(", r"\(")):
        taken(form(component), a=5 if component["type"] == "number" else "x")


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["", "a", "= 1", "= a", "(", "x.y"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "hide", "min"]), inner, max_size=2)
    ),
    max_leaves=4,
)
KINDS = ["textfield", "number", "select", "checklist", "datetime", "expression", "dynamiclist", "group", "checkbox"]
NAMES = ["key", "path", "expression", "values", "valuesKey", "validate", "conditional", "components", "decimalDigits"]


@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(NAMES), ODD), ODD)
def test_any_form_that_is_taken_takes_or_refuses_any_value(kind: str, more: dict[str, Any], value: Any) -> None:
    schema = form({"type": kind, "key": "a", **more})
    findings = Findings("f.form")
    check_form(json.dumps(schema).encode(), findings)
    if findings.refuses:
        return

    with suppress(DomainError):
        accept(schema, {"a": value}, {}, NOW)


PRICE = number(key="price", readonly=True)
PIECES = number(key="pieces")


def test_what_nobody_may_enter_is_not_seen_by_what_is_computed() -> None:
    total = {"type": "expression", "key": "total", "expression": "=price * pieces"}

    found = accept(form(PRICE, PIECES, total), {"price": 1, "pieces": 2}, {"price": 100}, NOW)

    assert found == {"pieces": 2, "total": 200}


def test_what_nobody_may_enter_hides_no_field_and_moves_no_limit() -> None:
    why = text(key="why", validate={"required": True}, conditional={"hide": "=price < 10"})
    most = number(key="pieces", validate={"max": "=price"})

    with pytest.raises(FormRefused) as refused:
        accept(form(PRICE, why, most), {"price": 1, "pieces": 1}, {"price": 100}, NOW)
    assert list(refused.value.details["fields"]) == ["/why"]
    with pytest.raises(FormRefused) as refused:
        accept(form(number(key="price", disabled=True), most), {"price": 999, "pieces": 500}, {"price": 100}, NOW)
    assert list(refused.value.details["fields"]) == ["/pieces"]


def test_computed_fields_use_one_another_in_any_order_and_never_what_was_sent_for_them() -> None:
    gross = {"type": "expression", "key": "gross", "expression": "=net * 2"}
    net = {"type": "expression", "key": "net", "expression": "=pieces + 1"}

    assert accept(form(PIECES, gross, net), {"pieces": 2, "net": 500, "gross": 1}, {}, NOW) == {
        "pieces": 2,
        "net": 3,
        "gross": 6,
    }


def test_a_value_inside_an_object_that_nobody_may_enter_is_that_of_the_case() -> None:
    schema = form(
        number(key="order.price", readonly=True),
        number(key="order.pieces"),
        {"type": "expression", "key": "total", "expression": "=order.price * order.pieces"},
    )

    honest = accept(schema, {"order": {"pieces": 2}}, {"order": {"price": 100}}, NOW)
    forged = accept(schema, {"order": {"pieces": 2, "price": 1}}, {"order": {"price": 100}}, NOW)

    assert honest == forged == {"order": {"pieces": 2}, "total": 200}
    with pytest.raises(FormRefused, match="order: This must be an object"):
        accept(schema, {"order": 5}, {"order": {"price": 100}}, NOW)


GROUP = {"type": "group", "path": "g", "components": [text()]}


@pytest.mark.parametrize(
    ("schema", "data", "refused"),
    [
        (form(GROUP), {"g": {"a": "x", "evil": 1}}, {"/g/evil": "The form does not ask for this."}),
        (form(GROUP), {"g": 5}, {"/g": "This must be an object with fields of the form."}),
        (form(GROUP), {"g": [{"a": "x"}]}, {"/g": "This must be an object with fields of the form."}),
        (form(text(key="a.b")), {"a": {"b": "x", "c": "y"}}, {"/a/c": "The form does not ask for this."}),
        (
            form({"type": "dynamiclist", "path": "rows", "components": [text()]}),
            {"rows": [{"a": "x"}, {"a": "y", "evil": 1}]},
            {"/rows/1/evil": "The form does not ask for this."},
        ),
        (
            form({**GROUP, "conditional": {"hide": "= true"}}),
            {"g": {"evil": 1}},
            {"/g/evil": "The form does not ask for this."},
        ),
    ],
)
def test_what_a_form_does_not_ask_for_is_refused_wherever_it_lies(
    schema: dict[str, Any], data: dict[str, Any], refused: dict[str, str]
) -> None:
    with pytest.raises(FormRefused) as told_so:
        taken(schema, **data)

    assert told_so.value.details["fields"] == refused


def test_groups_share_a_path_and_a_path_leads_deeper() -> None:
    shared = form(GROUP, {**GROUP, "components": [text(key="b")]}, {**GROUP, "path": "deep.down"})

    data = {"g": {"a": "1", "b": "2"}, "deep": {"down": {"a": "3"}}}

    assert taken(shared, **data) == data


def test_a_hidden_group_is_known_and_nothing_of_it_is_taken() -> None:
    hidden = form(text(key="name"), {**GROUP, "conditional": {"hide": "= true"}})

    assert taken(hidden, name="n", g={"a": "x"}) == {"name": "n"}


@pytest.mark.parametrize("kind", ["textfield", "textarea"])
def test_blanks_are_no_text_where_one_is_needed(kind: str) -> None:
    needed = form({"type": kind, "key": "a", "label": "Reason", "validate": {"required": True}})

    with pytest.raises(FormRefused, match="Reason is needed"):
        taken(needed, a=" \t\n")


LATE = datetime(2026, 1, 4, 23, 30, tzinfo=UTC)  # the fifth in Warsaw


@pytest.mark.parametrize(
    ("subtype", "value", "is_taken"),
    [
        ("date", "2026-01-04", False),
        ("date", "2026-01-05", True),
        ("datetime", "2026-01-04T23:59", False),
        ("datetime", "2026-01-05T00:00", True),
        ("datetime", "2026-01-04T23:10:00Z", True),
        ("time", "00:00", True),
    ],
)
def test_days_that_are_over_are_refused_where_the_form_says_so(subtype: str, value: str, is_taken: bool) -> None:
    field = {"type": "datetime", "key": "a", "label": "Day", "subtype": subtype}

    assert accept(form(field), {"a": value}, {}, LATE) == {"a": value}
    if is_taken:
        assert accept(form({**field, "disallowPassedDates": True}), {"a": value}, {}, LATE) == {"a": value}
    else:
        with pytest.raises(FormRefused, match="Day must not be before today"):
            accept(form({**field, "disallowPassedDates": True}), {"a": value}, {}, LATE)
