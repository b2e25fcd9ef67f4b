"""The fields that templates may ask for, with samples: of customers, contacts, what is sold, cases and documents."""

from documents.templates.shapes import DATE, FLAG, MONEY, NUMBER, OPEN, Field, listing, record

CUSTOMER, CONTACT, OFFER, ORDER = "crm.customer", "crm.contact", "crm.offer", "crm.order"
INVOICE, CASE, DOCUMENT = "crm.invoice", "case", "document"
KINDS = {
    CUSTOMER: "Customer",
    CONTACT: "Contact",
    OFFER: "Offer",
    ORDER: "Order",
    INVOICE: "Invoice",
    CASE: "Case",
    DOCUMENT: "Document",
}
ADDRESS = record(
    "address",
    "Address for letters",
    Field(name="street", title="Street", sample="ul. Łąkowa 5/12"),
    Field(name="postal_code", title="Postal code", sample="30-102"),
    Field(name="city", title="City", sample="Kraków"),
    Field(name="country", title="Country", sample="PL"),
)
CUSTOMER_FIELDS = record(
    "customer",
    "Customer",
    Field(name="number", title="Number", sample="K-00012"),
    Field(name="name", title="Name", sample="Zakłady Mechaniczne Żuraw"),
    Field(name="legal_name", title="Full name", sample="Zakłady Mechaniczne Żuraw sp. z o.o."),
    Field(name="tax_id", title="Tax number", sample="PL 676-000-00-00"),
    Field(name="email", title="E-mail", sample="biuro@zuraw.example"),
    Field(name="phone", title="Phone", sample="+48 12 345 67 89"),
    Field(name="payment_days", title="Days to pay", kind=NUMBER, sample="30"),
    Field(name="key_account", title="Key account", kind=FLAG, sample="yes"),
    Field(name="abc_class", title="Class A, B or C", sample="A"),
    Field(name="language", title="Language: en, pl, ro or ru", sample="pl"),
    ADDRESS,
    listing(
        "contacts",
        "People",
        Field(name="name", title="Name", sample="Łucja Jaworska"),
        Field(name="job_title", title="Job", sample="Purchasing"),
        Field(name="email", title="E-mail", sample="l.jaworska@zuraw.example"),
        Field(name="phone", title="Phone", sample="+48 600 100 200"),
    ),
)
LINES = listing(
    "lines",
    "Lines",
    Field(name="position", title="Position", kind=NUMBER, sample="1"),
    Field(name="sku", title="Product number", sample="PO-25"),
    Field(name="description", title="Description", sample="Pompa obiegowa 25-60"),
    Field(name="quantity", title="Quantity", kind=NUMBER, sample="10"),
    Field(name="unit", title="Unit", sample="szt."),
    Field(name="unit_price", title="Price", kind=MONEY, sample="1000.00"),
    Field(name="discount", title="Discount in %", kind=NUMBER, sample="5"),
    Field(name="vat_rate", title="VAT in %", kind=NUMBER, sample="23"),
    Field(name="net", title="Net", kind=MONEY, sample="9500.00"),
)
OFFER_FIELDS = record(
    "offer",
    "Offer",
    Field(name="number", title="Number", sample="OF/2026/0012"),
    Field(name="version", title="Version", kind=NUMBER, sample="2"),
    Field(name="currency", title="Currency", sample="PLN"),
    Field(name="net", title="Net", kind=MONEY, sample="10000.00"),
    Field(name="vat", title="VAT", kind=MONEY, sample="2300.00"),
    Field(name="gross", title="Gross", kind=MONEY, sample="12300.00"),
    Field(name="owner", title="Who made it", sample="Ewa Kowalska"),
    Field(name="valid_until", title="Valid until", kind=DATE, sample="2026-02-28"),
    Field(name="payment_days", title="Days to pay", kind=NUMBER, sample="14"),
    Field(name="delivery_terms", title="Delivery", sample="DAP Kraków"),
    Field(name="note", title="Note", sample="Delivery in two parts."),
    LINES,
)
CASE_FIELDS = record(
    "case",
    "Case",
    Field(name="key", title="Business key", sample="OF/2026/0012"),
    Field(name="process", title="Process", sample="Offer approval"),
    Field(name="stage", title="Stage", sample="approval"),
    Field(name="state", title="State", sample="running"),
    Field(name="started", title="Begun on", kind=DATE, sample="2026-01-05"),
    Field(name="data", title="Data of the case, by their names: case.data.amount", kind=OPEN),
)
CONTACT_FIELDS = record(
    "contact",
    "Contact",
    Field(name="name", title="Name", sample="Łucja Jaworska"),
    Field(name="job_title", title="Job", sample="Purchasing"),
    Field(name="role", title="Role at the customer", sample="decides"),
    Field(name="email", title="E-mail", sample="l.jaworska@zuraw.example"),
    Field(name="phone", title="Phone", sample="+48 12 345 67 89"),
    Field(name="mobile", title="Mobile phone", sample="+48 600 100 200"),
)
ORDER_FIELDS = record(
    "order",
    "Order",
    Field(name="number", title="Number", sample="ZA/2026/0007"),
    Field(name="state", title="State", sample="confirmed"),
    Field(name="ordered_on", title="Ordered on", kind=DATE, sample="2026-01-05"),
    Field(name="due_on", title="To be delivered on", kind=DATE, sample="2026-01-20"),
    Field(name="delivered_on", title="Delivered on", kind=DATE, sample="2026-01-19"),
    Field(name="currency", title="Currency", sample="PLN"),
    Field(name="freight", title="Freight", kind=MONEY, sample="120.00"),
    Field(name="net", title="Net", kind=MONEY, sample="10000.00"),
    Field(name="gross", title="Gross", kind=MONEY, sample="12300.00"),
    Field(name="delivery_address", title="Where it is delivered", sample="ul. Łąkowa 5, 30-102 Kraków"),
    LINES,
)
INVOICE_FIELDS = record(
    "invoice",
    "Invoice",
    Field(name="number", title="Number", sample="FV/2026/0031"),
    Field(name="state", title="State", sample="open"),
    Field(name="issued_on", title="Issued on", kind=DATE, sample="2026-01-05"),
    Field(name="sold_on", title="Sold on", kind=DATE, sample="2026-01-05"),
    Field(name="due_on", title="To be paid by", kind=DATE, sample="2026-01-19"),
    Field(name="days_late", title="Days late", kind=NUMBER, sample="0"),
    Field(name="currency", title="Currency", sample="PLN"),
    Field(name="net", title="Net", kind=MONEY, sample="10000.00"),
    Field(name="vat", title="VAT", kind=MONEY, sample="2300.00"),
    Field(name="gross", title="Gross", kind=MONEY, sample="12300.00"),
    Field(name="balance", title="Still to be paid", kind=MONEY, sample="12300.00"),
    Field(name="order", title="Number of the order", sample="ZA/2026/0007"),
    LINES,
)
DOCUMENT_FIELDS = record(
    "document",
    "Document",
    Field(name="title", title="Title", sample="Umowa ramowa"),
    Field(name="number", title="Number", sample="UM/2026/0003"),
    Field(name="type", title="Type", sample="contract"),
    Field(name="state", title="State", sample="approved"),
    Field(name="version", title="Version", kind=NUMBER, sample="2"),
    Field(name="filed", title="Filed on", kind=DATE, sample="2026-01-05"),
    Field(name="digest", title="SHA-256 of its content", sample="9f86d081884c7d65…"),
    Field(name="data", title="Fields of its type, by their names: document.data.parties", kind=OPEN),
)
COMMON = (
    record(
        "company",
        "Our firm",
        Field(name="name", title="Name", sample="Wisła Pompy SA"),
        Field(name="tax_id", title="Tax number", sample="PL 676-11-11-111"),
        Field(name="address", title="Address", sample="ul. Nadbrzeżna 1, 31-000 Kraków"),
    ),
    Field(name="author", title="Who writes", sample="Ewa Kowalska"),
    Field(name="today", title="Today", kind=DATE, sample="2026-01-05"),
)
OF_KIND = {
    CUSTOMER: (CUSTOMER_FIELDS, *COMMON),
    CONTACT: (CONTACT_FIELDS, CUSTOMER_FIELDS, *COMMON),
    OFFER: (OFFER_FIELDS, CUSTOMER_FIELDS, *COMMON),
    ORDER: (ORDER_FIELDS, CUSTOMER_FIELDS, *COMMON),
    INVOICE: (INVOICE_FIELDS, CUSTOMER_FIELDS, *COMMON),
    CASE: (CASE_FIELDS, *COMMON),
    DOCUMENT: (DOCUMENT_FIELDS, *COMMON),
}
