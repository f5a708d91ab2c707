"""From documents to what a person or a program reads, a file a format; and what the terminal can show."""
