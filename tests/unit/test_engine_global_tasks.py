"""Global tasks: what stands beside the processes of a file and is called by them."""

import pytest

from engine.bpmn import Known, check_bpmn
from tests.engine_stage import begin, call, do, waiting
from tests.engine_world import HEAD, line

SCRIPT = "<script>x</script>"
BINDING = '<ioBinding operationRef="o" inputDataRef="i" outputDataRef="o"/>'
ALL = '<camunda:in variables="all"/><camunda:out variables="all"/>'
CALLER = f'<process id="process" isExecutable="true">{line(call(key="shared", inner=ALL), names=("call",))}</process>'


def with_task(task: str) -> bytes:
    return f"{HEAD}{task}{CALLER}</definitions>".encode()


def test_a_global_user_task_waits_for_a_person() -> None:
    stage = begin(with_task('<globalUserTask id="shared" name="Sign" camunda:candidateGroups="legal"/>'))
    (work,) = stage.work.values()
    assert (waiting(stage), work.node.name, work.groups) == (["shared"], "Sign", ("legal",))

    do(stage, "shared", signed=True)

    assert (stage.case.state, stage.case.variables) == ("completed", {"signed": True})


def test_a_global_script_task_works_on_what_is_passed_in() -> None:
    script = "<script>gross = net * 1.19</script>"
    stage = begin(
        with_task(f'<globalScriptTask id="shared" scriptLanguage="feel">{script}</globalScriptTask>'), net=100
    )

    assert stage.case.variables["gross"] == 119


@pytest.mark.parametrize("task", ["globalTask", "globalManualTask"])
def test_a_global_task_that_nobody_does_passes_through(task: str) -> None:
    stage = begin(with_task(f'<{task} id="shared"/>'))

    assert stage.case.state == "completed"


def test_a_file_may_hold_global_tasks_only() -> None:
    checked = check_bpmn("t", f'{HEAD}<globalUserTask id="shared"/></definitions>'.encode(), Known())

    assert [(each.id, each.is_global_task) for each in checked.processes] == [("shared", True)]
    assert not checked.findings


@pytest.mark.parametrize(
    ("task", "rule"),
    [
        ("<globalUserTask/>", "id-missing"),
        (f'<globalScriptTask id="shared" scriptLanguage="python">{SCRIPT}</globalScriptTask>', "script-language"),
        ('<globalBusinessRuleTask id="shared"/>', "decision-unknown"),
        ('<globalUserTask id="shared" camunda:topic="x"/>', "extension-place"),
        ('<globalUserTask id="shared" wanted="x"/>', "attribute-unknown"),
        (f'<globalUserTask id="shared">{BINDING}</globalUserTask>', "element-unsupported"),
    ],
)
def test_what_a_global_task_cannot_do_is_refused_with_its_place(task: str, rule: str) -> None:
    findings = check_bpmn("t", with_task(task), Known(decisions=frozenset())).findings

    assert rule in {finding.rule for finding in findings}
    assert all(finding.line is not None for finding in findings)
