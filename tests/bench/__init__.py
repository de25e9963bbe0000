"""Benchmarks, run by hand: ``python -m tests.bench``. No test, and nothing timed in CI."""
