"""Parallel branches side by side: where a chain is none, and how such a region is laid out."""
