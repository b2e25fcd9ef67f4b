"""What must hold for every expression and every value: nothing raises, hangs or loses digits; the laws of logic."""

from __future__ import annotations

import itertools
import json
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engine.feel import (
    FeelSyntaxError,
    YearsMonths,
    compile_expression,
    compile_script,
    compile_unary_tests,
    decode,
    encode,
    plain,
)
from engine.feel.builtins import BUILTINS
from engine.feel.builtins.registry import OWN
from engine.feel.kinds import CONTEXT
from engine.feel.parser import parse_expression, parse_unary_tests
from engine.feel.printer import to_text

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LONGEST = 5.0  # seconds of the processor; what is not bounded takes minutes
VARIABLES = {
    "a": 1,
    "b": "text",
    "xs": [3, 1, 2],
    "ctx": {"name": "n", "net value": Decimal("1.5")},
    "order lines": [{"price": 2, "qty": 3}, {"price": 5, "qty": None}],
    "on": date(2026, 1, 31),
    "nothing": None,
    "odd": float("nan"),
    "strange": object(),
}
WORDS = [
    *("1", "2.5", '"a"', "null", "true", "false", "a", "b", "xs", "ctx", "order lines", "on", "nothing", "odd", "?"),
    *("strange", "item", "partial", "x", "-", "+", "*", "/", "**", "=", "!=", "<", "<=", ">", ">=", "(", ")", "[", "]"),
    *("{", "}", ",", ":", ".", "..", "and", "or", "if", "then", "else", "for", "in", "return", "some", "every"),
    *("satisfies", "between", "instance of", "number", "list<string>", "function", "external", "not", "@", "->"),
    *('@"2026-01-31"', '@"P1D"', "1e6000", "99999999999999999999999999999999999", "net value", "price", "x: 1"),
]
soup = st.lists(st.sampled_from([*WORDS, *BUILTINS, *(f"{name}(" for name in BUILTINS)]), max_size=25).map(" ".join)

literals = st.sampled_from(
    [
        *(
            "1",
            "-2.5",
            "0",
            "1e30",
            "1e6000",
            '"a"',
            '"\\n\\"ü"',
            "null",
            "true",
            "false",
            "[]",
            "{}",
            "[1..3]",
            "(< 5)",
        ),
        *("a", "b", "xs", "ctx.net value", "order lines", "on", "nothing", "(function(x) x)", "obieg"),
        *('@"P1D"', '@"P2M"', 'date("2026-02-28")', '@"10:00:00@Europe/Paris"'),
        *('@"9999-12-31T23:00:00-05:00"', '@"0001-01-01T00:00:00@Asia/Tokyo"'),
    ]
)


