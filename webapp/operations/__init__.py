"""The ready operations that ship with the product; importing this puts them into the catalogue."""

from webapp.operations import calling, decisions, mailing, messages, papers, records, sealing, stand_ins, workers

__all__ = ["calling", "decisions", "mailing", "messages", "papers", "records", "sealing", "stand_ins", "workers"]
