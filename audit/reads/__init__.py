"""How much people read, counted from the log, and what of it is unusual for them."""
