"""Networks held against each other."""
