"""PyTorch's exported programs, .pt2."""
