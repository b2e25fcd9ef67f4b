"""Devices that customers own: serial numbers, warranties, parts, and contracts to serve them."""
