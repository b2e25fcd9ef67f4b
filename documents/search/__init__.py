"""One search over documents, cases and records: an index table, a query language, and rights inside the query."""
