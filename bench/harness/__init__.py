"""What the benchmarks share: servers, HTTP clients, processes and output."""
