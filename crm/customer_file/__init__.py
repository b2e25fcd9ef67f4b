"""The customer file: everything that happened with a customer, in one list by time."""
