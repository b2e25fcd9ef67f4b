"""The everyday part of FEEL: what a process designer writes in conditions, scripts and cells."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from engine.feel import (
    FeelSyntaxError,
    Range,
    YearsMonths,
    compile_expression,
    compile_script,
    compile_unary_tests,
    decode,
    encode,
    plain,
)

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def value_of(text, **variables):
    return compile_expression(text).evaluate(variables, now=NOON).value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", Decimal(7)),
        ("0.1 + 0.2 = 0.3", True),
        ("-3 ** 2", Decimal(9)),
        ("2 ** 3 ** 2", Decimal(64)),
        ('if 1 > 0 then "a" else "b"', "a"),
        ("for x in 1..3 return x * x", [Decimal(1), Decimal(4), Decimal(9)]),
        ("for x in 1..4 return if x = 1 then 1 else x * partial[-1]", [Decimal(n) for n in (1, 2, 6, 24)]),
        ("[1, 2, 3][item > 1]", [Decimal(2), Decimal(3)]),
        ("[1, 2, 3][-1]", Decimal(3)),
        ("{a: 1, b: a + 1}.b", Decimal(2)),
        ("[{a: 1}, {a: 2}][a > 1].a", [Decimal(2)]),
        ("some x in [1, 2] satisfies x > 1", True),
        ("every x in [1, 2] satisfies x > 1", False),
        ("5 in (1..5]", True),
        ("5 in [1..5[", False),
        ("5 in (< 3, >= 5)", True),
        ("3 between 1 and 3 and true", True),
        ('date("2026-01-31") + duration("P1M")', date(2026, 2, 28)),
        ('@"2026-03-01" - @"2026-02-01"', timedelta(days=28)),
        ('duration("P1Y6M")', YearsMonths(18)),
        ("(function(a, b) a - b)(b: 1, a: 3)", Decimal(2)),
        ('"ab" instance of string', True),
        ("null and false", False),
        ("null or false", None),
        ("today()", date(2026, 3, 1)),
        ('string join(["a", null, "b"], "-")', "a-b"),
        ("sort([3, 1, 2], function(x, y) x > y)", [Decimal(3), Decimal(2), Decimal(1)]),
        ("[1..3]", Range(Decimal(1), Decimal(3), low_included=True, high_included=True)),
    ],
)
def test_an_expression_has_its_value(text, expected):
    assert value_of(text) == expected


def test_names_of_several_words_are_found_among_the_variables():
    variables = {"order lines": [{"net value": 10}, {"net value": 20}], "a-b": 5}

    assert compile_expression("sum(order lines.net value) + a-b").evaluate(variables).value == Decimal(35)


def test_pythons_numbers_are_taken_as_decimals():
    assert value_of("price * 3", price=0.1) == Decimal("0.3")


def test_a_wrong_operand_makes_null_and_says_where():
    outcome = compile_expression('1 + ("a" * 2)').evaluate({})

    assert outcome.value is None
    assert (outcome.problems[0].start, outcome.problems[0].end) == (4, 13)
    assert "string" in outcome.problems[0].message


def test_an_unknown_name_makes_null_and_says_so():
    outcome = compile_expression("missing > 1").evaluate({})

    assert outcome.value is None
    assert "'missing'" in outcome.problems[0].message


def test_text_that_is_not_feel_is_refused_with_its_place():
    with pytest.raises(FeelSyntaxError) as refused:
        compile_expression("1 + ) 2")

    assert (refused.value.start, refused.value.end) == (4, 5)


def test_an_expression_knows_the_names_it_needs():
    expression = compile_expression("for line in lines return line.price * rate + count(other)")

    assert expression.names == {"lines", "rate", "other"}


def test_a_cell_accepts_what_its_tests_say():
    assert compile_unary_tests("> 10, [1..3]").accepts(2).value is True
    assert compile_unary_tests('not("a", "b")').accepts("b").value is False
    assert compile_unary_tests("-").accepts(None).value is True
    assert compile_unary_tests("> limit").accepts(5, {"limit": 3}).value is True
    assert compile_unary_tests('contains(?, "x")').accepts("axe").value is True


def test_a_script_runs_line_by_line():
    script = compile_script("net value = 10 * amount\n// the tax\ngross = net value * 1.23\nlines = [1,\n  2]\n")

    assigned, problems = script.run({"amount": 2})

    assert assigned == {"net value": Decimal(20), "gross": Decimal("24.60"), "lines": [Decimal(1), Decimal(2)]}
    assert problems == ()
    assert script.names == {"amount"}


@pytest.mark.parametrize(
    "value",
    [
        Decimal("12345678901234567890.12345678901234"),
        Decimal("0.1"),
        NOON,
        date(2026, 1, 1),
        timedelta(hours=3),
        YearsMonths(14),
        {"@": "x", "list": [None, True, "text"]},
        Range(Decimal(1), None, low_included=False, high_included=False),
        Range(Decimal(1), None, low_included=False, high_included=False, sign=">"),
    ],
)
def test_a_value_survives_storage(value):
    assert decode(encode(value)) == value


def test_people_read_dates_as_text():
    assert plain({"due": date(2026, 1, 1), "net": Decimal("10.5")}) == {"due": "2026-01-01", "net": 10.5}
