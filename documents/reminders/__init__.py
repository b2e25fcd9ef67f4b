"""Days in the fields of documents, such as the last one to give notice on, of which people are reminded."""
