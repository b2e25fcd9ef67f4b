"""`obieg feel` and `obieg decide` as a designer calls them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from webapp.cli.feel import decide, feel

MODEL = """<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="m" namespace="n">
<inputData id="i" name="amount"/><decision id="d" name="tier"><informationRequirement><requiredInput href="#i"/>
</informationRequirement><decisionTable><input><inputExpression><text>amount</text></inputExpression></input>
<output name="tier"/><rule><inputEntry><text>&gt; 10</text></inputEntry><outputEntry><text>"high"</text></outputEntry>
</rule></decisionTable></decision></definitions>"""


def run(command, *arguments):
    return CliRunner().invoke(command, list(arguments))


def test_an_expression_is_evaluated_and_printed_as_json():
    result = run(feel, "order total * 1.1", "--context", '{"order total": 10}')

    assert (result.exit_code, json.loads(result.stdout)) == (0, 11)


def test_a_problem_is_underlined():
    result = run(feel, '1 + "a" * 2')

    assert result.exit_code == 1
    assert result.stdout == "null\n"
    assert '1 + "a" * 2\n    ^^^^^^^\nA string and a number cannot be multiplied.' in result.stderr


def test_text_that_is_not_feel_is_underlined():
    result = run(feel, "1 + )")

    assert result.exit_code == 1
    assert "1 + )\n    ^\n" in result.stderr


@pytest.mark.parametrize("context", ["[1]", "{", '{"a": {"@": "date", "v": "x"}}'])
def test_a_context_that_is_no_json_object_is_wrong_usage(context):
    assert run(feel, "1", "--context", context).exit_code == 2


def test_a_decision_tells_its_result_and_the_rules_that_fired(tmp_path: Path):
    file = tmp_path / "m.dmn"
    file.write_text(MODEL)

    result = run(decide, str(file), "--decision", "tier", "--input", '{"amount": 11}')

    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "result": "high",
        "rules": [{"table": "tier", "rule": 1, "inputs": {"amount": 11}, "outputs": "high"}],
        "problems": [],
    }


def test_a_missing_input_is_a_problem(tmp_path: Path):
    file = tmp_path / "m.dmn"
    file.write_text(MODEL)

    result = run(decide, str(file), "--decision", "tier")

    assert result.exit_code == 1
    assert "amount" in json.loads(result.stdout)["problems"][0]
