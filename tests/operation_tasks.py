"""Tasks that use ready operations, written in a line."""

from itertools import chain as joined


def calls(operation: str, /, *, outputs: dict[str, str] | None = None, extra: str = "", **inputs: str) -> str:
    """A service task `call` with these inputs, and outputs by variable; `extra` are more extension elements."""
    made = joined(
        (("input", name, text) for name, text in inputs.items()),
        (("output", name, text) for name, text in (outputs or {}).items()),
    )
    inner = "".join(
        f'<camunda:{way}Parameter name="{name}">{text}</camunda:{way}Parameter>' for way, name, text in made
    )
    return (
        f'<serviceTask id="call" name="Call" obieg:handler="{operation}"><extensionElements>{extra}'
        f"<camunda:inputOutput>{inner}</camunda:inputOutput></extensionElements></serviceTask>"
    )
