"""What an employee's inbox has beyond the tasks themselves: kept filters, drafts of forms, news while it is open."""
