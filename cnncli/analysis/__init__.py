"""What a graph costs and what it looks like to a person: pure functions from a Graph to dataclasses."""
