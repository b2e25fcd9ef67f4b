"""Records: how long documents are kept and why, legal holds, and their destruction under a certificate."""
