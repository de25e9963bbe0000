"""From event log files to artifacts: where logs lie, what an event says, what is notable."""
