"""What a case asks for after its commit, done by the real queue and worker."""

from __future__ import annotations

from typing import Any

from core.identity import SYSTEM
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.handlers import HANDLERS, Outside, ServiceCall
from engine.inbox import TaskFilter, tasks
from engine.instances import StartInstance
from storage.jobs.worker import Worker
from tests.engine_world import HEAD, line
from webapp.bootstrap import Application

ROOTS = '<message id="weighed" name="crate.weighed"/>'
MESSAGE = '<messageEventDefinition messageRef="weighed" obieg:correlationKey="=crate"/>'


@HANDLERS.deferred_task("test_engine.weigh")
def weigh(outside: Outside, call: ServiceCall) -> dict[str, Any]:
    return {"weight": len(str(call.inputs["crate"])), "weighed_at": outside.clock.now().isoformat()}


def file(content: str, key: str) -> DeploymentFile:
    source = f'{HEAD}{ROOTS}<process id="{key}" isExecutable="true">{content}</process></definitions>'
    return DeploymentFile(name=f"{key}.bpmn", content=source.encode())


def test_a_worker_does_deferred_work_and_carries_messages(application: Application) -> None:
    sender = line(
        '<serviceTask id="weigh" obieg:handler="test_engine.weigh" obieg:deferred="true"/>',
        f'<intermediateThrowEvent id="tell">{MESSAGE}</intermediateThrowEvent>',
        names=("weigh", "tell"),
    )
    receiver = line(
        f'<intermediateCatchEvent id="wait">{MESSAGE}</intermediateCatchEvent>',
        '<userTask id="load"/>',
        names=("wait", "load"),
    )
    execute = application.executor.execute
    execute(DeployDefinitions(files=(file(sender, "sender"), file(receiver, "receiver"))), actor=SYSTEM)
    waiting = execute(StartInstance(definition_key="receiver", variables={"crate": "K-7"}), actor=SYSTEM)
    execute(StartInstance(definition_key="sender", variables={"crate": "K-7"}), actor=SYSTEM)

    Worker(application.database.engine, application, threads=2).drain()

    with application.units.reading(SYSTEM) as view:
        found = [(each.instance_id, each.element_id) for each in tasks(view, TaskFilter()).items]
    assert found == [(waiting.id, "load")]
