"""Decision models of DMN 1.1 to 1.5: read, checked and decided."""

from engine.dmn.check import check_file, check_model
from engine.dmn.findings import DmnRefused, Finding
from engine.dmn.model import Decided, Decision, InputData, Model, UnknownDecision
from engine.dmn.reader import imported_namespaces, read_model
from engine.dmn.tables import FiredRule

__all__ = [
    "Decided",
    "Decision",
    "DmnRefused",
    "Finding",
    "FiredRule",
    "InputData",
    "Model",
    "UnknownDecision",
    "check_file",
    "check_model",
    "imported_namespaces",
    "read_model",
]
