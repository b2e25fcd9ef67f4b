"""Jobs that run after the commit, and the clock that looks for what is due."""
