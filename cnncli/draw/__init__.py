"""How a picture is put on paper: shapes, type, colours, and a file a kind of file."""
