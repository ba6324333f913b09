"""Benchmarks: `python -m benchmarks NAME [--json]`; their tables go into docs/ by `make bench`."""
