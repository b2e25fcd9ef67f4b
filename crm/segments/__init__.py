"""Segments and groups of customers and of people: by rule or picked by hand."""
