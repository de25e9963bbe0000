"""What do these bytes hold? Pure functions: bytes in, facts out, no I/O, no clock."""
