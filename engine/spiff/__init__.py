"""Our classes on top of SpiffWorkflow; nothing outside sees a SpiffWorkflow type."""

import logging

logging.getLogger("spiff").setLevel(logging.WARNING)  # SpiffWorkflow logs every state of every task
