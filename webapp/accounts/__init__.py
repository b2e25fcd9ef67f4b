"""Who may come in: people and programs with their roles, pass-words, tokens and log-ins."""
