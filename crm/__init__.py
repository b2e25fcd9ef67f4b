"""Customers, products, offers and orders: what the processes are about."""
