"""Benchmarks of log-ins, sessions and the timing of responses about user accounts."""
