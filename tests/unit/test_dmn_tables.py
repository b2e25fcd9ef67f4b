"""Decision tables: every hit policy, aggregation and default, and the rules that fired."""

from decimal import Decimal

import pytest

from engine.dmn import DmnRefused, read_model

DMN = "https://www.omg.org/spec/DMN/20230324/MODEL/"


def model_of(content, strict=True):
    return read_model(
        f'<definitions xmlns="{DMN}" name="m" namespace="n">{content}</definitions>'.encode(), strict=strict
    )


def table(policy, rules, outputs=("result",), values="", aggregation=""):
    head = "".join(f'<output name="{name}">{values}</output>' for name in outputs)
    rows = "".join(
        f"<rule><inputEntry><text><![CDATA[{test}]]></text></inputEntry>"
        + "".join(f"<outputEntry><text>{result}</text></outputEntry>" for result in results)
        + "</rule>"
        for test, *results in rules
    )
    attribute = f' aggregation="{aggregation}"' if aggregation else ""
    return model_of(
        '<inputData id="i" name="amount"/><decision id="d" name="tier">'
        '<informationRequirement><requiredInput href="#i"/></informationRequirement>'
        f'<decisionTable hitPolicy="{policy}"{attribute}><input><inputExpression typeRef="number"><text>amount</text>'
        f"</inputExpression></input>{head}{rows}</decisionTable></decision>"
    )


RULES = [("< 10", 1), ("[5..20]", 2), (">= 5", 2)]


@pytest.mark.parametrize(
    ("policy", "amount", "expected"),
    [
        ("UNIQUE", 3, Decimal(1)),
        ("UNIQUE", 7, None),
        ("UNIQUE", 15, None),
        ("FIRST", 7, Decimal(1)),
        ("ANY", 7, None),
        ("ANY", 15, Decimal(2)),
        ("RULE ORDER", 7, [Decimal(1), Decimal(2), Decimal(2)]),
        ("COLLECT", 7, [Decimal(1), Decimal(2), Decimal(2)]),
    ],
)
def test_a_hit_policy_says_what_several_hits_mean(policy, amount, expected):
    assert table(policy, RULES).decide("tier", {"amount": amount}).value == expected


def test_a_unique_table_that_hits_twice_names_the_rules():
    decided = table("UNIQUE", RULES).decide("tier", {"amount": 7})

    assert "1, 2, 3" in decided.problems[0].message


@pytest.mark.parametrize(
    ("policy", "expected"), [("PRIORITY", Decimal(2)), ("OUTPUT ORDER", [Decimal(2), Decimal(2), Decimal(1)])]
)
def test_output_values_give_the_order(policy, expected):
    model = table(policy, RULES, values="<outputValues><text>2, 1</text></outputValues>")

    assert model.decide("tier", {"amount": 7}).value == expected


@pytest.mark.parametrize(("aggregation", "expected"), [("SUM", 5), ("MIN", 1), ("MAX", 2), ("COUNT", 3)])
def test_collect_aggregates(aggregation, expected):
    assert table("COLLECT", RULES, aggregation=aggregation).decide("tier", {"amount": 7}).value == Decimal(expected)


def test_without_a_hit_the_default_is_the_result():
    model = table("UNIQUE", [("< 0", 1)], values="<defaultOutputEntry><text>99</text></defaultOutputEntry>")

    assert model.decide("tier", {"amount": 7}).value == Decimal(99)


def test_a_table_that_collects_gives_an_empty_list_without_a_hit():
    assert table("COLLECT", [("< 0", 1)]).decide("tier", {"amount": 7}).value == []
    assert table("COLLECT", [("< 0", 1)], aggregation="COUNT").decide("tier", {"amount": 7}).value == Decimal(0)
    assert table("COLLECT", [("< 0", 1)], aggregation="SUM").decide("tier", {"amount": 7}).value is None


def test_several_outputs_make_a_context():
    model = table("UNIQUE", [("> 0", 1, '"a"')], outputs=("level", "group"))

    assert model.decide("tier", {"amount": 7}).value == {"level": Decimal(1), "group": "a"}


def test_the_rules_that_fired_are_told():
    fired = table("RULE ORDER", RULES).decide("tier", {"amount": 12}).rules

    assert [(rule.table, rule.index, rule.inputs, rule.outputs) for rule in fired] == [
        ("tier", 2, {"amount": Decimal(12)}, Decimal(2)),
        ("tier", 3, {"amount": Decimal(12)}, Decimal(2)),
    ]


def test_an_input_of_the_wrong_type_is_a_problem():
    decided = table("UNIQUE", RULES).decide("tier", {"amount": "many"})

    assert decided.value is None
    assert "amount" in decided.problems[0].message


def test_a_cell_that_is_no_feel_refuses_the_model_with_its_line():
    with pytest.raises(DmnRefused) as refused:
        table("UNIQUE", [("< < 3", 1)])

    assert refused.value.findings[0].rule == "feel.syntax"
    assert refused.value.findings[0].line == 1


@pytest.mark.parametrize(
    "content",
    [
        b"<definitions>",
        b"no xml",
        b"<other/>",
        b'<!DOCTYPE d [<!ENTITY x "y">]><definitions name="&x;"/>',
        b"<definitions>" + b"<a>" * 200 + b"</a>" * 200 + b"</definitions>",
    ],
)
def test_a_file_that_is_no_decision_model_is_refused(content):
    with pytest.raises(DmnRefused):
        read_model(content)


def test_decisions_that_require_one_another_are_refused():
    with pytest.raises(DmnRefused) as refused:
        model_of(
            '<decision id="a" name="a"><informationRequirement><requiredDecision href="#b"/></informationRequirement>'
            "<literalExpression><text>b</text></literalExpression></decision>"
            '<decision id="b" name="b"><informationRequirement><requiredDecision href="#a"/></informationRequirement>'
            "<literalExpression><text>a</text></literalExpression></decision>"
        )

    assert refused.value.findings[0].rule == "dmn.cycle"
