"""Messages as documents: reading them, their attachments, their threads, and mailboxes that they come from."""
