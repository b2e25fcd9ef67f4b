"""Customers, products and offers that hang off running cases."""
