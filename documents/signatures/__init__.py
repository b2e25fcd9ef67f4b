"""Seals of the organisation, and what the signatures inside filed PDFs are worth."""
