"""What the checker says of a table as a whole: gaps, overlaps, rules that are never reached, cells of a wrong type."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.dmn import check_file
from engine.dmn.domains import Opaque, read_cell
from engine.feel import compile_unary_tests
from engine.feel.compare import within

DMN = "https://www.omg.org/spec/DMN/20230324/MODEL/"


def checked(policy, columns, rules, outputs='<output name="result"/>'):
    """`columns`: name → (type, input values); `rules`: cells, the last one being the output."""
    inputs = "".join(
        f'<inputData id="i_{name}" name="{name}"><variable name="{name}"/></inputData>' for name in columns
    )
    requires = "".join(
        f'<informationRequirement><requiredInput href="#i_{name}"/></informationRequirement>' for name in columns
    )
    heads = "".join(
        f'<input label="{name}"><inputExpression typeRef="{kind}"><text>{name}</text></inputExpression>'
        + (f"<inputValues><text>{values}</text></inputValues>" if values else "")
        + "</input>"
        for name, (kind, values) in columns.items()
    )
    rows = "".join(
        "<rule>"
        + "".join(f"<inputEntry><text><![CDATA[{cell}]]></text></inputEntry>" for cell in cells[:-1])
        + f"<outputEntry><text>{cells[-1]}</text></outputEntry></rule>"
        for cells in rules
    )
    xml = (
        f'<definitions xmlns="{DMN}" name="m" namespace="n">{inputs}<decision id="d" name="d">{requires}'
        f'<decisionTable hitPolicy="{policy}">{heads}{outputs}{rows}</decisionTable></decision></definitions>'
    )
    return [(finding.rule, finding.sentence) for finding in check_file(xml.encode())]


NUMBER = {"amount": ("number", "")}
TWO = {"amount": ("number", ""), "kind": ("string", '"a", "b"')}


def test_a_complete_table_without_overlaps_has_no_finding():
    rules = [("< 10", '"a"', "1"), ("< 10", '"b"', "2"), (">= 10", "-", "3")]

    assert checked("UNIQUE", TWO, rules) == []


def test_a_value_between_two_rules_is_missing():
    found = checked("UNIQUE", NUMBER, [("< 10", "1"), ("> 10", "2")])

    assert found == [("dmn.missing", "Table 'd': no rule matches for amount = 10.")]


def test_a_range_that_no_rule_takes_is_missing():
    found = checked("FIRST", NUMBER, [("[0..10]", "1"), ("[20..30)", "2")])

    assert [rule for rule, _ in found] == ["dmn.missing"]
    assert "amount < 0 or > 10 and < 20 or ≥ 30" in found[0][1]


def test_a_combination_of_two_inputs_is_missing():
    found = checked("UNIQUE", TWO, [("< 10", '"a"', "1"), (">= 10", "-", "2")])

    assert found == [("dmn.missing", "Table 'd': no rule matches for amount < 10, kind = \"b\".")]


def test_a_unique_table_that_can_hit_twice_is_an_error():
    found = checked("UNIQUE", NUMBER, [("<= 10", "1"), (">= 10", "2")])

    assert [rule for rule, _ in found] == ["dmn.overlap"]
    assert "the rules 1 and 2 both match for amount = 10" in found[0][1]


def test_an_any_table_may_overlap_where_its_rules_say_the_same():
    assert checked("ANY", NUMBER, [("<= 10", "1"), (">= 10", "1")]) == []
    assert [rule for rule, _ in checked("ANY", NUMBER, [("<= 10", "1"), (">= 10", "2")])] == ["dmn.overlap"]


def test_a_rule_behind_others_that_take_all_its_values_is_unreachable():
    found = checked("FIRST", NUMBER, [("< 10", "1"), (">= 5", "2"), ("[7..20]", "3")])

    assert [rule for rule, _ in found] == ["dmn.unreachable"]
    assert "rule 3 is never reached" in found[0][1]


def test_a_rule_for_values_that_are_not_allowed_is_unreachable():
    found = checked("UNIQUE", TWO, [("-", '"a", "b"', "1"), ("-", '"c"', "2")])

    assert ("dmn.unreachable", "Table 'd': no input can ever match rule 2.") in found


def test_a_default_output_fills_the_gaps():
    output = '<output name="result"><defaultOutputEntry><text>0</text></defaultOutputEntry></output>'

    assert checked("UNIQUE", NUMBER, [("< 10", "1")], output) == []


def test_a_table_that_collects_needs_no_rule_for_every_value():
    assert checked("COLLECT", NUMBER, [("< 10", "1"), ("< 20", "2")]) == []


def test_cells_that_depend_on_variables_are_neither_gaps_nor_overlaps():
    columns = {"amount": ("number", ""), "limit": ("number", "")}

    assert checked("UNIQUE", columns, [("< limit", "-", "1"), (">= limit", "-", "2")]) == []


def test_negated_cells_and_dates_are_understood():
    columns = {"on": ("date", "")}
    rules = [('not([date("2026-01-01")..date("2026-12-31")])', "1"), ('>= @"2026-01-01"', "2")]

    found = checked("UNIQUE", columns, rules)

    assert [rule for rule, _ in found] == ["dmn.overlap"]
    assert "on > 2026-12-31" in found[0][1]


def test_booleans_have_two_values():
    columns = {"prepaid": ("boolean", "")}

    assert checked("UNIQUE", columns, [("true", "1"), ("false", "2")]) == []
    assert [rule for rule, _ in checked("UNIQUE", columns, [("true", "1")])] == ["dmn.missing"]


def test_a_cell_of_another_type_than_its_input_is_an_error():
    found = checked("FIRST", NUMBER, [('"many"', "1"), ("-", "2")])

    assert [rule for rule, _ in found] == ["dmn.cell_type"]


def test_an_output_of_another_type_or_value_is_an_error():
    output = '<output name="result" typeRef="string"><outputValues><text>"x", "y"</text></outputValues></output>'

    found = checked("FIRST", NUMBER, [("< 3", "1"), ("< 4", '"z"'), ("-", '"x"')], output)

    assert [rule for rule, _ in found] == ["dmn.cell_type", "dmn.cell_type"]


def test_an_unknown_name_is_told_with_its_place():
    found = checked("FIRST", NUMBER, [("> limit", "1"), ("-", "2")])

    assert [rule for rule, _ in found] == ["feel.name"]
    assert "'limit' is not known here (characters 3 to 7" in found[0][1]


@pytest.mark.parametrize("size", [100, 300])
def test_a_large_table_is_checked_in_time(size):
    columns = {f"x{number}": ("number", "") for number in range(5)}
    rules = [(f"[{n}..{n + 1})", f"> {n % 7}", "-", f"< {n % 5}", "-", "1") for n in range(size)]

    assert {rule for rule, _ in checked("UNIQUE", columns, rules)} <= {"dmn.missing", "dmn.size"}


@pytest.mark.parametrize(
    ("cell", "other", "where"),
    [
        ("? > 5 and ? < 10", "[8..20]", "amount ≥ 8 and < 10"),
        ("5 < ? and 10 >= ?", "[8..20]", "amount ≥ 8 and ≤ 10"),
        ("? between 1 and 5", ">= 5", "amount = 5"),
        ("? in (1..5] or ? = 9", "[5..9)", "amount = 5"),
        ("? != 5", "4", "amount = 4"),
    ],
)
def test_conditions_on_the_value_itself_are_understood(cell, other, where):
    found = checked("UNIQUE", NUMBER, [(cell, "1"), (other, "2")])

    assert f"the rules 1 and 2 both match for {where}," in found[0][1]


def test_a_condition_that_contradicts_itself_is_unreachable():
    found = checked("UNIQUE", NUMBER, [("? > 10 and ? < 5", "1"), ("-", "2")])

    assert found == [("dmn.unreachable", "Table 'd': no input can ever match rule 1.")]


def test_a_condition_with_a_value_of_another_type_is_an_error():
    found = checked("UNIQUE", NUMBER, [('? > "a" and ? < "b"', "1"), ("-", "2")])

    assert "dmn.cell_type" in [rule for rule, _ in found]


def test_text_that_is_no_feel_is_shown_with_its_place():
    found = checked("UNIQUE", NUMBER, [("> 5 )", "1"), ("-", "2")])

    assert found[0][0] == "feel.syntax"
    assert "(characters 5 to 5 of '> 5 )')" in found[0][1]


@pytest.mark.parametrize(("text", "unknown"), [("summ(lines)", "'summ'"), ("sum(lines)", ""), ("lines", "")])
def test_a_function_that_does_not_exist_is_found_also_without_input_data(text, unknown):
    decision = f'<decision id="d" name="d"><literalExpression><text>{text}</text></literalExpression></decision>'
    found = check_file(f'<definitions xmlns="{DMN}" name="m" namespace="n">{decision}</definitions>'.encode())

    assert [finding.rule for finding in found] == (["feel.name"] if unknown else [])
    assert all(unknown in finding.sentence for finding in found)


_NUMBERS = st.integers(0, 6)
_SIMPLE = st.one_of(
    st.builds("? {} {}".format, st.sampled_from(["<", "<=", ">", ">=", "=", "!="]), _NUMBERS),
    st.builds("{} {} ?".format, _NUMBERS, st.sampled_from(["<", "<=", ">", ">=", "="])),
    st.builds(lambda one, two: f"? between {min(one, two)} and {max(one, two)}", _NUMBERS, _NUMBERS),
    st.builds(lambda one, two: f"? in ({min(one, two)}..{max(one, two)}]", _NUMBERS, _NUMBERS),
)
_CONDITIONS = st.recursive(
    _SIMPLE, lambda part: st.builds("({} {} {})".format, part, st.sampled_from(["and", "or"]), part)
)


@given(_CONDITIONS, st.booleans())
def test_the_check_takes_a_condition_for_the_values_that_it_accepts(condition, negated):
    tests = compile_unary_tests(f"not({condition})" if negated else condition)
    try:
        cell = read_cell(tests)
    except Opaque:
        return

    for half in range(-1, 14):
        value = Decimal(half) / 2
        inside = any(within(value, limits) for limits in cell.ranges) is not cell.negated
        assert inside is tests.accepts(value).value
