"""The command line: each subcommand resolves its arguments, calls, and prints."""
