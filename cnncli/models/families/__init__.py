"""The architectures: one file a paper, each ending in MODELS."""
