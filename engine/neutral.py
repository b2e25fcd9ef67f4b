"""What is told of a task to somebody who may not see what its case is about: the process, and a number of the case."""

from engine import catalog
from storage.unit_of_work import Reading

NUMBER = 8  # characters of an id that tell a case from others


def neutral(view: Reading, definition_id: str, instance_id: str) -> tuple[str, str]:
    """Name and business key in place of those that may name a customer."""
    return catalog.definition(view, definition_id).name, instance_id[-NUMBER:]
