"""Price lists: of all, of a group of customers, of one customer; by currency, validity and quantity."""
