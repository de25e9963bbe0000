"""A running Linux kernel asked for what is no file: what several collectors share."""
