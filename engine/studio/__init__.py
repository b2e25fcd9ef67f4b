"""The designers' desk: projects of diagrams, forms, decisions and scenarios before they are deployed."""
