"""The exchange with an ERP over HTTP, and the jobs that do it."""
