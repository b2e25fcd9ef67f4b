"""Offer approval: matrix, levels, return, approve, reject."""
