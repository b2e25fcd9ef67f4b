"""Sales documents: invoices and credit notes, what settles them, and orders that come from accepted offers."""
