"""What each command says, as a document; data.py holds the JSON schema."""
