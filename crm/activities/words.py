"""The values of an activity's fields; status, state, direction and priority are fixed by the rules on them."""

DIRECTIONS = ("incoming", "outgoing")
METHODS = (
    "e_mail",
    "phone",
    "post",
    "fax",
    "meeting",
    "sms",
    "personal_contact",
    "showroom_visit",
    "web_visit",
    "enquiry",
    "negotiation",
    "presentation",
)
TYPES = ("sale", "consultation", "complaint", "after_sales", "debt", "other")
PRIORITIES = ("high", "medium", "low")
STATES = ("not_done", "partly_done", "done", "no_consideration")  # what is still to be done about it
STATUSES = ("planned", "held", "cancelled")
OPEN_STATES = ("not_done", "partly_done")
SIDES = ("ours", "customer")
POSTPONEMENTS = ("customer_asked", "no_answer", "illness", "no_free_time", "waiting_for_others", "other")
