"""Documents for groups of the firm, and for people outside by a link that ends."""
