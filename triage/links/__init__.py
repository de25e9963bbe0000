"""What belongs together: ties between artifacts of all kinds, chains, stories."""
