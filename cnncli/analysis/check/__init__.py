"""Budgets and locks: the gate."""
