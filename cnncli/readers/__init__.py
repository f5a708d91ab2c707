"""Other people's models to graphs, a file a source. None imports a framework or runs what it reads."""
