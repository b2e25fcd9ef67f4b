"""Several documents at fixed versions as one PDF, and the page that says who approved a version."""
