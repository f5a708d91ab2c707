"""What each command says, as tables and data."""
