"""Figures from the history of cases: the funnel, how long stages take, and what was done in time."""
