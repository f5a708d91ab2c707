"""Search: networks under constraints, in spaces of options, by one process or many."""
