"""Our classes on top of SpiffWorkflow; nothing outside sees a SpiffWorkflow type."""
