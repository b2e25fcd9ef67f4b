"""The states of orders."""

STATES = ("open", "partly_delivered", "done", "cancelled")
OPEN_STATES = ("open", "partly_delivered")
