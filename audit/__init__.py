"""The trail: every event, chained by hashes, that nobody can change unseen."""
