"""Mailings: one mail for each member of a segment, sent at the time of a planned activity."""
