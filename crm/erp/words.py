"""The values that the hand-over to an ERP relies on."""

CUSTOMER, PRODUCT, ORDER = "crm.customer", "crm.product", "crm.order"
ENTITIES = (CUSTOMER, PRODUCT, ORDER)  # what is handed over
NAMES = {CUSTOMER: "customers", PRODUCT: "products", ORDER: "orders"}
HELD, WAITING, SENDING, SENT = "held", "waiting", "sending", "sent"
ACKNOWLEDGED, REFUSED, FAILED, CANCELLED = "acknowledged", "refused", "failed", "cancelled"
STATES = (HELD, WAITING, SENDING, SENT, ACKNOWLEDGED, REFUSED, FAILED, CANCELLED)
OPEN = (HELD, WAITING, SENDING, SENT)  # nothing final was said of it
INVOICE, DELIVERY, ACKNOWLEDGEMENT, REFUSAL = "invoice", "delivery", "acknowledgement", "refusal"
KINDS = (INVOICE, DELIVERY, ACKNOWLEDGEMENT, REFUSAL)  # what comes back
TAKEN = "taken"
EXCHANGE = "erp.exchange"  # right
