"""The hand-over to an ERP and back: each record once, with what the other side said of it."""
