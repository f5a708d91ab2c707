"""The architectures: one file a paper, each ending in MODELS; `catalogue` finds them by name."""
