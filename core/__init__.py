"""What every layer may use: messages, errors, clock, ids, identity, settings, executor; standard library only."""
