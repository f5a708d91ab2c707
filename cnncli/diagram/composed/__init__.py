"""Figures that are composed of several diagrams: a network's anatomy, and several networks side by side."""
