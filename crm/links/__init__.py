"""Typed links between any two records, seen from both ends."""
