"""Documents: filing, immutable versions, links, generated papers."""
