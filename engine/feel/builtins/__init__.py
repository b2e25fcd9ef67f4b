"""All built-in functions of DMN 1.5 and our own additions, by name."""

from engine.feel.builtins import business, contexts, lists, numbers, ranges, strings, temporals
from engine.feel.builtins.registry import BUILTINS

__all__ = ["BUILTINS", "business", "contexts", "lists", "numbers", "ranges", "strings", "temporals"]
