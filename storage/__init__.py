"""PostgreSQL, units of work, blob stores, jobs and migrations behind a few plain doors."""
