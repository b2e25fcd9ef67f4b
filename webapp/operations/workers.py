"""Waiting for a worker: the entry of the catalogue for external tasks, which have a topic and no function here."""

from engine.ready import OPERATIONS, Fault, Operation, Parameter

WORK = OPERATIONS.declare(
    Operation(
        name="external.work",
        title="Wait for an external worker",
        description="Offers the task to programs that fetch its topic over the API, do it, and say how it went. "
        "It is bound by camunda:type and camunda:topic, not by obieg:handler.",
        place="worker",
        inputs=(
            Parameter(
                name="topic",
                type="string",
                title="Topic",
                description="What workers ask for: the attribute camunda:topic.",
                required=True,
                example="invoices.scan",
            ),
        ),
        faults=(Fault(code="any", description="Whatever code the worker reports as a BPMN error."),),
        free_inputs=True,
    )
)
