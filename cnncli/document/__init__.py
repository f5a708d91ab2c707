"""What a report holds, whatever it is written as."""
