"""What the indicators ask of an artifact: one file for each matter, pure."""
