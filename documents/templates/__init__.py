"""Templates of letters: checked, filled in for one record or for many, and labels for the envelopes."""
