"""The ready operations that ship with the product; importing this puts them into the catalogue."""

from webapp.operations import decisions, messages, workers

__all__ = ["decisions", "messages", "workers"]
