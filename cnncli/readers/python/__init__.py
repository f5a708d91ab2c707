"""A person's own function as a source of a network."""
