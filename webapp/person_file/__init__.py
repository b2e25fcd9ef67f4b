"""All that is held about one person, for the person: gathered from every context, written as a ZIP."""
