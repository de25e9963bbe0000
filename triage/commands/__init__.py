"""What a command line does, as far as it can be read from its text: see :mod:`judge`. Pure."""
