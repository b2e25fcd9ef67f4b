"""HTTP, pages, API, command line and the composition root."""
