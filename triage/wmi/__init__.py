"""From a parsed WMI repository to artifacts: where it lies, what is notable, what belongs."""
