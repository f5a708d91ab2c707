"""From analyses to what a person or a program reads: tables, data formats, pictures."""
