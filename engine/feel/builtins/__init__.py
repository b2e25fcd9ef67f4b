"""All built-in functions of DMN 1.5 and our own additions, by name."""

from engine.feel.builtins import contexts, lists, numbers, ranges, strings, temporals
from engine.feel.builtins.registry import BUILTINS

__all__ = ["BUILTINS", "contexts", "lists", "numbers", "ranges", "strings", "temporals"]
