"""Pictures for print: what they are for, and what lets them be read at that size."""
