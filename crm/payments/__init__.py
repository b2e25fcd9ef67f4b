"""Money that came: bank statements, payments, and which invoices they settle."""
