"""The outbox's way to the outside: channels, the jobs that send, papers, links and pages that need no log-in."""
