"""Reminders of the days that stand in fields of records: the end of a contract, of a warranty, of an offer."""
