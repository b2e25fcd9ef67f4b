"""What is done with customers and what is planned: calls, meetings, letters, visits."""
