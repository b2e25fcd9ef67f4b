"""The call queue: who is to be called next, and who is on the phone with whom."""
