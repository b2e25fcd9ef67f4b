"""Visits of the firm's web site: those of people who are known become activities, others only numbers."""
