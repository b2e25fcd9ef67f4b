"""Planning: rooms and devices that are booked, calendars and their feeds, reminders, kept filters, and rules."""
