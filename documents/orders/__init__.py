"""Orders: slow work on documents that a worker does, whose result is looked for."""