def _calls(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    names = st.sampled_from(sorted(BUILTINS.keys() - {"now", "today"}) + [f"obieg.{name}" for name in OWN])
    return st.builds(lambda name, args: f"{name}({', '.join(args)})", names, st.lists(inner, min_size=1, max_size=3))


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(["+", "-", "*", "/", "**", "=", "!=", "<", ">=", "and", "or"])
    return st.one_of(
        st.builds("({} {} {})".format, inner, operators, inner),
        st.builds("(if {} then {} else {})".format, inner, inner, inner),
        st.builds("(for x in {} return [x, {}])".format, inner, inner),
        st.builds("(some x in {} satisfies x = {})".format, inner, inner),
        st.builds("{}[{}]".format, inner.map(lambda text: f"({text})"), inner),
        st.builds("({} in ({}, < {}))".format, inner, inner, inner),
        st.builds("({} between {} and {})".format, inner, inner, inner),
        st.builds("{{k: {}, m: k}}".format, inner),
        st.builds("(-{})".format, inner),
        st.builds("({} instance of list<number>)".format, inner),
        st.builds("(function(x) {})({})".format, inner, inner),
        _calls(inner),
    )


expressions = st.recursive(literals, _larger, max_leaves=12)
relaxed = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@relaxed
@given(st.one_of(st.text(max_size=60), soup))
@example("(" * 5000)
@example("[" * 5000)
@example("{a:" * 3000)
@example("-" * 5000)
@example("1" + "+1" * 20000)
@example("a" + ".b" * 20000)
@example("a" + "[1]" * 5000)
@example("if " * 3000)
@example("x in (" * 200 + ")" * 200)
@example("not(" * 500 + ")" * 500)
@example("function() " * 3000)
@example('"' + "\\" * 9999)
@example("1e99999999999")
@example("\ud800")
@example("a b c " * 5000)
def test_no_text_does_worse_than_being_refused(text):
    for compile_text in (compile_expression, compile_unary_tests, compile_script):
        began = time.thread_time()
        try:
            compiled = compile_text(text)
        except FeelSyntaxError:
            pass
        else:
            run = compiled.run if compile_text is compile_script else compiled.evaluate
            run({**VARIABLES, "?": 1} if compile_text is not compile_unary_tests else VARIABLES, now=NOW)
        assert time.thread_time() - began < LONGEST


@relaxed
@given(expressions)
def test_evaluation_never_raises_and_ends_in_time(text):
    began = time.thread_time()

    outcome = compile_expression(text).evaluate(VARIABLES, now=NOW)

    assert time.thread_time() - began < LONGEST
    assert all(0 <= problem.start <= problem.end for problem in outcome.problems)


texts = st.one_of(
    st.text(max_size=30),
    st.text("0123456789-+:.TZPYMDHS@/W", max_size=30),
    st.text('[]().,"@0129ab date-\\\\', max_size=30),
    st.text("ab(|)*+?{}[]^$\\\\pPdDwW0123-&,.", max_size=30),
    st.builds("{}{}..{}{}".format, st.sampled_from("[]("), soup, soup, st.sampled_from("[])")),
)


@relaxed
@given(
    st.sampled_from(sorted({*BUILTINS, *(f"obieg.{name}" for name in OWN)})), st.lists(texts, min_size=1, max_size=4)
)
def test_no_text_that_is_passed_to_a_function_raises_or_takes_long(name, given_texts):
    variables = {f"t{number}": text for number, text in enumerate(given_texts)}
    began = time.thread_time()

    compile_expression(f"{name}({', '.join(variables)})").evaluate(variables, now=NOW)

    assert time.thread_time() - began < LONGEST


def _grown(first, step, last="m: l"):
    """A context whose every entry is several times as large as the one before."""
    steps = [f"{name}: {step.format(before)}" for before, name in itertools.pairwise("abcdefghijkl")]
    return f"{{a: {first}, {', '.join(steps)}, {last}}}"


@pytest.mark.parametrize(
    "text",
    [
        "for x in 1..1000000000 return x",
        "for a in 1..1000, b in 1..1000, c in 1..1000 return a",
        "count(for a in 1..5000, b in 1..5000 return a)",
        "{f: function(n) f(n), r: f(1)}.r",
        "for x in 1..100000 return partial",
        _grown('"xxxxxxxxxxxxxxxx"', "{0}+{0}+{0}+{0}"),
        _grown("[1,1,1,1]", "concatenate({0},{0},{0},{0})"),
        _grown("[1,1]", "[{0},{0},{0},{0}]", "m: string(l), n: flatten(l), o: l = l"),
        "sort(for x in 1..60000 return -x, function(a, b) a < b)",
        'matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "(a+)+$")',
        'matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "(a*)*(b)\\\\2(a|aa)+$")',
        'matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "^(a)\\\\1((a|aa)+)+$")',
        'matches("x", "((((a{999}){999}){999}){999})")',
        'replace("aaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "(a|a|a?)+b", "$1")',
        "1e6000 * 1e6000",
        "9999999999 ** 9999999999",
        "2 ** 0.3333333333",
        "exp(20000)",
        "modulo(1e6000, 7)",
        'date("9999-12-31") + duration("P99999999D")',
        "distinct values(for x in 1..20000 return [x])",
        "duplicate values(for x in 1..20000 return x)",
        "for x in 1..50000 return for y in 1..50000 return y",
        "some x in 1..200000, y in 1..200000 satisfies x = -y",
        "(for x in 1..200000 return x)[item < 0]",
        "reverse(for x in 1..200000 return x)[1]",
        'string join(for x in 1..100000 return "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")',
    ],
)
def test_no_expression_can_exhaust_a_worker(text):
    began = time.thread_time()

    compile_expression(text).evaluate({}, now=NOW)

    assert time.thread_time() - began < LONGEST


@relaxed
@given(expressions)
def test_what_is_printed_reads_as_the_same(text):
    names = ("net value", "order lines", *(name for name in (*BUILTINS, *OWN) if " " in name))
    printed = to_text(parse_expression(text, names))

    again = to_text(parse_expression(printed, names))

    assert again == printed
    assert plain(_value(printed)) == plain(_value(text))  # functions are equal to themselves only


def _value(text):
    return compile_expression(text).evaluate(VARIABLES, now=NOW).value


@given(st.lists(st.sampled_from(["< 5", "[1..3]", '"a"', "!= 2", "1, 2", "a", "? > 3", '@"2026-01-01"']), max_size=3))
def test_a_printed_cell_reads_as_the_same(tests):
    text = ", ".join(tests) or "-"

    printed = to_text(parse_unary_tests(text))

    assert to_text(parse_unary_tests(printed)) == printed


LOGICAL = [True, False, None]


@pytest.mark.parametrize("p", LOGICAL)
@pytest.mark.parametrize("q", LOGICAL)
@pytest.mark.parametrize("r", LOGICAL)
def test_the_laws_of_three_valued_logic_hold(p, q, r):
    def value(text):
        return compile_expression(text).evaluate({"p": p, "q": q, "r": r}).value

    assert value("p and q") is value("q and p")
    assert value("p or q") is value("q or p")
    assert value("p and (q and r)") is value("(p and q) and r") is value("p and q and r")
    assert value("p or (q or r)") is value("(p or q) or r") is value("p or q or r")
    assert value("p and (q or r)") is value("(p and q) or (p and r)")
    assert value("not(p and q)") is value("not(p) or not(q)")
    assert value("not(not(p))") is p
    assert value("all([p, q, r])") is value("p and q and r")
    assert value("any([p, q, r])") is value("p or q or r")
    assert value("every x in [p, q, r] satisfies x") is value("p and q and r")
    assert value("some x in [p, q, r] satisfies x") is value("p or q or r")


digits = st.integers(-(10**34) + 1, 10**34 - 1)
numbers = st.builds(lambda value, scale: Decimal(value).scaleb(scale, CONTEXT), digits, st.integers(-60, 60))


@given(numbers)
def test_a_number_loses_no_digit(number):
    assert _value(str(number) if number >= 0 else f"({number})") == number
    assert compile_expression("n + 0").evaluate({"n": number}).value == number
    assert compile_expression("number(string(n))").evaluate({"n": number}).value == number
    assert decode(json.loads(json.dumps(encode(number)))) == number


@given(digits.filter(lambda value: abs(value) < 10**16), digits.filter(lambda value: abs(value) < 10**16))
def test_sums_and_products_are_exact(one, two):
    one, two = Decimal(one).scaleb(-8), Decimal(two).scaleb(-8)

    assert compile_expression("a + b - b").evaluate({"a": one, "b": two}).value == one
    assert compile_expression("a * b").evaluate({"a": one, "b": two}).value == CONTEXT.multiply(one, two)
    assert compile_expression("sum([a, b, -a])").evaluate({"a": one, "b": two}).value == two


values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.text(max_size=10),
        numbers,
        st.dates(),
        st.datetimes(timezones=st.just(UTC)),
        st.timedeltas(timedelta(days=-9999), timedelta(days=9999)),
        st.integers(-9999, 9999).map(YearsMonths),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5) | st.just("@"), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(values)
def test_every_value_survives_storage_as_json(value):
    assert decode(json.loads(json.dumps(encode(value)))) == value
