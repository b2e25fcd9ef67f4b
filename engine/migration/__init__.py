"""Taking running instances to another version of their process: plans, checks, the move itself, and batches."""
