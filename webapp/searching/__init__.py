"""What search needs to know of cases and records: labels of rights, entries, and which changes concern it."""
