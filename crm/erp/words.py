"""The values that the hand-over to an ERP relies on."""

CUSTOMER, PRODUCT, ORDER = "crm.customer", "crm.product", "crm.order"
PARTS_ORDER = "crm.parts_order"  # of spare parts, for purchasing or production
ENTITIES = (CUSTOMER, PRODUCT, ORDER, PARTS_ORDER)  # what is handed over
NAMES = {CUSTOMER: "customers", PRODUCT: "products", ORDER: "orders", PARTS_ORDER: "parts-orders"}
HELD, WAITING, SENDING, SENT = "held", "waiting", "sending", "sent"
ACKNOWLEDGED, REFUSED, FAILED, CANCELLED = "acknowledged", "refused", "failed", "cancelled"
STATES = (HELD, WAITING, SENDING, SENT, ACKNOWLEDGED, REFUSED, FAILED, CANCELLED)
OPEN = (HELD, WAITING, SENDING, SENT)  # nothing final was said of it
INVOICE, DELIVERY, ACKNOWLEDGEMENT, REFUSAL = "invoice", "delivery", "acknowledgement", "refusal"
CUSTOMER_DATA, PRODUCT_DATA, PRICE, PAYMENT = "customer", "product", "price", "payment"
STOCK, PARTS, COST_RATE = "stock", "parts", "cost_rate"
KINDS = (  # what comes back
    *(INVOICE, DELIVERY, ACKNOWLEDGEMENT, REFUSAL),
    *(CUSTOMER_DATA, PRODUCT_DATA, PRICE, PAYMENT, STOCK, PARTS, COST_RATE),
)
CRM, ERP = "crm", "erp"  # who is master of a field
TAKEN = "taken"
EXCHANGE = "erp.exchange"  # right
