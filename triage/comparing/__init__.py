"""Snapshots and reports against each other, and against what somebody answers for."""
