"""Patterns of XPath: both matchers agree, wrong patterns are problems, and time is always bounded."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.feel import compile_expression
from engine.feel.errors import Fault
from engine.feel.patterns import Pattern
from engine.feel.patterns.backtracking import Assembler
from engine.feel.patterns.linear import compile_linear
from engine.feel.patterns.syntax import Reader
from engine.feel.run import Run


def value_of(text):
    return compile_expression(text).evaluate({}).value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'matches("ÄÖ", "^\p{Lu}+$")', True),
        (r'matches("x9", "^\w\d$")', True),
        (r'matches("a b", "a\sb")', True),
        (r'matches("émile", "\i\c*")', True),
        (r'matches("żółw", "^\p{IsLatinExtended-A}")', True),
        (r'matches("b", "[a-z-[aeiou]]")', True),
        (r'matches("e", "[a-z-[aeiou]]")', False),
        (r'matches("ŻÓŁW", "żółw", "i")', True),
        (r'matches("abab", "^(ab)\1$")', True),
        (r'matches("abba", "^(ab)\1$")', False),
        (r'replace("a.b", ".", "-", "q")', "a-b"),
        (r'replace("John Smith", "(\w+) (\w+)", "$2, $1")', "Smith, John"),
        (r'replace("abc", "b", "\$")', "a$c"),
        (r'replace("abc", "x*", "-")', None),
        (r'replace("abc", "(b)", "$")', None),
        (r'split("2026-01-05", "-")', ["2026", "01", "05"]),
    ],
)
def test_patterns_mean_what_xpath_says(text, expected):
    assert value_of(text) == expected


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        ")",
        "[",
        "[b-a]",
        "a**",
        "a{2,1}",
        "a{9999}",
        r"\y",
        r"\p{Foo}",
        "(?=a)",
        "*",
        "]",
        r"(a)\2",
        "[]",
        "a{",
        "^*",
    ],
)
def test_a_wrong_pattern_is_refused(pattern):
    with pytest.raises(Fault):
        Pattern(pattern, "")


pieces = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "(a)", "(a|b)", "(?:ab)", "^", "$", r"\w", "[a-c-[b]]"])
quantifiers = st.sampled_from(["", "*", "+", "?", "{2}", "{1,2}", "*?", "+?"])
atoms = st.builds(lambda piece, many: piece if piece in "^$" else piece + many, pieces, quantifiers)
patterns = st.lists(atoms, min_size=1, max_size=5).map("".join)


@settings(max_examples=300, deadline=None)
@given(patterns, st.text("abc\n", max_size=8), st.sampled_from(["", "i", "s"]))
def test_the_counted_matcher_finds_what_re2_finds(pattern, subject, flags):
    reader = Reader(pattern, flags)
    part = reader.read()

    found = compile_linear(part, flags).search(subject)
    program = Assembler(reader.groups, flags).program(part)
    slots = next((slots for at in range(len(subject) + 1) if (slots := program.match(Run({}), subject, at))), None)

    assert (found.span() if found else None) == ((slots[0], slots[1]) if slots else None)


@settings(max_examples=300, deadline=None)
@given(st.text(r"ab()[]{}|*+?^$\.-123,pLuIs", max_size=30), st.text("ab1", max_size=30))
def test_no_pattern_hangs_or_raises(pattern, subject):
    began = time.thread_time()

    compile_expression("[matches(s, p), replace(s, p, p), split(s, p)]").evaluate({"s": subject, "p": pattern})

    assert time.thread_time() - began < 5
