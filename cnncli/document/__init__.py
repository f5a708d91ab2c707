"""What a report holds, whatever it is written as."""

UNLIMITED = 100_000
"""The width of what has none: a pipe, a page that scrolls."""
READABLE = 160
"""Characters that a person takes in side by side, however wide the terminal or unlimited the pipe."""
