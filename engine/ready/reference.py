"""The page docs/reference/operations.md, made from the catalogue."""

from collections.abc import Iterable, Sequence

from engine.ready.declared import Operation, Parameter

_PLACES = {
    "local": "inside the transaction of the step: with the step or not at all",
    "outside": "outside the transaction, by a job: tried again after a failure, always with the same key",
    "worker": "by a worker program",
}
INTRODUCTION = """# Operations

What a service task or a send task can do without a line of Python. The task names the operation in `obieg:handler` and
maps inputs and outputs with `camunda:inputOutput`:

```xml
<bpmn:serviceTask id="confirm" name="Confirm the order" obieg:handler="mail.send">
  <bpmn:extensionElements>
    <camunda:inputOutput>
      <camunda:inputParameter name="to">= customer.email</camunda:inputParameter>
      <camunda:inputParameter name="subject">= "Your order " + order_number</camunda:inputParameter>
      <camunda:inputParameter name="text">Thank you.</camunda:inputParameter>
      <camunda:outputParameter name="confirmation">= message_id</camunda:outputParameter>
    </camunda:inputOutput>
    <camunda:failedJobRetryTimeCycle>R5/PT1M</camunda:failedJobRetryTimeCycle>
  </bpmn:extensionElements>
</bpmn:serviceTask>
```

* An input is FEEL after `=`, else a constant: `5`, `true`, `2026-01-31`, `P3D`, and for a list of texts `one, two`. An
  empty constant means that an optional input is not given.
* An output's value is FEEL over what the operation gives, and names the variable that takes it. Without an output and
  without `camunda:resultVariable` nothing is kept.
* A deployment is refused for an operation that does not exist, a required input that is missing, an input that the
  operation does not have, a value whose type is wrong whatever the variables are, and an output that the operation does
  not give. What only the variables tell is checked when the step runs; a wrong value is an incident before anything
  was done.
* What works **outside** needs no `obieg:deferred`. It has five minutes, `http.call` what its `timeout` says; what takes
  longer counts as failed. It is tried again as `camunda:failedJobRetryTimeCycle` says:
  `R5/PT10S` where it says nothing, which is five tries with pauses that double, each a little longer or shorter by
  chance. After the last try the case has an incident, which a person tries again or skips. It may happen that the work
  is done and the answer is lost with its worker; then it is done again with the same key, by which the other side
  knows it.
* An error that the operation reports goes to the boundary event or event sub-process that catches its code; one that
  nothing catches stops the case with an incident, until a person settles it.
* Editors read the catalogue from `GET /api/v1/operations` (JSON Schema of inputs and outputs) and
  `GET /api/v1/operations/element-templates` (bpmn.io element templates).
"""


def page(operations: Iterable[Operation]) -> str:
    """The whole page."""
    found = list(operations)
    rows = [f"| [`{each.name}`](#{each.name.replace('.', '')}) | {each.title} | {each.place} |" for each in found]
    overview = "\n".join(["| operation | what it does | where |", "|---|---|---|", *rows])
    return "\n".join([INTRODUCTION, overview, "", *(_section(each) for each in found)]).rstrip() + "\n"


def _section(operation: Operation) -> str:
    parts = [f"## {operation.name}", "", f"{operation.description}", "", f"Works {_PLACES[operation.place]}.", ""]
    if operation.inputs:
        parts += [_inputs(operation.inputs), ""]
    if operation.outputs:
        parts += [_outputs(operation.outputs), ""]
    if operation.faults:
        rows = [f"| `{fault.code}` | {fault.description} |" for fault in operation.faults]
        parts += ["| error | when |", "|---|---|", *rows, ""]
    return "\n".join(parts)


def _inputs(parameters: Sequence[Parameter]) -> str:
    rows = [
        f"| `{each.name}`{' (required)' if each.required else ''} | {_type(each)} | {each.description} "
        f"| {f'`{each.example}`' if each.example else ''} |"
        for each in parameters
    ]
    return "\n".join(["| input | type | meaning | example |", "|---|---|---|---|", *rows])


def _outputs(parameters: Sequence[Parameter]) -> str:
    rows = [f"| `{each.name}` | {_type(each)} | {each.description} |" for each in parameters]
    return "\n".join(["| output | type | meaning |", "|---|---|---|", *rows])


def _type(parameter: Parameter) -> str:
    return " or ".join(f"`{choice}`" for choice in parameter.choices) if parameter.choices else f"`{parameter.type}`"
