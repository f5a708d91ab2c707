"""Which known network one is, told by its structure: blind to names, and to what converters do."""
