"""The pieces that the architectures share, each appending its layers to the graph and returning the last node."""
