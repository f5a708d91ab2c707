"""Feature maps as solids to scale."""
