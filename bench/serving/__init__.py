"""Benchmarks of the web server and its proxy: rate, slow clients, memory."""
