"""Campaigns: what mailings, visits and other activities are done for."""
