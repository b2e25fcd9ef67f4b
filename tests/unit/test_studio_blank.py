"""What new files of a project begin with."""

import pytest

from core.errors import InvalidInput
from engine.bpmn import Findings, Known, check_bpmn
from engine.decisions import check_dmn
from engine.forms import check_form
from engine.scenario_files import check_scenarios
from engine.studio.blank import blank, key_from, kind_of


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Approve an offer", "approve_an_offer"),
        ("Zażółć gęślą jaźń", "zazolc_gesla_jazn"),
        ("Straße 7", "strasse_7"),
        ("7 steps", "model_7_steps"),
    ],
)
def test_a_key_is_made_of_what_can_be_written_of_a_name(name: str, key: str) -> None:
    assert key_from(name) == key


def test_a_name_without_a_single_latin_letter_gets_a_key_as_well() -> None:
    assert key_from("Согласование").startswith("model_")


def test_an_empty_diagram_can_be_read_and_lacks_nothing_but_its_end() -> None:
    file = blank("process", 'Letters & "parcels" <abroad>')

    checked = check_bpmn(file.name, file.content, Known())

    assert [(process.id, process.name) for process in checked.processes] == [
        ("letters_parcels_abroad", 'Letters & "parcels" <abroad>')
    ]


def test_an_empty_form_table_and_scenario_can_be_used_as_they_are() -> None:
    form, decision, scenario = (blank(kind, "Price of a parcel") for kind in ("form", "decision", "scenario"))
    findings = Findings("")

    found = check_form(form.content, findings)
    tables = check_dmn(decision.content, findings, {})

    assert found is not None
    assert (found.key, found.name) == ("price_of_a_parcel", "Price of a parcel")
    assert [table.id for table in tables or ()] == ["price_of_a_parcel"]
    assert findings == []
    assert check_scenarios(scenario.name, scenario.content) == []


@pytest.mark.parametrize("name", ["a.txt", ".bpmn", "../a.bpmn", "a/b.bpmn", "a\\b.bpmn", "a\n.bpmn", " a.bpmn", "a"])
def test_what_cannot_be_the_name_of_a_model_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be the name of a file"):
        kind_of(name)


def test_the_ending_of_a_name_tells_its_kind() -> None:
    kinds = [kind_of(name) for name in ("a.bpmn", "b.DMN", "c.form", "d.scenario.yaml")]

    assert kinds == ["process", "decision", "form", "scenario"]
