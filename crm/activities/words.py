"""The values that the rules on activities rely on; those of method, type and reasons are lists that a firm edits."""

DIRECTIONS = ("incoming", "outgoing")
PRIORITIES = ("high", "medium", "low")
STATES = ("not_needed", "not_done", "done", "partly_done")  # what is still to be done about it
STATUSES = ("planned", "held", "cancelled")
OPEN_STATES = ("not_done", "partly_done")
SIDES = ("ours", "customer")
METHOD, TYPE, REASON = "activity_method", "activity_type", "failure_reason"  # keys of the lists
