"""Ready operations: what a designer uses in service and send tasks without a line of Python."""

from engine.ready.declared import OPERATIONS, Fault, Operation, Operations, Parameter

__all__ = ["OPERATIONS", "Fault", "Operation", "Operations", "Parameter"]
