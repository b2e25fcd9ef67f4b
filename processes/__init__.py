"""One package per business process; strangers to one another."""
